/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the pipeline wants done: a description of effects. The caller carries it out; nothing
 * in core/ causes an effect.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

typedef enum {
    VT_ACTION_HOLD, /* leave the phase alone */
    VT_ACTION_STEP, /* add offset_ns to the clock in one move */
    VT_ACTION_SLEW, /* let the kernel work off offset_ns at 500 ppm; at most +-1 ms */
} VtActionKind;

/* Why a correction that the measurement asks for is not made. */
typedef enum {
    VT_REFUSAL_NONE,
    VT_REFUSAL_OBSERVE,    /* the mode says: correct nothing */
    VT_REFUSAL_BACKWARD,   /* backward, and nothing that allows it was announced */
    VT_REFUSAL_NO_WITNESS, /* more than a day forward on the word of one unsynchronised host */
    VT_REFUSAL_BEFORE_BUILD, /* the result would lie before this program was built */
    VT_N_REFUSALS,
} VtRefusal;

typedef struct {
    VtActionKind kind;
    VtNs offset_ns; /* correction, in the sign of the offset it removes; refused: not made */
    VtNs error_ns;  /* bound of offset_ns */
    VtRefusal refusal;
    bool set_rate;
    double rate_ppb; /* what the clock is to run faster than its raw oscillator, with a trim */
    VtNs trim_ns;    /* what the trim is to remove */
    double trim_ppb; /* the trim in the rate, also in one that stays as it is; see below */
    VtNs wake_after_ns;    /* vt_pipeline_on_silence is due then; 0: the tick will do */
    bool measure_now;      /* take another reading at once; else at the next tick */
    VtNs measure_after_ns; /* or, if not 0, that soon if it comes before the tick */
    bool recovered;        /* a disruption has just been closed: see vt_pipeline_get_outcome */
} VtAction;

/*
 * A trim of no more than this does little harm for an hour, should the agent die and leave it
 * behind. A greater one is made only where somebody watches over the agent.
 */
#define VT_ACTION_HARMLESS_TRIM_PPB 10000.0

/* "backward step not announced", ...; "" for none. Transfer none. */
const char *vt_refusal_text(VtRefusal refusal);
