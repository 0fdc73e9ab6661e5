/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "core/state.h"

static void
test_table_has_no_hole(void)
{
    for (int state = VT_STATE_START; state < VT_N_STATES; state++) {
        for (int event = VT_EVENT_READING; event < VT_N_EVENTS; event++) {
            VtState next = vt_state_next((VtState)state, (VtEvent)event);
            g_assert_cmpint(next, >, VT_STATE_INVALID);
            g_assert_cmpint(next, <, VT_N_STATES);
        }
    }
}

static void
test_strong_hint_always_disrupts(void)
{
    for (int state = VT_STATE_START; state < VT_N_STATES; state++)
        g_assert_cmpint(vt_state_next((VtState)state, VT_EVENT_STRONG_HINT), ==,
                        VT_STATE_DISRUPTED);
}

static void
test_only_correction_ends_disruption(void)
{
    for (int event = VT_EVENT_READING; event < VT_N_EVENTS; event++) {
        VtState expected = event == VT_EVENT_CORRECTED ? VT_STATE_TRACKING : VT_STATE_DISRUPTED;
        g_assert_cmpint(vt_state_next(VT_STATE_DISRUPTED, (VtEvent)event), ==, expected);
    }
}

static void
test_first_truth_begins_anew_what_was_settled(void)
{
    g_assert_cmpint(vt_state_next(VT_STATE_TRACKING, VT_EVENT_FIRST_TRUTH), ==,
                    VT_STATE_MEASURING);
    g_assert_cmpint(vt_state_next(VT_STATE_HOLDOVER, VT_EVENT_FIRST_TRUTH), ==,
                    VT_STATE_MEASURING);
    g_assert_cmpint(vt_state_next(VT_STATE_START, VT_EVENT_FIRST_TRUTH), ==, VT_STATE_START);
}

static void
test_life_of_a_guest(void)
{
    static const struct {
        VtEvent event;
        VtState state;
    } rows[] = {
        { VT_EVENT_READING, VT_STATE_MEASURING },
        { VT_EVENT_CORRECTED, VT_STATE_TRACKING },
        { VT_EVENT_REFERENCE_LOST, VT_STATE_HOLDOVER },
        { VT_EVENT_READING, VT_STATE_TRACKING },
        { VT_EVENT_STEP_SEEN, VT_STATE_DISRUPTED },
        { VT_EVENT_CORRECTED, VT_STATE_TRACKING },
    };

    VtState state = VT_STATE_START;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        state = vt_state_next(state, rows[i].event);
        g_assert_cmpint(state, ==, rows[i].state);
    }
}

static void
test_owner_comes_and_goes(void)
{
    static const struct {
        VtEvent event;
        VtState state;
    } rows[] = {
        { VT_EVENT_READING, VT_STATE_MEASURING },
        { VT_EVENT_YIELDED, VT_STATE_MEASURING },
        { VT_EVENT_CORRECTED, VT_STATE_TRACKING },
        { VT_EVENT_YIELDED, VT_STATE_ASSIST },
        { VT_EVENT_REFERENCE_LOST, VT_STATE_ASSIST },
        { VT_EVENT_STRONG_HINT, VT_STATE_DISRUPTED },
        { VT_EVENT_TAKEN_OVER, VT_STATE_DISRUPTED },
        { VT_EVENT_YIELDED, VT_STATE_DISRUPTED },
        { VT_EVENT_CORRECTED, VT_STATE_TRACKING },
        { VT_EVENT_YIELDED, VT_STATE_ASSIST },
        { VT_EVENT_TAKEN_OVER, VT_STATE_MEASURING },
        { VT_EVENT_CORRECTED, VT_STATE_TRACKING },
    };

    VtState state = VT_STATE_START;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        state = vt_state_next(state, rows[i].event);
        g_assert_cmpint(state, ==, rows[i].state);
    }
}

static void
test_names_differ(void)
{
    for (int i = 0; i < VT_N_STATES; i++) {
        g_assert_nonnull(vt_state_name((VtState)i));
        for (int j = 0; j < i; j++)
            g_assert_cmpstr(vt_state_name((VtState)i), !=, vt_state_name((VtState)j));
    }
    g_assert_cmpstr(vt_state_name(VT_N_STATES), ==, "invalid");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/state/table-has-no-hole", test_table_has_no_hole);
    g_test_add_func("/core/state/strong-hint-always-disrupts",
                    test_strong_hint_always_disrupts);
    g_test_add_func("/core/state/only-correction-ends-disruption",
                    test_only_correction_ends_disruption);
    g_test_add_func("/core/state/first-truth-begins-anew-what-was-settled",
                    test_first_truth_begins_anew_what_was_settled);
    g_test_add_func("/core/state/life-of-a-guest", test_life_of_a_guest);
    g_test_add_func("/core/state/owner-comes-and-goes", test_owner_comes_and_goes);
    g_test_add_func("/core/state/names-differ", test_names_differ);
    return g_test_run();
}
