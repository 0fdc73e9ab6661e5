/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest that drives the pipeline as the agent does: a reading at each tick, the next one at
 * once when asked for, every action carried out before the next call. Counts what a scenario
 * sets limits for.
 */
#pragma once

#include "core/pipeline.h"
#include "tests/sim/sim-host.h"

typedef struct {
    SimOscillator oscillator;
    SimHost host;
    VtPipeline *pipeline;
    GRand *own_random; /* NULL: chance is the caller's */
    VtNs tick_ns;
    VtNs until_tick_ns;
    VtNs until_reading_ns; /* that was asked for before the tick; VT_NS_MAX: none was */
    VtNs until_waking_ns;  /* the same, without a reading */
    VtNs retry_ns;         /* a reading that was lost is repeated after so long; 0: it is not */
    bool kernel_refuses;   /* steps and slews fail */
    bool has_rate;         /* the one below was set */
    double set_rate_ppb;
    unsigned n_steps;
    unsigned n_slews;
    unsigned n_rates;
    unsigned n_recovered;
    unsigned n_refused;
    unsigned n_readings; /* asked for */
    VtAction last_action;
} SimGuest;

/* A world that @seed makes. */
void sim_guest_init(SimGuest *guest, uint32_t seed);

/* The same with chance of its own, which the caller frees after the guest. */
void sim_guest_init_random(SimGuest *guest, GRand *random);
void sim_guest_clear(SimGuest *guest);

/* Runs for @span_ns of true time or a little more, ticks included. */
void sim_guest_run(SimGuest *guest, VtNs span_ns);

/* Gives a hint now and does what it leads to; returns the guest's run time used for it. */
VtNs sim_guest_hint(SimGuest *guest, const VtPipelineHint *hint);

/* Starts, and runs until the clock is in step. */
void sim_guest_settle(SimGuest *guest);

/* Reference - REALTIME, as nobody inside can know it. */
VtNs sim_guest_get_error(const SimGuest *guest);

VtPipelineStatus sim_guest_get_status(const SimGuest *guest);
