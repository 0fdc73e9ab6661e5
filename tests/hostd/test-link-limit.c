/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/link-limit.h"

static VtMono
at_ms(int64_t milliseconds)
{
    return (VtMono){ .ns = milliseconds * VT_NS_PER_MS };
}

static unsigned
count_taken(VtLinkLimit *limit, unsigned n_frames, int64_t first_ms, int64_t step_ms)
{
    unsigned n_taken = 0;
    for (unsigned i = 0; i < n_frames; i++)
        n_taken += vt_link_limit_take_frame(limit, at_ms(first_ms + i * step_ms));
    return n_taken;
}

static void
test_recovery_passes(void)
{
    VtLinkLimit limit;
    vt_link_limit_init(&limit, at_ms(0));

    g_assert_cmpuint(count_taken(&limit, 40, 0, 1), ==, 40);
    /* Three more before the bucket is full again. */
    g_assert_cmpuint(count_taken(&limit, 40, 200, 1), ==, 40);
    g_assert_cmpuint(count_taken(&limit, 40, 400, 1), ==, 40);
}

static void
test_steady_pace_is_limited(void)
{
    VtLinkLimit limit;
    vt_link_limit_init(&limit, at_ms(0));

    g_assert_cmpuint(count_taken(&limit, 10000, 0, 20), ==, 10000);
    unsigned n_taken = count_taken(&limit, 10000, 200000, 10);
    /* 100 a second for 100 s: the burst and half of the rest. */
    g_assert_cmpuint(n_taken, >=, 5000);
    g_assert_cmpuint(n_taken, <=, 5000 + VT_LINK_LIMIT_BURST_FRAMES);
}

static void
test_clock_that_stands_or_leaps_is_survived(void)
{
    VtLinkLimit limit;
    vt_link_limit_init(&limit, at_ms(0));

    g_assert_cmpuint(count_taken(&limit, 1000, 0, 0), ==, VT_LINK_LIMIT_BURST_FRAMES);
    g_assert_true(vt_link_limit_take_frame(&limit, (VtMono){ .ns = INT64_MAX }));
    g_assert_cmpfloat(limit.n_tokens, <=, VT_LINK_LIMIT_BURST_FRAMES);
}

static void
test_waits_double_up_to_a_minute(void)
{
    VtNs wait_ns = 0;
    VtNs sum_ns = 0;

    for (int i = 0; i < 10; i++) {
        VtNs next_ns = vt_link_limit_next_wait(wait_ns);
        g_assert_cmpint(next_ns, >=, wait_ns);
        wait_ns = next_ns;
        sum_ns += wait_ns;
    }

    g_assert_cmpint(wait_ns, ==, VT_LINK_LIMIT_LAST_WAIT_NS);
    g_assert_cmpint(sum_ns, >, 60 * VT_NS_PER_SEC);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostd/link-limit/recovery-passes", test_recovery_passes);
    g_test_add_func("/hostd/link-limit/steady-pace-is-limited", test_steady_pace_is_limited);
    g_test_add_func("/hostd/link-limit/clock-that-stands-or-leaps-is-survived",
                    test_clock_that_stands_or_leaps_is_survived);
    g_test_add_func("/hostd/link-limit/waits-double-up-to-a-minute",
                    test_waits_double_up_to_a_minute);
    return g_test_run();
}
