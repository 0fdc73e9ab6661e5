/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/clock-watch.h"
#include "os/sleep-meter.h"
#include "tests/os/fake-kernel.h"

static const VtWall wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    VtClock *clock;
    VtClockWatch *watch;
    unsigned n_sets;
    VtNs moved_ns; /* by the last */
} Fixture;

static void
on_set(VtNs moved_ns, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_sets += 1;
    fixture->moved_ns = moved_ns;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    VtClockSetPlaces places = { .kernel = &fake_kernel_set_watch,
                                .instance = &fixture->kernel };
    (void)data;
    fake_kernel_init(&fixture->kernel, wall);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->watch = vt_clock_watch_new(&places, fixture->clock, on_set, fixture, NULL);
    g_assert_nonnull(fixture->watch);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_clock_watch_free(fixture->watch);
    vt_clock_free(fixture->clock);
}

static void
turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
test_set_is_told_with_its_amount(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_pass(&fixture->kernel, VT_NS_PER_SEC / 2);
    fake_kernel_set_by_other(&fixture->kernel, -3 * VT_NS_PER_SEC);
    turn();

    g_assert_cmpuint(fixture->n_sets, ==, 1);
    g_assert_cmpint(fixture->moved_ns, ==, -3 * VT_NS_PER_SEC);
}

static void
test_each_set_is_told_by_itself(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_set_by_other(&fixture->kernel, VT_NS_PER_SEC);
    turn();
    fake_kernel_set_by_other(&fixture->kernel, 2 * VT_NS_PER_SEC);
    turn();

    g_assert_cmpuint(fixture->n_sets, ==, 2);
    g_assert_cmpint(fixture->moved_ns, ==, 2 * VT_NS_PER_SEC);
}

static void
test_own_step_is_left_out_of_the_amount(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_true(vt_clock_step(fixture->clock, 30 * VT_NS_PER_SEC, NULL));
    fake_kernel_set_by_other(&fixture->kernel, VT_NS_PER_SEC);
    turn();

    g_assert_cmpuint(fixture->n_sets, ==, 1);
    g_assert_cmpint(fixture->moved_ns, ==, VT_NS_PER_SEC);
}

static void
test_sleep_is_left_out_of_the_amount(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_sleep(&fixture->kernel, 60 * VT_NS_PER_SEC);
    turn();
    g_assert_cmpuint(fixture->n_sets, ==, 1);
    g_assert_cmpint(fixture->moved_ns, ==, 0);

    fake_kernel_sleep(&fixture->kernel, 60 * VT_NS_PER_SEC);
    fake_kernel_set_by_other(&fixture->kernel, 5 * VT_NS_PER_SEC);
    turn();
    g_assert_cmpint(fixture->moved_ns, ==, 5 * VT_NS_PER_SEC);
}

static void
test_rate_is_no_amount(Fixture *fixture, gconstpointer data)
{
    double taken_ppb;
    (void)data;
    g_assert_true(vt_clock_set_rate(fixture->clock, 400000, &taken_ppb, NULL));
    fake_kernel_pass(&fixture->kernel, 3 * VT_NS_PER_SEC);
    fake_kernel_set_by_other(&fixture->kernel, 1000);
    turn();

    g_assert_cmpuint(fixture->n_sets, ==, 1);
    g_assert_cmpint(fixture->moved_ns, ==, 0);
}

static void
test_meter_counts_each_sleep_once(void)
{
    FakeKernel kernel;
    VtSleepMeter meter;
    fake_kernel_init(&kernel, wall);
    g_autoptr(VtClock) clock = vt_clock_new(&fake_kernel, &kernel);
    vt_sleep_meter_init(&meter, clock);

    g_assert_cmpint(vt_sleep_meter_take(&meter, clock), ==, 0);
    fake_kernel_sleep(&kernel, 60 * VT_NS_PER_SEC);
    g_assert_cmpint(vt_sleep_meter_take(&meter, clock), ==, 60 * VT_NS_PER_SEC);
    g_assert_cmpint(vt_sleep_meter_take(&meter, clock), ==, 0);
}

#define add(path, function) \
    g_test_add("/os/clock-watch/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("set-is-told-with-its-amount", test_set_is_told_with_its_amount);
    add("each-set-is-told-by-itself", test_each_set_is_told_by_itself);
    add("own-step-is-left-out-of-the-amount", test_own_step_is_left_out_of_the_amount);
    add("sleep-is-left-out-of-the-amount", test_sleep_is_left_out_of_the_amount);
    add("rate-is-no-amount", test_rate_is_no_amount);
    g_test_add_func("/os/sleep-meter/counts-each-sleep-once",
                    test_meter_counts_each_sleep_once);
    return g_test_run();
}
