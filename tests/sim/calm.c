/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/sim/calm.h"

/* Between the two of the figures; and the lesser of them, with which least of all is forgiven. */
#define WANDER_PPB        3.0
#define LITTLE_WANDER_PPB 1.0

const SimCalm sim_calms[] = {
    { "network", "network", SIM_PATH_NETWORK, WANDER_PPB, 0, 365, 7 },
    { "quiet", "network, wander 1e-9", SIM_PATH_NETWORK, LITTLE_WANDER_PPB, 0, 365, 7 },
    /* Five readings a tick. */
    { "phc", "PHC", SIM_PATH_PHC, WANDER_PPB, 0, 365, 1 },
    { "late-packets", "network, 1 % late by 5 ms", SIM_PATH_NETWORK, WANDER_PPB, 0.01, 365, 7 },
};

const unsigned sim_n_calms = G_N_ELEMENTS(sim_calms);

SimTrialResult
sim_calm_run(const SimCalm *calm, const SimContender *contender, unsigned n_days, uint32_t seed)
{
    SimTrial trial = {
        .path = calm->path,
        .tick_ns = VT_NS_PER_SEC,
        .wander_ppb_per_sqrt_sec = calm->wander_ppb_per_sqrt_sec,
        .settle_ns = 60 * VT_NS_PER_SEC,
        .watch_ns = (VtNs)n_days * 86400 * VT_NS_PER_SEC,
        .sample_ns = 10 * VT_NS_PER_SEC,
        .late_packets = calm->late_packets,
    };
    return sim_trial_run(&trial, contender, seed);
}
