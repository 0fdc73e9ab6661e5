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
    return g_test_run();
}
