/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The synchronisation states and what leads from one to the next, as a table without effects.
 */
#pragma once

typedef enum {
    VT_STATE_INVALID,
    VT_STATE_START,     /* nothing is known yet */
    VT_STATE_MEASURING, /* first readings are in, the clock is not yet right */
    VT_STATE_TRACKING,  /* right, within the published bound */
    VT_STATE_HOLDOVER,  /* was right; no usable reference, the bound grows */
    VT_STATE_DISRUPTED, /* something befell the guest and is not yet measured and mended */
    VT_STATE_ASSIST,    /* measured; somebody else steers it, and only disruptions are mended */
    VT_N_STATES,
} VtState;

typedef enum {
    VT_EVENT_INVALID,
    VT_EVENT_READING,        /* a usable reading came in */
    VT_EVENT_STRONG_HINT,    /* a disruption was announced */
    VT_EVENT_STEP_SEEN,      /* a disruption nobody announced was confirmed by measurement */
    VT_EVENT_CORRECTED,      /* corrected (or found untouched) and verified by later readings */
    VT_EVENT_REFERENCE_LOST, /* no usable reading for too long */
    VT_EVENT_FIRST_TRUTH,    /* a synchronised reference, after others that were not */
    VT_EVENT_YIELDED,        /* somebody else steers the clock */
    VT_EVENT_TAKEN_OVER,     /* nobody else does any more */
    VT_N_EVENTS,
} VtEvent;

/* The state that follows; never VT_STATE_INVALID for valid input. */
VtState vt_state_next(VtState state, VtEvent event);

/* "start", "tracking", ...; "invalid" outside the range. Transfer none. */
const char *vt_state_name(VtState state);
