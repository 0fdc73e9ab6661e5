/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/delay.h"

static VtSample
make_sample(VtNs delay_ns)
{
    return (VtSample){ .delay_ns = delay_ns, .error_ns = delay_ns / 2 };
}

static void
learn_many(VtDelay *delay, VtNs delay_ns, int n_samples)
{
    for (int i = 0; i < n_samples; i++) {
        VtSample sample = make_sample(delay_ns + i % 8 * VT_NS_PER_US);
        vt_delay_learn(delay, &sample);
    }
}

static void
test_least_is_unknown_at_first(void)
{
    VtDelay delay = { 0 };
    g_assert_cmpint(vt_delay_get_least(&delay), ==, 0);

    learn_many(&delay, 100 * VT_NS_PER_US, 8);

    g_assert_cmpint(vt_delay_get_least(&delay), ==, 100 * VT_NS_PER_US);
}

static void
test_excess_is_the_doubt(void)
{
    VtDelay delay = { 0 };
    learn_many(&delay, 100 * VT_NS_PER_US, 100);
    VtSample slow = make_sample(10100 * VT_NS_PER_US);
    VtSample fast = make_sample(100 * VT_NS_PER_US);

    VtDoubt of_slow = vt_delay_judge(&delay, &slow);
    VtDoubt of_fast = vt_delay_judge(&delay, &fast);

    /* Half of the excess at most, uniform: sigma is that over sqrt(3). */
    g_assert_cmpint(of_slow.half_width_ns, >=, 5 * VT_NS_PER_MS);
    g_assert_cmpint(of_slow.half_width_ns, <=, 5 * VT_NS_PER_MS + 10 * VT_NS_PER_US);
    g_assert_cmpfloat_with_epsilon(of_slow.sigma_ns, 5e6 / 1.7320508, 1e4);
    g_assert_cmpfloat(of_fast.sigma_ns, <, 1e3);
}

static void
test_first_sample_is_not_overrated(void)
{
    VtDelay delay = { 0 };
    VtSample first = make_sample(200 * VT_NS_PER_US);

    vt_delay_learn(&delay, &first);

    g_assert_cmpfloat(vt_delay_judge(&delay, &first).sigma_ns, >=, 5e3);
}

static void
test_longer_path_is_believed_in_time(void)
{
    VtDelay delay = { 0 };
    learn_many(&delay, 100 * VT_NS_PER_US, 300);

    learn_many(&delay, 300 * VT_NS_PER_US, 100);
    g_assert_cmpint(vt_delay_get_least(&delay), ==, 100 * VT_NS_PER_US);
    learn_many(&delay, 300 * VT_NS_PER_US, 512);

    g_assert_cmpint(vt_delay_get_least(&delay), ==, 300 * VT_NS_PER_US);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/delay/least-is-unknown-at-first", test_least_is_unknown_at_first);
    g_test_add_func("/core/delay/excess-is-the-doubt", test_excess_is_the_doubt);
    g_test_add_func("/core/delay/first-sample-is-not-overrated",
                    test_first_sample_is_not_overrated);
    g_test_add_func("/core/delay/longer-path-is-believed-in-time",
                    test_longer_path_is_believed_in_time);
    return g_test_run();
}
