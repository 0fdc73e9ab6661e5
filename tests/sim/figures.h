/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The figures that judge a clock discipline: what happens, what is measured of it, and the goal.
 * Each is the median and the worst of several seeds.
 */
#pragma once

#include "tests/sim/sim-trial.h"

typedef enum {
    SIM_MEASURE_END, /* closes a list */
    SIM_MEASURE_TO_100US,
    SIM_MEASURE_TO_10US,
    SIM_MEASURE_PEAK,
    SIM_MEASURE_OVERSHOOT,
    SIM_MEASURE_RMS_OFFSET,
    SIM_MEASURE_RMS_RATE,
    SIM_MEASURE_RMS_BASE, /* of the rate without what removes offsets */
    SIM_MEASURE_SEEN,     /* until a rate jump is taken for one */
    SIM_MEASURE_READINGS,
    SIM_MEASURE_BUDGET,
} SimMeasure;

/* Zero: no goal. Ceilings are what a test of a few seeds holds the core to. */
typedef struct {
    SimMeasure measure;
    double goal;
    double goal_worst;
    double ceiling;
} SimGoal;

#define SIM_MOST_GOALS 6

typedef struct {
    const char *name; /* a part of a test's path */
    const char *title;
    SimTrial trial;
    SimGoal goals[SIM_MOST_GOALS + 1];
} SimFigure;

typedef struct {
    double median;
    double worst;
} SimFigureValue;

extern const SimFigure sim_figures[];
extern const unsigned sim_n_figures;

/* "peak", "us"; and a value of a result, which is in s, ns or ppb, in that unit. */
const char *sim_measure_name(SimMeasure measure);
const char *sim_measure_unit(SimMeasure measure);
double sim_measure_to_unit(SimMeasure measure, double value);

bool sim_goal_is_missed(const SimGoal *goal, const SimFigureValue *value);

/* Runs seeds 1 to @n_seeds; one value for each goal of @figure, as in SimTrialResult. */
void sim_figure_measure(const SimFigure *figure,
                        const SimContender *contender,
                        unsigned n_seeds,
                        SimFigureValue *ret_values);
