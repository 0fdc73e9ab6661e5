/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

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

/* Where the delay tells nothing, what the samples scatter by is found out. */
static void
test_learns_noise_floor(void)
{
    static const double sigmas_ns[] = { 20, 100, 5000 };
    for (size_t i = 0; i < G_N_ELEMENTS(sigmas_ns); i++) {
        VtDelay delay = { 0 };
        VtSample sample = make_sample(VT_NS_PER_US);
        for (int j = 0; j < 2000; j++) {
            double noise = 0;
            for (int k = 0; k < 12; k++)
                noise += g_test_rand_double() - 0.5;
            sample.raw_at.ns += VT_NS_PER_SEC;
            sample.raw_offset_ns = vt_ns_from_double(noise * sigmas_ns[i]) + j * 30000;
            vt_delay_learn(&delay, &sample);
        }

        g_assert_cmpfloat_with_epsilon(vt_delay_judge(&delay, &sample).sigma_ns, sigmas_ns[i],
                                       sigmas_ns[i] / 4);
    }
}

static void
test_break_keeps_jump_out_of_noise(void)
{
    VtDelay delay = { 0 };
    VtSample sample = make_sample(VT_NS_PER_US);
    for (int i = 0; i < 100; i++) {
        sample.raw_at.ns += VT_NS_PER_SEC;
        vt_delay_learn(&delay, &sample);
    }
    double before_ns = vt_delay_judge(&delay, &sample).sigma_ns;

    vt_delay_break(&delay);
    for (int i = 0; i < 3; i++) {
        sample.raw_at.ns += VT_NS_PER_SEC;
        sample.raw_offset_ns = VT_NS_PER_SEC;
        vt_delay_learn(&delay, &sample);
    }

    g_assert_cmpfloat(vt_delay_judge(&delay, &sample).sigma_ns, <=, before_ns);
}

static VtNs
draw_excess(GRand *random)
{
    static const double mean_ns = 20e3;
    return vt_ns_from_double(-mean_ns * log(1 - g_rand_double(random)));
}

/*
 * Two exponential queues beside a way of 120 us: how often, of many paths, a sample with the least
 * of @n_samples delays may be off by more than is said of it.
 */
static double
get_overrated_share(int n_samples)
{
    enum {
        N_PATHS = 10000
    };
    int n_overrated = 0;
    GRand *random = g_rand_new_with_seed(1);
    for (int i = 0; i < N_PATHS; i++) {
        VtDelay delay = { 0 };
        for (int j = 0; j < n_samples; j++) {
            VtSample sample = make_sample(120000 + draw_excess(random) + draw_excess(random));
            vt_delay_learn(&delay, &sample);
        }
        VtSample best = make_sample(vt_delay_get_least(&delay));
        VtNs most_ns = (best.delay_ns - 120000) / 2;
        n_overrated += most_ns > vt_delay_judge(&delay, &best).half_width_ns;
    }
    g_rand_free(random);
    return (double)n_overrated / N_PATHS;
}

static void
test_best_sample_is_seldom_overrated(void)
{
    static const int counts[] = { 4, 8, 16, 20, 32, 64, 200 };
    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++)
        g_assert_cmpfloat(get_overrated_share(counts[i]), <=, 1.0 / 500);
}

/* As after a start on a host that had no processor for the guest. */
static void
test_usual_delay_of_before_is_forgotten(void)
{
    VtDelay delay = { 0 };
    GRand *random = g_rand_new_with_seed(1);
    for (int i = 0; i < 100; i++) {
        VtSample sample = make_sample(120000 + 5000 * draw_excess(random));
        vt_delay_learn(&delay, &sample);
    }
    VtSample quick = make_sample(120000);
    for (int i = 0; i < 30; i++) {
        quick = make_sample(120000 + draw_excess(random) + draw_excess(random));
        vt_delay_learn(&delay, &quick);
    }
    g_rand_free(random);

    g_assert_cmpfloat(vt_delay_judge(&delay, &quick).sigma_ns, <=, 100e3);
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
    g_test_add_func("/core/delay/learns-noise-floor", test_learns_noise_floor);
    g_test_add_func("/core/delay/break-keeps-jump-out-of-noise",
                    test_break_keeps_jump_out_of_noise);
    g_test_add_func("/core/delay/best-sample-is-seldom-overrated",
                    test_best_sample_is_seldom_overrated);
    g_test_add_func("/core/delay/usual-delay-of-before-is-forgotten",
                    test_usual_delay_of_before_is_forgotten);
    return g_test_run();
}
