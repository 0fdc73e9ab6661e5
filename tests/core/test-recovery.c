/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/recovery.h"

static const VtMono hint_at = { .ns = 100 };

static void
add(VtRecovery *recovery, VtNs delay_ns)
{
    VtSample sample = { .delay_ns = delay_ns, .error_ns = delay_ns / 2 };
    vt_recovery_add(recovery, &sample);
}

static void
test_good_reading_ends_burst(void)
{
    VtRecovery recovery;
    vt_recovery_begin(&recovery, hint_at, 400 * VT_NS_PER_US);

    add(&recovery, 900 * VT_NS_PER_US);
    g_assert_false(vt_recovery_has_enough(&recovery, 1, 4));
    add(&recovery, 600 * VT_NS_PER_US);

    g_assert_true(vt_recovery_has_enough(&recovery, 1, 4));
    g_assert_false(vt_recovery_has_enough(&recovery, 3, 4));
}

static void
test_small_error_is_good_without_history(void)
{
    VtRecovery recovery;
    vt_recovery_begin(&recovery, hint_at, 0);

    add(&recovery, 150 * VT_NS_PER_US);

    g_assert_true(vt_recovery_has_enough(&recovery, 1, 4));
}

static void
test_burst_ends_at_its_length(void)
{
    VtRecovery recovery;
    vt_recovery_begin(&recovery, hint_at, 0);

    for (int i = 0; i < 4; i++) {
        g_assert_false(vt_recovery_has_enough(&recovery, 1, 4));
        add(&recovery, (9 - i) * VT_NS_PER_MS);
    }

    g_assert_true(vt_recovery_has_enough(&recovery, 1, 4));
    g_assert_cmpint(recovery.best.delay_ns, ==, 6 * VT_NS_PER_MS);
}

static void
test_restart_forgets_readings_alone(void)
{
    VtRecovery recovery;
    vt_recovery_begin(&recovery, hint_at, 0);
    add(&recovery, VT_NS_PER_MS);
    vt_recovery_note_step(&recovery, VT_NS_PER_SEC, (VtMono){ .ns = 200 });

    vt_recovery_restart(&recovery);

    g_assert_cmpint(recovery.phase, ==, VT_RECOVERY_MEASURING);
    g_assert_cmpuint(recovery.n_readings, ==, 0);
    g_assert_cmpint(recovery.raw_first_hint_at.ns, ==, 100);
    g_assert_cmpuint(recovery.n_steps, ==, 1);
}

static void
test_steps_add_up(void)
{
    VtRecovery recovery;
    VtAction last = { .kind = VT_ACTION_HOLD };
    vt_recovery_begin(&recovery, hint_at, 0);
    add(&recovery, VT_NS_PER_MS);

    vt_recovery_note_step(&recovery, 5 * VT_NS_PER_SEC, (VtMono){ .ns = 200 });
    add(&recovery, VT_NS_PER_MS);
    vt_recovery_note_step(&recovery, 2 * VT_NS_PER_SEC, (VtMono){ .ns = 300 });
    add(&recovery, VT_NS_PER_MS);
    VtOutcome outcome = vt_recovery_describe(&recovery, &last, 42);

    g_assert_cmpint(outcome.kind, ==, VT_ACTION_STEP);
    g_assert_cmpint(outcome.offset_ns, ==, 7 * VT_NS_PER_SEC);
    g_assert_cmpint(outcome.residual_ns, ==, 42);
    g_assert_cmpint(outcome.raw_corrected_at.ns, ==, 300);
    g_assert_cmpuint(outcome.n_steps, ==, 2);
}

static void
test_undone_step_never_was(void)
{
    VtRecovery recovery;
    VtAction last = { .kind = VT_ACTION_HOLD };
    vt_recovery_begin(&recovery, hint_at, 0);
    vt_recovery_note_step(&recovery, 5 * VT_NS_PER_SEC, (VtMono){ .ns = 200 });

    vt_recovery_undo_step(&recovery);
    VtOutcome outcome = vt_recovery_describe(&recovery, &last, 42);

    g_assert_false(vt_recovery_is_urgent(&recovery));
    g_assert_cmpint(outcome.kind, ==, VT_ACTION_HOLD);
    g_assert_cmpint(outcome.offset_ns, ==, 42);
    g_assert_cmpint(outcome.raw_corrected_at.ns, ==, 100);
}

/* A reading taken @at_ns, of a reference @offset_ns ahead, right within 10 ms. */
static VtSample
make_sample(VtNs at_ns, VtNs offset_ns)
{
    return (VtSample){
        .raw_at = { .ns = at_ns },
        .raw_offset_ns = offset_ns,
        .delay_ns = 20 * VT_NS_PER_MS,
        .error_ns = 10 * VT_NS_PER_MS,
        .n_to_step = 4,
    };
}

static void
test_agreeing_readings_allow_a_step(void)
{
    static const VtNs offsets_ms[] = { 5000, 5004, 4998, 5006 };
    VtRecovery recovery;
    vt_recovery_begin(&recovery, hint_at, 0);

    for (size_t i = 0; i < G_N_ELEMENTS(offsets_ms); i++) {
        VtSample sample =
            make_sample((VtNs)i * 50 * VT_NS_PER_MS, offsets_ms[i] * VT_NS_PER_MS);
        vt_recovery_add(&recovery, &sample);
        g_assert_cmpint(vt_recovery_may_step(&recovery, &sample), ==, i == 3);
    }
}

static void
test_agreement_is_of_all_not_of_neighbours(void)
{
    /* Each fits the one before it; the third does not fit the first. */
    static const VtNs offsets_ms[] = { 5000, 5015, 5030, 5030 };
    VtRecovery recovery;
    vt_recovery_begin(&recovery, hint_at, 0);

    for (size_t i = 0; i < G_N_ELEMENTS(offsets_ms); i++) {
        VtSample sample =
            make_sample((VtNs)i * 50 * VT_NS_PER_MS, offsets_ms[i] * VT_NS_PER_MS);
        vt_recovery_add(&recovery, &sample);
        g_assert_false(vt_recovery_may_step(&recovery, &sample));
    }
    g_assert_cmpuint(recovery.n_agreeing, ==, 2);
}

static void
test_restart_and_step_ask_for_agreement_anew(void)
{
    VtSample sample = make_sample(0, VT_NS_PER_SEC);
    VtRecovery recovery;
    vt_recovery_begin(&recovery, hint_at, 0);

    vt_recovery_add(&recovery, &sample);
    vt_recovery_restart(&recovery);
    g_assert_cmpuint(recovery.n_agreeing, ==, 0);

    vt_recovery_add(&recovery, &sample);
    vt_recovery_note_step(&recovery, VT_NS_PER_SEC, (VtMono){ .ns = 200 });
    g_assert_cmpuint(recovery.n_agreeing, ==, 0);
}

static void
test_one_reading_may_do(void)
{
    VtSample sample = make_sample(0, VT_NS_PER_SEC);
    VtRecovery recovery;
    vt_recovery_begin(&recovery, hint_at, 0);
    sample.n_to_step = 0;

    vt_recovery_add(&recovery, &sample);

    g_assert_true(vt_recovery_may_step(&recovery, &sample));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/recovery/good-reading-ends-burst", test_good_reading_ends_burst);
    g_test_add_func("/core/recovery/small-error-is-good-without-history",
                    test_small_error_is_good_without_history);
    g_test_add_func("/core/recovery/burst-ends-at-its-length", test_burst_ends_at_its_length);
    g_test_add_func("/core/recovery/restart-forgets-readings-alone",
                    test_restart_forgets_readings_alone);
    g_test_add_func("/core/recovery/steps-add-up", test_steps_add_up);
    g_test_add_func("/core/recovery/undone-step-never-was", test_undone_step_never_was);
    g_test_add_func("/core/recovery/agreeing-readings-allow-a-step",
                    test_agreeing_readings_allow_a_step);
    g_test_add_func("/core/recovery/agreement-is-of-all-not-of-neighbours",
                    test_agreement_is_of_all_not_of_neighbours);
    g_test_add_func("/core/recovery/restart-and-step-ask-for-agreement-anew",
                    test_restart_and_step_ask_for_agreement_anew);
    g_test_add_func("/core/recovery/one-reading-may-do", test_one_reading_may_do);
    return g_test_run();
}
