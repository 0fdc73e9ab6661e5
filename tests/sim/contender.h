/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One who disciplines a simulated clock: readings go in, orders for the kernel come out, and
 * with them the wish for the next reading. virt-time's core is one; what it is measured against
 * are others. All see the same world when given the same seed, and none sees anything else.
 */
#pragma once

#include "core/reading.h"
#include "tests/sim/sim-oscillator.h"

/*
 * What the kernel is to do, in this order, and when the contender wants to be called again: these
 * wishes replace those of the order before, but a waking leaves a wish for a reading as it is.
 */
typedef struct {
    bool set_frequency;
    double frequency_ppb; /* tick and frequency together; absolute */
    double trim_ppb;      /* of it what removes an offset, and is no opinion of the rate */
    bool step;
    VtNs step_ns; /* ADJ_SETOFFSET */
    bool slew;
    VtNs slew_ns; /* ADJ_OFFSET_SINGLESHOT */
    bool loop;
    SimLoopOffset loop_offset; /* ADJ_OFFSET with STA_PLL */
    bool read_now;             /* another reading at once; else read_after_ns counts */
    VtNs read_after_ns;        /* the next reading; 0: at the tick, which goes on beside it */
    VtNs wake_after_ns;        /* on_wake, without a reading; 0: not wanted */
} SimOrder;

/* What a contender has taken for an event so far. */
typedef struct {
    uint64_t n_disruptions;
    uint64_t n_rate_jumps;
} SimAlarms;

typedef struct {
    const char *name;
    /* Transfer full; @tick_ns: how often it may read without a reason. */
    void *(*make)(VtNs tick_ns);
    void (*free)(void *instance);
    /* All of one wake-up. The order is carried out before the next call. */
    SimOrder (*on_readings)(void *instance,
                            const VtReading *readings,
                            unsigned n_readings,
                            VtInstant now);
    SimOrder (*on_wake)(void *instance, VtInstant now);
    SimAlarms (*get_alarms)(void *instance, VtInstant now); /* or NULL: it does not tell */
} SimContender;

extern const SimContender sim_contender_core;
extern const SimContender sim_contender_pi;   /* as phc2sys */
extern const SimContender sim_contender_pll;  /* as ntpd */
extern const SimContender sim_contender_free; /* corrects nothing: the oscillator itself */
