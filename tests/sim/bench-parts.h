/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What bench-discipline consists of. Each part prints its table to the standard output and
 * writes what it is made of into the folder that is named, if one is. Files and columns:
 *
 *   figures.csv    figure, title, measure, unit, contender, median, worst, goal, goal_worst,
 *                  missed (0 or 1), seeds; an empty goal is none; "inf": not within the time
 *   offsets.csv    figure, contender, seed, elapsed_sec, error_ns: from the event on, ever more
 *                  seldom, so that there are equally many to each power of ten
 *   allan.csv      figure, contender, tau_sec, deviation: of the disciplined clock, s/s
 *   calm.csv       path, seed, days, disruptions, rate_jumps, steps, peak_us, cpu_sec_per_day: a
 *                  year of readings in which nothing happens; an interrupted run goes on
 *   bound.csv      path, event, events, mean_lie_sec, worst_lie_sec, most_lie_sec (the limit), lives
 */
#pragma once

#include <stdbool.h>

typedef struct {
    const char *folder; /* or NULL */
    const char *only;   /* figures and calm paths with that in their name; or NULL */
    unsigned n_seeds;
    unsigned n_lives;
    bool is_fresh; /* what was found by an earlier run is found again */
} SimBenchOptions;

/* virt-time's core beside others, and the goals. False: a file could not be written. */
bool sim_bench_figures(const SimBenchOptions *options);

/* Offset over time and Allan deviation; prints nothing. */
bool sim_bench_curves(const SimBenchOptions *options);

/* False alarms in years of noise, and the core's processor time. Takes half an hour. */
bool sim_bench_calm(const SimBenchOptions *options);

/* The error bound over random lives. */
bool sim_bench_bound(const SimBenchOptions *options);
