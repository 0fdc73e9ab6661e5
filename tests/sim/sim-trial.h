/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One contender in one world: it settles, something happens, and its error is watched. The
 * model is fixed, so that figures of different contenders can be compared:
 *
 *   network     60 us + exponential(20 us) each way, each packet by itself; a reading a tick
 *   PHC         a bracket of 1 us, 50 ns RMS of white noise; five readings a tick
 *   oscillator  constant offset, normal with 10 ppm, and random-walk FM
 *   kernel      tick, frequency, single-shot adjtime and loop as Linux has them
 *
 * A pause puts the reference ahead and shows nowhere in the guest.
 */
#pragma once

#include "tests/sim/contender.h"

typedef enum {
    SIM_PATH_NETWORK,
    SIM_PATH_PHC,
} SimPath;

/* What is seen at one instant: every sample_ns from the event on. */
typedef struct {
    double elapsed_sec;
    double error_ns; /* reference - REALTIME */
    double rate_ppb; /* of REALTIME against true time */
} SimLook;

typedef void (*SimLookFunc)(const SimLook *look, void *user_data);

typedef struct {
    SimPath path;
    VtNs tick_ns;
    double wander_ppb_per_sqrt_sec;
    VtNs
        settle_ns; /* before the event; its phase within a tick is spread evenly over the seeds */
    VtNs pause_ns;
    double rate_jump_ppb; /* positive: the oscillator runs faster from then on */
    VtNs watch_ns;        /* after it */
    VtNs sample_ns;       /* how often the error is looked at */
    double late_packets;  /* of 1: so many are late by 5 ms on one side */
    SimLookFunc on_look;  /* or NULL */
    void *user_data;      /* of it */
} SimTrial;

typedef struct {
    double to_100us_sec; /* from the event until the error stays below for 60 s; or infinite */
    double to_10us_sec;
    double peak_ns;      /* greatest error after the event */
    double overshoot_ns; /* greatest error beyond zero, seen from where the event threw it */
    double rms_offset_ns;
    double rms_rate_ppb; /* of REALTIME against true time */
    double rms_base_ppb; /* the same without what removes offsets */
    double readings_per_sec;
    unsigned most_in_six_sec; /* wake-ups for readings, after the event */
    unsigned n_steps;
    SimAlarms alarms;     /* of the whole trial, where the contender tells */
    double jump_seen_sec; /* from the event until it took it for a rate jump; or infinite */
} SimTrialResult;

SimTrialResult
sim_trial_run(const SimTrial *trial, const SimContender *contender, uint32_t seed);
