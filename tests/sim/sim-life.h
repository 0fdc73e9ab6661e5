/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A random stretch of a guest's life, made of one seed: some oscillator, some path to a reference,
 * and one event after the other. What is looked at is the error bound: as long as nobody lies, the
 * true error is never above it. Nobody can publish what nobody has seen, so for each kind of event
 * it is told for how long the bound was too small, and how long that may be.
 */
#pragma once

#include "tests/sim/sim-guest.h"

typedef enum {
    SIM_EVENT_NOTHING,
    SIM_EVENT_PAUSE,
    SIM_EVENT_ANNOUNCED_PAUSE,
    SIM_EVENT_RATE_JUMP,
    SIM_EVENT_ANNOUNCED_RATE_JUMP, /* a live migration: a small step, and another rate */
    SIM_EVENT_PAUSE_AND_RATE_JUMP,
    SIM_EVENT_CLOCK_SET,    /* by somebody else */
    SIM_EVENT_FOREIGN_RATE, /* the same */
    SIM_EVENT_SILENCE,      /* no reference for a while */
    SIM_EVENT_QUEUE,        /* builds up on one side and drains */
    SIM_EVENT_LATE_PACKETS, /* 1 % of them, by 5 ms, on one side */
    SIM_EVENT_STARVED,      /* of processor time */
    SIM_EVENT_HIDDEN, /* one of those above, but less than what the next reading can show */
    SIM_N_EVENTS,
} SimEvent;

/* Those before are what happens. */
#define SIM_N_HAPPENINGS SIM_EVENT_HIDDEN

/* Sums of looks are not exact. */
#define SIM_LIE_ROUNDING_SEC 1e-6

/* "pause"; and the most that its bound may be too small for, in s. */
const char *sim_event_name(SimEvent event);
double sim_event_most_lie_sec(SimEvent event);

/* Where the bound stands too high, it is right and of no use. */
#define SIM_RATIO_DECADES 60 /* tenths of a power of ten */

typedef struct {
    unsigned n_events[SIM_N_EVENTS];
    double worst_lie_sec[SIM_N_EVENTS];
    double all_lies_sec[SIM_N_EVENTS];
    uint64_t n_ratios[SIM_RATIO_DECADES]; /* of bound / true error, while nothing happens */
    SimEvent worst_event;                 /* the one furthest beyond its limit, if any is */
    double worst_excess_sec;
    uint32_t worst_seed;
} SimLifeReport;

typedef enum {
    SIM_PATH_ALIKE,        /* requests and replies are late alike */
    SIM_PATH_LATE_REPLIES, /* a guest that has to be woken for each reply: by up to 2 ms more */
} SimLifePath;

/* Adds what the life made of @seed shows to @report, which is zeroed at first. */
void sim_life_run(uint32_t seed, SimLifePath path, SimLifeReport *report);

/* The median of the ratios. */
double sim_life_get_ratio(const SimLifeReport *report);
