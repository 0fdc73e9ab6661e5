/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "tests/sim/bench-parts.h"
#include "tests/sim/csv.h"
#include "tests/sim/figures.h"

static const SimContender *const contenders[] = { &sim_contender_core, &sim_contender_pi,
                                                  &sim_contender_pll, &sim_contender_free };

#define CURVE_SEEDS 5

/* Long enough for one that waits for a quarter of an hour before it steps. */
#define WATCH_SEC     2000
#define FIRST_GAP_SEC 0.0099
#define GAP_SHARE     0.005

/* A day at a sample a second, after so long that the slowest has settled. */
#define ALLAN_SETTLE_SEC 14400
#define ALLAN_SAMPLES    86400
#define ALLAN_SEEDS      3

typedef struct {
    const SimFigure *figure;
    const SimContender *contender;
    uint32_t seed;
    double next_sec;
    SimCsv *csv;
} Curve;

static bool
is_event(const SimFigure *figure)
{
    return figure->trial.pause_ns != 0 || figure->trial.rate_jump_ppb != 0;
}

static bool
is_wanted(const SimBenchOptions *options, const SimFigure *figure)
{
    return options->only == NULL || strstr(figure->name, options->only) != NULL;
}

static void
on_offset(const SimLook *look, void *user_data)
{
    Curve *curve = user_data;
    if (look->elapsed_sec < curve->next_sec)
        return;
    curve->next_sec = look->elapsed_sec + fmax(FIRST_GAP_SEC, GAP_SHARE * look->elapsed_sec);
    sim_csv_add(curve->csv, "%s,%s,%u,%.3f,%.0f", curve->figure->name, curve->contender->name,
                curve->seed, look->elapsed_sec, look->error_ns);
}

static bool
write_offsets(const SimBenchOptions *options)
{
    SimCsv *csv = sim_csv_new(options->folder, "offsets.csv",
                              "figure,contender,seed,elapsed_sec,error_ns");
    for (unsigned i = 0; i < sim_n_figures; i++) {
        const SimFigure *figure = &sim_figures[i];
        if (!is_event(figure) || !is_wanted(options, figure))
            continue;
        for (size_t j = 0; j < 3 * CURVE_SEEDS; j++) {
            Curve curve = {
                .figure = figure,
                .contender = contenders[j / CURVE_SEEDS],
                .seed = (uint32_t)(j % CURVE_SEEDS + 1),
                .csv = csv,
            };
            SimTrial trial = figure->trial;
            trial.watch_ns = WATCH_SEC * VT_NS_PER_SEC;
            trial.on_look = on_offset;
            trial.user_data = &curve;
            sim_trial_run(&trial, curve.contender, curve.seed);
        }
    }
    return sim_csv_close(csv);
}

static void
on_phase(const SimLook *look, void *user_data)
{
    g_array_append_val((GArray *)user_data, look->error_ns);
}

/* Overlapping: all second differences of the phase over two spans of @n_steps samples. */
static double
get_allan_variance(const GArray *phases_ns, unsigned n_steps)
{
    const double *x = (const double *)(const void *)phases_ns->data;
    unsigned n = phases_ns->len - 2 * n_steps;
    double squares = 0;
    for (unsigned i = 0; i < n; i++) {
        double bend_ns = x[i + 2 * n_steps] - 2 * x[i + n_steps] + x[i];
        squares += bend_ns * bend_ns;
    }
    return squares / (2.0 * n * n_steps * n_steps) * 1e-18;
}

#define MOST_OCTAVES 14

static void
add_allan(const SimFigure *figure, const SimContender *contender, SimCsv *csv)
{
    double variances[MOST_OCTAVES] = { 0 };
    for (uint32_t seed = 1; seed <= ALLAN_SEEDS; seed++) {
        g_autoptr(GArray) phases_ns = g_array_new(FALSE, FALSE, sizeof(double));
        SimTrial trial = figure->trial;
        trial.settle_ns = ALLAN_SETTLE_SEC * VT_NS_PER_SEC;
        trial.watch_ns = ALLAN_SAMPLES * VT_NS_PER_SEC;
        trial.sample_ns = VT_NS_PER_SEC;
        trial.on_look = on_phase;
        trial.user_data = phases_ns;
        sim_trial_run(&trial, contender, seed);
        for (unsigned i = 0; i < MOST_OCTAVES; i++)
            variances[i] += get_allan_variance(phases_ns, 1U << i) / ALLAN_SEEDS;
    }
    for (unsigned i = 0; i < MOST_OCTAVES; i++)
        sim_csv_add(csv, "%s,%s,%u,%.4g", figure->name, contender->name, 1U << i,
                    sqrt(variances[i]));
}

static bool
write_allan(const SimBenchOptions *options)
{
    SimCsv *csv =
        sim_csv_new(options->folder, "allan.csv", "figure,contender,tau_sec,deviation");
    for (unsigned i = 0; i < sim_n_figures; i++) {
        if (is_event(&sim_figures[i]) || !is_wanted(options, &sim_figures[i]))
            continue;
        for (size_t j = 0; j < G_N_ELEMENTS(contenders); j++)
            add_allan(&sim_figures[i], contenders[j], csv);
    }
    return sim_csv_close(csv);
}

bool
sim_bench_curves(const SimBenchOptions *options)
{
    bool has_offsets = write_offsets(options);
    return write_allan(options) && has_offsets;
}
