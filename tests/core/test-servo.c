/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/servo.h"

#define RAW_OFFSET_NS (INT64_C(1800000000) * VT_NS_PER_SEC)

/* The clocks at @raw_ns when REALTIME is @behind_ns behind the estimates made below. */
static VtInstant
make_instant(VtNs raw_ns, VtNs behind_ns)
{
    return (VtInstant){
        .wall = { .ns = RAW_OFFSET_NS + raw_ns - behind_ns },
        .raw = { .ns = raw_ns },
    };
}

static VtEstimate
make_estimate(double rate_ppb, double rate_sigma_ppb)
{
    return (VtEstimate){
        .is_known = true,
        .raw_offset_ns = RAW_OFFSET_NS,
        .offset_sigma_ns = 500,
        .rate_ppb = rate_ppb,
        .rate_sigma_ppb = rate_sigma_ppb,
    };
}

static void
test_steps_by_whole_offset(void)
{
    VtServo servo = { 0 };
    VtEstimate estimate = make_estimate(30000, 1000);

    VtAction action =
        vt_servo_step(&servo, &estimate, make_instant(VT_NS_PER_SEC, 5 * VT_NS_PER_SEC));

    g_assert_cmpint(action.kind, ==, VT_ACTION_STEP);
    g_assert_cmpint(action.offset_ns, ==, 5 * VT_NS_PER_SEC);
    g_assert_true(action.set_rate);
    g_assert_cmpfloat_with_epsilon(action.rate_ppb, 30000, 1e-9);
}

static void
test_slew_is_bounded_and_signed(void)
{
    VtEstimate estimate = make_estimate(0, 1000);
    VtServo forward = { 0 };
    VtServo backward = { 0 };

    VtAction ahead =
        vt_servo_track(&forward, &estimate, make_instant(VT_NS_PER_SEC, 50 * VT_NS_PER_MS));
    VtAction back =
        vt_servo_track(&backward, &estimate, make_instant(VT_NS_PER_SEC, -20 * VT_NS_PER_US));

    g_assert_cmpint(ahead.kind, ==, VT_ACTION_SLEW);
    g_assert_cmpint(ahead.offset_ns, ==, VT_NS_PER_MS);
    g_assert_cmpint(back.kind, ==, VT_ACTION_SLEW);
    g_assert_cmpint(back.offset_ns, ==, -20 * VT_NS_PER_US);
}

static void
test_dead_band_holds(void)
{
    VtServo servo = { 0 };
    VtEstimate estimate = make_estimate(0, 1000);

    VtAction action = vt_servo_track(&servo, &estimate, make_instant(VT_NS_PER_SEC, 900));

    g_assert_cmpint(action.kind, ==, VT_ACTION_HOLD);
}

static void
test_waits_for_slew_to_end(void)
{
    VtServo servo = { 0 };
    VtEstimate estimate = make_estimate(0, 1000);
    VtNs begun_ns = 10 * VT_NS_PER_SEC;
    VtNs behind_ns = 800 * VT_NS_PER_US;
    vt_servo_track(&servo, &estimate, make_instant(begun_ns, behind_ns));

    /* Up to a second until it begins, then two of at most 500 us each. */
    VtAction early = vt_servo_track(
        &servo, &estimate, make_instant(begun_ns + 29 * VT_NS_PER_SEC / 10, behind_ns));
    VtAction late =
        vt_servo_track(&servo, &estimate, make_instant(begun_ns + 3 * VT_NS_PER_SEC, 10000));

    g_assert_cmpint(early.kind, ==, VT_ACTION_HOLD);
    g_assert_cmpint(late.kind, ==, VT_ACTION_SLEW);
    g_assert_cmpint(late.offset_ns, ==, 10000);
}

static void
test_unsure_rate_is_not_set(void)
{
    VtServo servo = { 0 };
    VtEstimate unsure = make_estimate(80000, 400000);
    VtEstimate sure = make_estimate(80000, 20000);

    g_assert_false(vt_servo_track(&servo, &unsure, make_instant(VT_NS_PER_SEC, 0)).set_rate);
    g_assert_true(vt_servo_track(&servo, &sure, make_instant(VT_NS_PER_SEC, 0)).set_rate);
}

static void
test_rate_is_set_on_real_change_only(void)
{
    VtServo servo = { 0 };
    VtEstimate first = make_estimate(8000, 1000);
    VtEstimate near = make_estimate(8400, 1000);
    VtEstimate far = make_estimate(8600, 1000);
    vt_servo_track(&servo, &first, make_instant(VT_NS_PER_SEC, 0));

    g_assert_false(vt_servo_track(&servo, &near, make_instant(VT_NS_PER_SEC, 0)).set_rate);
    g_assert_true(vt_servo_track(&servo, &far, make_instant(VT_NS_PER_SEC, 0)).set_rate);
}

static void
test_foreign_step_is_found(void)
{
    VtServo servo = { 0 };
    vt_servo_find_foreign_step(&servo, make_instant(VT_NS_PER_SEC, 0));

    VtNs found_ns = vt_servo_find_foreign_step(
        &servo, make_instant(2 * VT_NS_PER_SEC, -10 * VT_NS_PER_SEC));

    g_assert_cmpint(found_ns, ==, 10 * VT_NS_PER_SEC);
}

static void
test_own_step_is_not_foreign(void)
{
    VtServo servo = { 0 };
    VtEstimate estimate = make_estimate(0, 1000);
    VtInstant before = make_instant(VT_NS_PER_SEC, 5 * VT_NS_PER_SEC);
    vt_servo_find_foreign_step(&servo, before);
    vt_servo_step(&servo, &estimate, before);

    VtNs found_ns = vt_servo_find_foreign_step(&servo, make_instant(2 * VT_NS_PER_SEC, 0));

    g_assert_cmpint(found_ns, ==, 0);
}

static void
test_forgotten_step_is_not_expected(void)
{
    VtServo servo = { 0 };
    VtEstimate estimate = make_estimate(0, 1000);
    VtInstant before = make_instant(VT_NS_PER_SEC, 5 * VT_NS_PER_SEC);
    vt_servo_find_foreign_step(&servo, before);
    vt_servo_step(&servo, &estimate, before);

    vt_servo_forget(&servo);
    VtNs found_ns =
        vt_servo_find_foreign_step(&servo, make_instant(2 * VT_NS_PER_SEC, 5 * VT_NS_PER_SEC));

    g_assert_cmpint(found_ns, ==, 0);
    g_assert_false(servo.has_rate);
}

static void
test_trims_at_once_and_ends(void)
{
    VtServo servo;
    vt_servo_init(&servo, 500000);
    VtEstimate estimate = make_estimate(30000, 1000);
    VtNs behind_ns = 100 * VT_NS_PER_US;

    VtAction action = vt_servo_track(&servo, &estimate, make_instant(VT_NS_PER_SEC, behind_ns));
    VtAction done = vt_servo_track(&servo, &estimate,
                                   make_instant(VT_NS_PER_SEC + action.wake_after_ns, 0));

    g_assert_cmpint(action.kind, ==, VT_ACTION_HOLD);
    g_assert_cmpint(action.trim_ns, ==, behind_ns);
    g_assert_cmpfloat_with_epsilon(
        (action.rate_ppb - 30000) * vt_ns_to_sec(action.wake_after_ns), (double)behind_ns, 1);
    g_assert_cmpfloat(action.rate_ppb - 30000, <=, 500000 + 1e-6);
    g_assert_true(done.set_rate);
    g_assert_cmpfloat_with_epsilon(done.rate_ppb, 30000, 1e-9);
    g_assert_cmpint(done.wake_after_ns, ==, 0);
}

static void
test_narrow_trim_leaves_much_to_kernel(void)
{
    VtServo servo;
    vt_servo_init(&servo, 10000);
    VtEstimate estimate = make_estimate(0, 1000);

    VtAction little = vt_servo_track(&servo, &estimate, make_instant(VT_NS_PER_SEC, 9000));
    VtAction much = vt_servo_track(&servo, &estimate, make_instant(2 * VT_NS_PER_SEC, 90000));

    g_assert_cmpint(little.kind, ==, VT_ACTION_HOLD);
    g_assert_cmpfloat(little.rate_ppb, <=, 10000);
    g_assert_cmpint(much.kind, ==, VT_ACTION_SLEW);
    g_assert_cmpint(much.offset_ns, ==, 90000);
    /* One error, one correction: the trim goes. */
    g_assert_true(much.set_rate);
    g_assert_cmpfloat_with_epsilon(much.rate_ppb, 0, 1e-9);
}

static void
test_doubtful_offset_is_trimmed_slowly(void)
{
    VtServo servo;
    vt_servo_init(&servo, 500000);
    VtEstimate estimate = make_estimate(0, 25);

    VtAction action = vt_servo_track(&servo, &estimate, make_instant(VT_NS_PER_SEC, 400));

    /* 500 ns and 25 ppb: 0.68 of the twenty seconds. */
    g_assert_cmpfloat_with_epsilon(action.rate_ppb, 400.0 / 13.6, 0.2);
    g_assert_cmpint(action.wake_after_ns, ==, 0);
}

static void
test_leaving_ends_trim(void)
{
    VtServo servo;
    vt_servo_init(&servo, 500000);
    VtEstimate estimate = make_estimate(7000, 1000);
    vt_servo_track(&servo, &estimate, make_instant(VT_NS_PER_SEC, 100000));

    VtAction action = vt_servo_leave(&servo, &estimate);

    g_assert_true(action.set_rate);
    g_assert_cmpfloat_with_epsilon(action.rate_ppb, 7000, 1e-9);
}

/* Nobody may correct anything for now, but what is under way must end when it is due. */
static void
test_rest_ends_overdue_trim(void)
{
    VtServo servo;
    vt_servo_init(&servo, 500000);
    VtEstimate estimate = make_estimate(7000, 1000);
    estimate.raw_at.ns = VT_NS_PER_SEC;
    VtAction fast = vt_servo_track(&servo, &estimate, make_instant(VT_NS_PER_SEC, 100000));
    VtInstant due = make_instant(VT_NS_PER_SEC + fast.wake_after_ns, 0);

    VtAction early = vt_servo_rest(&servo, make_instant(VT_NS_PER_SEC + 1000, 100000));
    VtNs left_ns = vt_servo_get_trim_left(&servo, make_instant(VT_NS_PER_SEC + 1000, 0));
    VtAction ended = vt_servo_rest(&servo, due);

    g_assert_cmpfloat(fast.trim_ppb, >, 2000);
    g_assert_false(early.set_rate);
    g_assert_cmpint(left_ns, ==, fast.wake_after_ns - 1000);
    g_assert_true(ended.set_rate);
    g_assert_cmpfloat_with_epsilon(ended.rate_ppb, 7000, 1e-9);
    g_assert_cmpint(vt_servo_get_trim_left(&servo, due), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/servo/steps-by-whole-offset", test_steps_by_whole_offset);
    g_test_add_func("/core/servo/slew-is-bounded-and-signed", test_slew_is_bounded_and_signed);
    g_test_add_func("/core/servo/dead-band-holds", test_dead_band_holds);
    g_test_add_func("/core/servo/waits-for-slew-to-end", test_waits_for_slew_to_end);
    g_test_add_func("/core/servo/unsure-rate-is-not-set", test_unsure_rate_is_not_set);
    g_test_add_func("/core/servo/rate-is-set-on-real-change-only",
                    test_rate_is_set_on_real_change_only);
    g_test_add_func("/core/servo/foreign-step-is-found", test_foreign_step_is_found);
    g_test_add_func("/core/servo/own-step-is-not-foreign", test_own_step_is_not_foreign);
    g_test_add_func("/core/servo/forgotten-step-is-not-expected",
                    test_forgotten_step_is_not_expected);
    g_test_add_func("/core/servo/trims-at-once-and-ends", test_trims_at_once_and_ends);
    g_test_add_func("/core/servo/narrow-trim-leaves-much-to-kernel",
                    test_narrow_trim_leaves_much_to_kernel);
    g_test_add_func("/core/servo/doubtful-offset-is-trimmed-slowly",
                    test_doubtful_offset_is_trimmed_slowly);
    g_test_add_func("/core/servo/leaving-ends-trim", test_leaving_ends_trim);
    g_test_add_func("/core/servo/rest-ends-overdue-trim", test_rest_ends_overdue_trim);
    return g_test_run();
}
