/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's clocks in simulated time: an oscillator with rate error, random-walk wander, rate
 * jumps and pauses, and on it MONOTONIC_RAW and a REALTIME with the kernel's semantics of step,
 * frequency and single-shot adjtime. Randomness comes from g_test_rand_*.
 */
#pragma once

#include "base/units.h"

typedef struct {
    int64_t true_ns; /* true time since 1970; runs on through a pause */
    int64_t raw_ns;
    int64_t wall_ns;
    double raw_rest_ns;
    double wall_rest_ns;
    double rate_ppb;                /* positive: the oscillator runs fast */
    double wander_ppb_per_sqrt_sec; /* random walk of the rate */
    double frequency_ppb;           /* as set in the kernel */
    double slew_ppb;                /* of the kernel's present second */
    VtNs slew_pending_ns;           /* not yet begun */
    int64_t raw_next_second_ns;     /* end of the kernel's present second */
} SimOscillator;

/* Right at first, booted a while ago, the kernel's second at a random phase. */
void sim_oscillator_init(SimOscillator *oscillator);

/* The guest runs for @span_ns of true time. */
void sim_oscillator_run(SimOscillator *oscillator, VtNs span_ns);

/* The guest stands still and none of its clocks notices. */
void sim_oscillator_pause(SimOscillator *oscillator, VtNs span_ns);

VtInstant sim_oscillator_read(const SimOscillator *oscillator);

/* ADJ_SETOFFSET; ends a slew under way. */
void sim_oscillator_step(SimOscillator *oscillator, VtNs offset_ns);

/* ADJ_OFFSET_SINGLESHOT: from the next second on, 500 us a second. */
void sim_oscillator_slew(SimOscillator *oscillator, VtNs offset_ns);

/* Normal distribution, sigma 1. */
double sim_gauss(void);
/* Exponential distribution with that mean. */
VtNs sim_exponential(double mean_ns);
