/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "os/clock.h"
#include "tests/os/fake-kernel.h"

typedef struct {
    FakeKernel kernel;
    VtClock *clock;
} Fixture;

static const VtWall then = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_init(&fixture->kernel, then);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_clock_free(fixture->clock);
}

static void
test_steps_by_the_exact_offset(Fixture *fixture, gconstpointer data)
{
    static const VtNs offsets_ns[] = { 1, -1, 3204000001, -300 * VT_NS_PER_MS, -5000000001 };
    (void)data;

    for (size_t i = 0; i < G_N_ELEMENTS(offsets_ns); i++) {
        VtWall before = fixture->kernel.wall;
        g_autoptr(GError) error = NULL;
        g_assert_true(vt_clock_step(fixture->clock, offsets_ns[i], &error));
        g_assert_no_error(error);
        g_assert_cmpint(vt_wall_diff(fixture->kernel.wall, before), ==, offsets_ns[i]);
    }
}

static void
test_step_leaves_the_clock_unsynchronised(Fixture *fixture, gconstpointer data)
{
    VtClockState state;
    (void)data;
    g_assert_true(vt_clock_publish(fixture->clock, true, 1000, NULL));

    g_assert_true(vt_clock_step(fixture->clock, VT_NS_PER_SEC, NULL));

    g_assert_true(vt_clock_get_state(fixture->clock, &state, NULL));
    g_assert_true(state.is_unsynchronised);
    g_assert_cmpint(state.max_error_ns, ==, VT_CLOCK_UNKNOWN_ERROR_NS);
}

static void
test_slew_ends_by_itself(Fixture *fixture, gconstpointer data)
{
    VtClockState state;
    (void)data;
    g_assert_true(vt_clock_slew(fixture->clock, 700 * VT_NS_PER_US, NULL));
    g_assert_true(vt_clock_get_state(fixture->clock, &state, NULL));
    g_assert_cmpint(state.slew_remaining_ns, ==, 700 * VT_NS_PER_US);

    fake_kernel_pass(&fixture->kernel, 5 * VT_NS_PER_SEC);

    VtNs moved_ns = vt_ns_sub(vt_wall_diff(fixture->kernel.wall, then), 5 * VT_NS_PER_SEC);
    g_assert_cmpint(moved_ns, ==, 700 * VT_NS_PER_US);
    g_assert_true(vt_clock_get_state(fixture->clock, &state, NULL));
    g_assert_cmpint(state.slew_remaining_ns, ==, 0);
}

static void
test_foreign_rate_is_noticed(Fixture *fixture, gconstpointer data)
{
    double taken_ppb;
    (void)data;
    fixture->kernel.frequency_scaled = 65536;
    g_assert_false(vt_clock_is_rate_foreign(fixture->clock));
    g_assert_true(vt_clock_set_rate(fixture->clock, 12345, &taken_ppb, NULL));
    g_assert_false(vt_clock_is_rate_foreign(fixture->clock));

    fixture->kernel.frequency_scaled += 1;
    g_assert_true(vt_clock_is_rate_foreign(fixture->clock));
    fixture->kernel.frequency_scaled -= 1;
    fixture->kernel.tick_us = 10001;
    g_assert_true(vt_clock_is_rate_foreign(fixture->clock));
}

static void
test_slew_beyond_the_limit_is_refused(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    (void)data;

    g_assert_false(vt_clock_slew(fixture->clock, -VT_CLOCK_MAX_SLEW_NS - 1, &error));

    g_assert_error(error, VT_ERROR, VT_ERROR_INVALID);
    g_assert_cmpuint(fixture->kernel.n_slews, ==, 0);
}

static void
test_rate_goes_through_frequency_then_tick(Fixture *fixture, gconstpointer data)
{
    static const struct {
        double rate_ppb;
        long tick_us;
    } rows[] = {
        { 0, 10000 },      { 12345, 10000 },  { -500000, 10000 },
        { 500001, 10005 }, { -734567, 9993 }, { 20000000, 10200 },
    };
    /* One unit of scaled ppm is 0.015 ppb, rounding costs half of it. */
    const double resolution_ppb = 0.008;
    (void)data;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        double taken_ppb;
        VtClockState state;
        g_assert_true(vt_clock_set_rate(fixture->clock, rows[i].rate_ppb, &taken_ppb, NULL));
        g_assert_cmpfloat_with_epsilon(taken_ppb, rows[i].rate_ppb, resolution_ppb);
        g_assert_cmpint(fixture->kernel.tick_us, ==, rows[i].tick_us);
        g_assert_true(vt_clock_get_state(fixture->clock, &state, NULL));
        g_assert_cmpfloat_with_epsilon(state.rate_ppb, rows[i].rate_ppb, resolution_ppb);
    }
}

static void
test_impossible_rate_is_refused(Fixture *fixture, gconstpointer data)
{
    double taken_ppb = 5;
    g_autoptr(GError) error = NULL;
    (void)data;

    g_assert_false(vt_clock_set_rate(fixture->clock, 1e9, &taken_ppb, &error));

    g_assert_error(error, VT_ERROR, VT_ERROR_INVALID);
    g_assert_cmpint(fixture->kernel.tick_us, ==, 10000);
}

static void
test_publishes_bound_rounded_up(Fixture *fixture, gconstpointer data)
{
    (void)data;

    g_assert_true(vt_clock_publish(fixture->clock, true, 12001, NULL));

    g_assert_cmpint(fixture->kernel.maxerror_us, ==, 13);
    g_assert_cmpint(fixture->kernel.status & STA_UNSYNC, ==, 0);
}

static void
test_unsynchronised_means_sixteen_seconds(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_true(vt_clock_publish(fixture->clock, true, 1000, NULL));

    g_assert_true(vt_clock_publish(fixture->clock, false, 1000, NULL));

    g_assert_cmpint(fixture->kernel.maxerror_us, ==, 16000000);
    g_assert_cmpint(fixture->kernel.status & STA_UNSYNC, !=, 0);
}

static void
test_publishing_keeps_an_armed_leap(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->kernel.status = STA_INS | STA_NANO | STA_PLL;

    g_assert_true(vt_clock_take_over(fixture->clock, NULL));
    g_assert_true(vt_clock_publish(fixture->clock, true, 1000, NULL));

    g_assert_cmpint(fixture->kernel.status, ==, STA_INS | STA_NANO);
}

static void
test_leap_is_armed_and_disarmed(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->kernel.status = STA_NANO | STA_UNSYNC;

    g_assert_true(vt_clock_arm_leap(fixture->clock, 1, NULL));
    g_assert_cmpint(fixture->kernel.status, ==, STA_NANO | STA_UNSYNC | STA_INS);
    g_assert_true(vt_clock_arm_leap(fixture->clock, -1, NULL));
    g_assert_cmpint(fixture->kernel.status, ==, STA_NANO | STA_UNSYNC | STA_DEL);
    g_assert_true(vt_clock_arm_leap(fixture->clock, 0, NULL));
    g_assert_cmpint(fixture->kernel.status, ==, STA_NANO | STA_UNSYNC);
}

static void
test_kernel_is_told_of_tai(Fixture *fixture, gconstpointer data)
{
    (void)data;
    VtClockState state;
    fixture->kernel.status = STA_NANO | STA_INS;

    g_assert_true(vt_clock_set_tai_offset(fixture->clock, 37, NULL));

    g_assert_true(vt_clock_get_state(fixture->clock, &state, NULL));
    g_assert_cmpint(state.tai_offset_sec, ==, 37);
    g_assert_true(state.leap_insert);
    fixture->kernel.may_set = false;
    g_autoptr(GError) error = NULL;
    g_assert_false(vt_clock_set_tai_offset(fixture->clock, 38, &error));
    g_assert_error(error, VT_ERROR, VT_ERROR_DENIED);
}

static void
test_leap_comes_after_a_step(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->kernel.status |= STA_INS;
    g_assert_true(fake_kernel_look_for_leap(&fixture->kernel));

    g_assert_true(vt_clock_step(fixture->clock, 5 * VT_NS_PER_SEC, NULL));

    g_assert_true(fake_kernel_look_for_leap(&fixture->kernel));
    g_assert_cmpint(fixture->kernel.leap_state, ==, TIME_INS);
    g_assert_cmpint(fixture->kernel.status & STA_PLL, ==, 0);
}

static void
test_leap_of_another_day_is_dropped(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->kernel.status |= STA_DEL;
    g_assert_true(fake_kernel_look_for_leap(&fixture->kernel));

    g_assert_true(vt_clock_step(fixture->clock, INT64_C(86400) * VT_NS_PER_SEC, NULL));

    g_assert_false(fake_kernel_look_for_leap(&fixture->kernel));
    g_assert_cmpint(fixture->kernel.status & STA_DEL, ==, 0);
}

static void
test_missing_permission_is_told(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    (void)data;
    fixture->kernel.may_set = false;

    g_assert_false(vt_clock_take_over(fixture->clock, &error));

    g_assert_error(error, VT_ERROR, VT_ERROR_DENIED);
    g_assert_cmpstr(error->message, ==, "cannot take over the clock: Operation not permitted");
}

static void
test_reads_both_scales_of_one_instant(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->kernel.read_cost_ns = 100;
    VtNs wall_minus_raw_ns = fixture->kernel.wall.ns - fixture->kernel.raw.ns;

    VtInstant at = vt_clock_read(fixture->clock);

    g_assert_cmpint(at.wall.ns - at.raw.ns, ==, wall_minus_raw_ns);
}

static void
test_good_reading_is_not_repeated(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->kernel.read_cost_ns = 100;
    VtInstant first = vt_clock_read(fixture->clock);
    VtMono before = fixture->kernel.raw;
    (void)first;

    (void)vt_clock_read(fixture->clock);

    /* Three clocks once each, not three times. */
    g_assert_cmpint(vt_mono_diff(fixture->kernel.raw, before), ==, 300);
}

static void
test_asking_for_permission_changes_nothing(Fixture *fixture, gconstpointer data)
{
    static const int statuses[] = { STA_PLL, STA_PLL | STA_NANO, STA_UNSYNC | STA_INS };
    (void)data;

    for (size_t i = 0; i < G_N_ELEMENTS(statuses); i++) {
        fixture->kernel.status = statuses[i];
        g_assert_true(vt_clock_may_set(fixture->clock, NULL));
        g_assert_cmpint(fixture->kernel.status, ==, statuses[i]);
    }
    g_assert_cmpuint(fixture->kernel.n_settings, ==, 0);

    fixture->kernel.may_set = false;
    g_autoptr(GError) error = NULL;
    g_assert_false(vt_clock_may_set(fixture->clock, &error));
    g_assert_error(error, VT_ERROR, VT_ERROR_DENIED);
}

static void
test_rate_of_a_clock_handed_over_is_not_foreign(Fixture *fixture, gconstpointer data)
{
    double taken_ppb;
    (void)data;
    g_assert_true(vt_clock_set_rate(fixture->clock, 1000, &taken_ppb, NULL));
    fixture->kernel.frequency_scaled += 1;
    g_assert_true(vt_clock_is_rate_foreign(fixture->clock));

    vt_clock_hand_over(fixture->clock);

    g_assert_false(vt_clock_is_rate_foreign(fixture->clock));
}

static void
test_system_clock_can_be_read_without_privilege(void)
{
    g_autoptr(VtClock) clock = vt_clock_new_system();
    VtClockState state;
    g_autoptr(GError) error = NULL;

    VtInstant before = vt_clock_read(clock);
    g_assert_true(vt_clock_get_state(clock, &state, &error));
    VtInstant after = vt_clock_read(clock);

    g_assert_no_error(error);
    g_assert_cmpint(before.raw.ns, <=, after.raw.ns);
    g_assert_cmpint(state.max_error_ns, >=, 0);
}

#define add(path, function) \
    g_test_add("/os/clock/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("steps-by-the-exact-offset", test_steps_by_the_exact_offset);
    add("step-leaves-the-clock-unsynchronised", test_step_leaves_the_clock_unsynchronised);
    add("slew-ends-by-itself", test_slew_ends_by_itself);
    add("foreign-rate-is-noticed", test_foreign_rate_is_noticed);
    add("slew-beyond-the-limit-is-refused", test_slew_beyond_the_limit_is_refused);
    add("rate-goes-through-frequency-then-tick", test_rate_goes_through_frequency_then_tick);
    add("impossible-rate-is-refused", test_impossible_rate_is_refused);
    add("publishes-bound-rounded-up", test_publishes_bound_rounded_up);
    add("unsynchronised-means-sixteen-seconds", test_unsynchronised_means_sixteen_seconds);
    add("publishing-keeps-an-armed-leap", test_publishing_keeps_an_armed_leap);
    add("leap-comes-after-a-step", test_leap_comes_after_a_step);
    add("leap-is-armed-and-disarmed", test_leap_is_armed_and_disarmed);
    add("kernel-is-told-of-tai", test_kernel_is_told_of_tai);
    add("leap-of-another-day-is-dropped", test_leap_of_another_day_is_dropped);
    add("asking-for-permission-changes-nothing", test_asking_for_permission_changes_nothing);
    add("rate-of-a-clock-handed-over-is-not-foreign",
        test_rate_of_a_clock_handed_over_is_not_foreign);
    add("missing-permission-is-told", test_missing_permission_is_told);
    add("reads-both-scales-of-one-instant", test_reads_both_scales_of_one_instant);
    add("good-reading-is-not-repeated", test_good_reading_is_not_repeated);
    g_test_add_func("/os/clock/system-clock-can-be-read-without-privilege",
                    test_system_clock_can_be_read_without_privilege);
    return g_test_run();
}
