/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/state.h"

#include <glib.h>

/*
 * A silence does not end START, MEASURING or DISRUPTED: there is nothing yet that could be
 * held over. A phase step seen while the clock is not right yet is no news either. What is
 * measured or mended when the clock passes to somebody else is finished first.
 */
static const VtState next_states[VT_N_STATES][VT_N_EVENTS] = {
    [VT_STATE_START] = {
        [VT_EVENT_READING] = VT_STATE_MEASURING,
        [VT_EVENT_STRONG_HINT] = VT_STATE_DISRUPTED,
        [VT_EVENT_STEP_SEEN] = VT_STATE_START,
        [VT_EVENT_CORRECTED] = VT_STATE_TRACKING,
        [VT_EVENT_REFERENCE_LOST] = VT_STATE_START,
        [VT_EVENT_FIRST_TRUTH] = VT_STATE_START,
        [VT_EVENT_YIELDED] = VT_STATE_START,
        [VT_EVENT_TAKEN_OVER] = VT_STATE_START,
    },
    [VT_STATE_MEASURING] = {
        [VT_EVENT_READING] = VT_STATE_MEASURING,
        [VT_EVENT_STRONG_HINT] = VT_STATE_DISRUPTED,
        [VT_EVENT_STEP_SEEN] = VT_STATE_MEASURING,
        [VT_EVENT_CORRECTED] = VT_STATE_TRACKING,
        [VT_EVENT_REFERENCE_LOST] = VT_STATE_MEASURING,
        [VT_EVENT_FIRST_TRUTH] = VT_STATE_MEASURING,
        [VT_EVENT_YIELDED] = VT_STATE_MEASURING,
        [VT_EVENT_TAKEN_OVER] = VT_STATE_MEASURING,
    },
    [VT_STATE_TRACKING] = {
        [VT_EVENT_READING] = VT_STATE_TRACKING,
        [VT_EVENT_STRONG_HINT] = VT_STATE_DISRUPTED,
        [VT_EVENT_STEP_SEEN] = VT_STATE_DISRUPTED,
        [VT_EVENT_CORRECTED] = VT_STATE_TRACKING,
        [VT_EVENT_REFERENCE_LOST] = VT_STATE_HOLDOVER,
        [VT_EVENT_FIRST_TRUTH] = VT_STATE_MEASURING,
        [VT_EVENT_YIELDED] = VT_STATE_ASSIST,
        [VT_EVENT_TAKEN_OVER] = VT_STATE_TRACKING,
    },
    [VT_STATE_HOLDOVER] = {
        [VT_EVENT_READING] = VT_STATE_TRACKING,
        [VT_EVENT_STRONG_HINT] = VT_STATE_DISRUPTED,
        [VT_EVENT_STEP_SEEN] = VT_STATE_DISRUPTED,
        [VT_EVENT_CORRECTED] = VT_STATE_TRACKING,
        [VT_EVENT_REFERENCE_LOST] = VT_STATE_HOLDOVER,
        [VT_EVENT_FIRST_TRUTH] = VT_STATE_MEASURING,
        [VT_EVENT_YIELDED] = VT_STATE_ASSIST,
        [VT_EVENT_TAKEN_OVER] = VT_STATE_HOLDOVER,
    },
    [VT_STATE_DISRUPTED] = {
        [VT_EVENT_READING] = VT_STATE_DISRUPTED,
        [VT_EVENT_STRONG_HINT] = VT_STATE_DISRUPTED,
        [VT_EVENT_STEP_SEEN] = VT_STATE_DISRUPTED,
        [VT_EVENT_CORRECTED] = VT_STATE_TRACKING,
        [VT_EVENT_REFERENCE_LOST] = VT_STATE_DISRUPTED,
        [VT_EVENT_FIRST_TRUTH] = VT_STATE_DISRUPTED,
        [VT_EVENT_YIELDED] = VT_STATE_DISRUPTED,
        [VT_EVENT_TAKEN_OVER] = VT_STATE_DISRUPTED,
    },
    [VT_STATE_ASSIST] = {
        [VT_EVENT_READING] = VT_STATE_ASSIST,
        [VT_EVENT_STRONG_HINT] = VT_STATE_DISRUPTED,
        [VT_EVENT_STEP_SEEN] = VT_STATE_DISRUPTED,
        [VT_EVENT_CORRECTED] = VT_STATE_ASSIST,
        [VT_EVENT_REFERENCE_LOST] = VT_STATE_ASSIST,
        [VT_EVENT_FIRST_TRUTH] = VT_STATE_ASSIST,
        [VT_EVENT_YIELDED] = VT_STATE_ASSIST,
        [VT_EVENT_TAKEN_OVER] = VT_STATE_MEASURING,
    },
};

static const char *const state_names[VT_N_STATES] = {
    [VT_STATE_INVALID] = "invalid",     [VT_STATE_START] = "start",
    [VT_STATE_MEASURING] = "measuring", [VT_STATE_TRACKING] = "tracking",
    [VT_STATE_HOLDOVER] = "holdover",   [VT_STATE_DISRUPTED] = "disrupted",
    [VT_STATE_ASSIST] = "assist",
};

VtState
vt_state_next(VtState state, VtEvent event)
{
    g_assert((unsigned)state < VT_N_STATES && (unsigned)event < VT_N_EVENTS);
    return next_states[state][event];
}

const char *
vt_state_name(VtState state)
{
    return (unsigned)state < VT_N_STATES ? state_names[state] : "invalid";
}
