/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-view.h"
#include "tests/os/fake-kernel.h"

#define NOW_NS  (INT64_C(1700000000) * VT_NS_PER_SEC)
#define READ_NS 40 /* what reading the clock takes: 2^-24 s is 60 ns */

typedef struct {
    FakeKernel kernel;
    VtClock *clock;
    VtNtpView *view;
} Fixture;

static const VtHostClock good = {
    .is_synchronised = true,
    .stratum = 2,
    .root_dispersion_ns = VT_NS_PER_MS,
};

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fake_kernel_init(&fixture->kernel, (VtWall){ .ns = NOW_NS });
    fixture->kernel.read_cost_ns = READ_NS;
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->view = vt_ntp_view_new(fixture->clock);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_ntp_view_free(fixture->view);
    vt_clock_free(fixture->clock);
}

static void
test_nothing_told_is_unsynchronised(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_assert_cmpint(vt_ntp_view_look(fixture->view).host.leap, ==, VT_NTP_LEAP_UNSYNCHRONISED);
}

static void
test_precision_is_measured(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_ntp_view_post(fixture->view, &good);

    g_assert_cmpint(vt_ntp_view_look(fixture->view).host.precision_log2_sec, ==, -24);
}

static void
test_newest_snapshot_counts_and_ages(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtHostClock newer = good;
    newer.stratum = 5;
    vt_ntp_view_post(fixture->view, &good);
    vt_ntp_view_post(fixture->view, &newer);
    VtNtpSight first = vt_ntp_view_look(fixture->view);
    g_assert_cmpint(first.host.stratum, ==, 5);

    fake_kernel_pass(&fixture->kernel, 2 * VT_NS_PER_SEC);
    VtNtpSight second = vt_ntp_view_look(fixture->view);
    g_assert_cmpint(second.host.root_dispersion_ns, >, first.host.root_dispersion_ns);

    fake_kernel_pass(&fixture->kernel, 4 * VT_NS_PER_SEC);
    g_assert_false(vt_ntp_view_look(fixture->view).host.is_synchronised);
}

static void
test_set_clock_is_seen_before_anybody_tells(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_ntp_view_post(fixture->view, &good);
    g_assert_true(vt_ntp_view_look(fixture->view).host.is_synchronised);

    fake_kernel_set_by_other(&fixture->kernel, 5 * VT_NS_PER_MS);

    VtNtpSight sight = vt_ntp_view_look(fixture->view);
    g_assert_true(sight.was_set);
    g_assert_false(sight.host.is_synchronised);
    sight = vt_ntp_view_look(fixture->view);
    g_assert_false(sight.was_set);
    g_assert_false(sight.host.is_synchronised);

    /* Judged after the set: that is the new clock. */
    vt_ntp_view_post(fixture->view, &good);
    g_assert_true(vt_ntp_view_look(fixture->view).host.is_synchronised);
}

static void
test_passing_time_is_no_set(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    for (int i = 0; i < 100; i++) {
        vt_ntp_view_post(fixture->view, &good);
        fake_kernel_pass(&fixture->kernel, VT_NS_PER_SEC);
        VtNtpSight sight = vt_ntp_view_look(fixture->view);
        g_assert_false(sight.was_set);
        g_assert_true(sight.host.is_synchronised);
    }
}

#define add(path, function) \
    g_test_add("/hostd/ntp-view/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("nothing-told-is-unsynchronised", test_nothing_told_is_unsynchronised);
    add("precision-is-measured", test_precision_is_measured);
    add("newest-snapshot-counts-and-ages", test_newest_snapshot_counts_and_ages);
    add("set-clock-is-seen-before-anybody-tells", test_set_clock_is_seen_before_anybody_tells);
    add("passing-time-is-no-set", test_passing_time_is_no_set);
    return g_test_run();
}
