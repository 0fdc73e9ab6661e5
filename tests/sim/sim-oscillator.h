/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's clocks in simulated time: an oscillator with rate error, random-walk wander, a
 * cycle of temperature, rate jumps and pauses, and on it MONOTONIC_RAW and a REALTIME with the
 * kernel's semantics of step, frequency, single-shot adjtime and phase-locked loop
 * (kernel/time/ntp.c). Randomness comes from a generator of the caller's, so that a seed makes
 * the same world each time.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "base/units.h"

typedef struct {
    GRand *random;
    int64_t true_ns; /* true time since 1970; runs on through a pause */
    int64_t raw_ns;
    int64_t wall_ns;
    double raw_rest_ns;
    double wall_rest_ns;
    double rate_ppb;                /* positive: the oscillator runs fast */
    double wander_ppb_per_sqrt_sec; /* random walk of the rate */
    double cycle_ppb;               /* swing of the rate with the temperature, to either side */
    VtNs cycle_ns;                  /* how long such a cycle is */
    double frequency_ppb;           /* as set in the kernel */
    double slew_ppb;                /* of the kernel's present second */
    VtNs slew_pending_ns;           /* not yet begun */
    int64_t raw_next_second_ns;     /* end of the kernel's present second */
    double loop_offset_ns;          /* of the phase-locked loop: not yet begun */
    int loop_constant;
    int64_t raw_loop_set_ns; /* when it was told an offset last */
} SimOscillator;

/* ADJ_OFFSET with STA_PLL and STA_NANO. */
typedef struct {
    VtNs offset_ns;
    int constant;      /* 0 to 10 */
    bool is_frequency; /* STA_FLL: let the frequency-locked loop have its say */
} SimLoopOffset;

/* Right at first, booted a while ago, the kernel's second at a random phase. */
void sim_oscillator_init(SimOscillator *oscillator, GRand *random);

/* The guest runs for @span_ns of true time. */
void sim_oscillator_run(SimOscillator *oscillator, VtNs span_ns);

/* The guest stands still and none of its clocks notices. */
void sim_oscillator_pause(SimOscillator *oscillator, VtNs span_ns);

VtInstant sim_oscillator_read(const SimOscillator *oscillator);

/* ADJ_SETOFFSET; ends a slew under way. */
void sim_oscillator_step(SimOscillator *oscillator, VtNs offset_ns);

/* ADJ_OFFSET_SINGLESHOT: from the next second on, 500 us a second. */
void sim_oscillator_slew(SimOscillator *oscillator, VtNs offset_ns);

/* The kernel's own loop: phase in 2^(2 + constant) s, frequency as ntp_update_offset has it. */
void sim_oscillator_loop(SimOscillator *oscillator, const SimLoopOffset *offset);

/* REALTIME's rate against true time at this instant. */
double sim_oscillator_get_rate(const SimOscillator *oscillator);

/* Uniform on 0 to 1; normal with sigma 1; exponential with that mean. */
double sim_draw(GRand *random);
double sim_draw_gauss(GRand *random);
VtNs sim_draw_exponential(GRand *random, double mean_ns);
