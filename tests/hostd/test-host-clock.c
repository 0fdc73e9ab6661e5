/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/host-clock.h"

static const VtWall now = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };

static void
test_kernel_bound_decides(void)
{
    VtClockState good = { .max_error_ns = 3 * VT_NS_PER_MS, .is_unsynchronised = true };
    VtClockState bad = { .max_error_ns = VT_CLOCK_UNKNOWN_ERROR_NS };

    VtHostClock host = vt_host_clock_judge(VT_HOST_CLOCK_AUTO, &good, now);
    g_assert_true(host.is_synchronised);
    g_assert_cmpint(vt_host_clock_get_error(&host), ==, 3 * VT_NS_PER_MS);

    host = vt_host_clock_judge(VT_HOST_CLOCK_AUTO, &bad, now);
    g_assert_false(host.is_synchronised);
    g_assert_cmpint(host.leap, ==, VT_NTP_LEAP_UNSYNCHRONISED);
    g_assert_cmpint(vt_host_clock_get_error(&host), ==, VT_CLOCK_UNKNOWN_ERROR_NS);
}

static void
test_operator_overrules_the_kernel(void)
{
    VtClockState good = { .max_error_ns = 1 };
    VtClockState bad = { .max_error_ns = VT_CLOCK_UNKNOWN_ERROR_NS };

    VtHostClock vouched = vt_host_clock_judge(VT_HOST_CLOCK_TRUSTED, &bad, now);
    VtHostClock doubted = vt_host_clock_judge(VT_HOST_CLOCK_UNSYNCHRONISED, &good, now);

    g_assert_true(vouched.is_synchronised);
    g_assert_cmpint(vt_host_clock_get_error(&vouched), ==, 0);
    g_assert_false(doubted.is_synchronised);
}

static void
test_leap_is_passed_on(void)
{
    VtClockState insert = { .leap_insert = true };
    VtClockState delete = { .leap_delete = true };
    VtClockState inside = { .leap_insert = true, .in_leap_second = true };

    g_assert_cmpint(vt_host_clock_judge(VT_HOST_CLOCK_AUTO, &insert, now).leap, ==,
                    VT_NTP_LEAP_INSERT);
    g_assert_cmpint(vt_host_clock_judge(VT_HOST_CLOCK_AUTO, &delete, now).leap, ==,
                    VT_NTP_LEAP_DELETE);
    g_assert_cmpint(vt_host_clock_judge(VT_HOST_CLOCK_AUTO, &inside, now).leap, ==,
                    VT_NTP_LEAP_UNSYNCHRONISED);
}

static void
test_unreadable_clock_is_not_believed(void)
{
    g_assert_false(vt_host_clock_judge(VT_HOST_CLOCK_AUTO, NULL, now).is_synchronised);
    g_assert_true(vt_host_clock_judge(VT_HOST_CLOCK_TRUSTED, NULL, now).is_synchronised);
}

static void
test_dispersion_grows_with_age(void)
{
    VtClockState state = { .max_error_ns = VT_NS_PER_MS };
    VtHostClock fresh = vt_host_clock_judge(VT_HOST_CLOCK_AUTO, &state, now);

    VtHostClock aged = vt_host_clock_age(&fresh, 2 * VT_NS_PER_SEC);

    /* 15 ppm of two seconds. */
    g_assert_cmpint(aged.root_dispersion_ns, ==, VT_NS_PER_MS + 30 * VT_NS_PER_US);
    g_assert_true(aged.is_synchronised);
}

static void
test_old_news_are_no_news(void)
{
    VtClockState state = { .max_error_ns = VT_NS_PER_MS };
    VtHostClock fresh = vt_host_clock_judge(VT_HOST_CLOCK_AUTO, &state, now);

    VtHostClock stale = vt_host_clock_age(&fresh, 3600 * VT_NS_PER_SEC);

    g_assert_false(stale.is_synchronised);
    g_assert_cmpint(stale.leap, ==, VT_NTP_LEAP_UNSYNCHRONISED);
    g_assert_cmpint(stale.stratum, ==, 0);
}

static void
test_chronyd_is_passed_on(void)
{
    VtChronyTracking tracking = {
        .reference_id = 0x0a000001,
        .stratum = 3,
        .leap = VT_NTP_LEAP_INSERT,
        .reference_at = vt_wall_add(now, -VT_NS_PER_SEC),
        .correction_ns = -2 * VT_NS_PER_MS,
        .root_delay_ns = 3 * VT_NS_PER_MS,
        .root_dispersion_ns = VT_NS_PER_MS,
    };

    VtHostClock host = vt_host_clock_from_chrony(&tracking, now);

    g_assert_true(host.is_synchronised);
    g_assert_cmpint(host.leap, ==, VT_NTP_LEAP_INSERT);
    g_assert_cmpint(host.stratum, ==, 3);
    g_assert_cmphex(host.reference_id, ==, 0x0a000001);
    g_assert_cmpint(host.reference_at.ns, ==, tracking.reference_at.ns);
    g_assert_cmpint(host.root_delay_ns, ==, 3 * VT_NS_PER_MS);
    /* What is still being slewed is an error until it is. */
    g_assert_cmpint(host.root_dispersion_ns, ==, 3 * VT_NS_PER_MS);

    tracking.leap = VT_NTP_LEAP_UNSYNCHRONISED;
    g_assert_false(vt_host_clock_from_chrony(&tracking, now).is_synchronised);
    tracking = (VtChronyTracking){ .stratum = 16 };
    g_assert_false(vt_host_clock_from_chrony(&tracking, now).is_synchronised);
}

static void
test_island_is_good_by_definition(void)
{
    VtClockState state = { .max_error_ns = VT_NS_PER_MS };
    VtHostClock good = vt_host_clock_judge(VT_HOST_CLOCK_AUTO, &state, now);
    VtHostClock bad = vt_host_clock_judge(VT_HOST_CLOCK_UNSYNCHRONISED, NULL, now);

    VtHostClock island = vt_host_clock_or_island(&bad, 9, now);

    g_assert_true(island.is_synchronised);
    g_assert_cmpint(island.stratum, ==, 9);
    g_assert_cmpint(island.leap, ==, VT_NTP_LEAP_NONE);
    g_assert_cmpint(vt_host_clock_or_island(&good, 9, now).stratum, ==, good.stratum);
    g_assert_false(vt_host_clock_or_island(&bad, 0, now).is_synchronised);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostd/host-clock/kernel-bound-decides", test_kernel_bound_decides);
    g_test_add_func("/hostd/host-clock/operator-overrules-the-kernel",
                    test_operator_overrules_the_kernel);
    g_test_add_func("/hostd/host-clock/leap-is-passed-on", test_leap_is_passed_on);
    g_test_add_func("/hostd/host-clock/unreadable-clock-is-not-believed",
                    test_unreadable_clock_is_not_believed);
    g_test_add_func("/hostd/host-clock/dispersion-grows-with-age",
                    test_dispersion_grows_with_age);
    g_test_add_func("/hostd/host-clock/old-news-are-no-news", test_old_news_are_no_news);
    g_test_add_func("/hostd/host-clock/chronyd-is-passed-on", test_chronyd_is_passed_on);
    g_test_add_func("/hostd/host-clock/island-is-good-by-definition",
                    test_island_is_good_by_definition);
    return g_test_run();
}
