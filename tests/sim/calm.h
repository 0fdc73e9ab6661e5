/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Long times in which nothing happens but noise: whatever the core takes for an event then is a
 * false alarm.
 */
#pragma once

#include "tests/sim/sim-trial.h"

typedef struct {
    const char *name; /* a part of a test's path */
    const char *title;
    SimPath path;
    double wander_ppb_per_sqrt_sec;
    double late_packets;
    unsigned bench_days; /* a year of readings */
    unsigned test_days;
} SimCalm;

extern const SimCalm sim_calms[];
extern const unsigned sim_n_calms;

/* From the cold start on, which is no event either. */
SimTrialResult sim_calm_run(const SimCalm *calm,
                            const SimContender *contender,
                            unsigned n_days,
                            uint32_t seed);
