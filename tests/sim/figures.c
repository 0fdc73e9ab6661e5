/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/sim/figures.h"

#include <math.h>

#define SEC_NS VT_NS_PER_SEC
#define MS_NS  VT_NS_PER_MS

/* At most 8 a second for 6 s and 4 at once; the tick is one of them. */
#define MOST_WAKE_UPS 52

/* An event that is over in seconds, seen for long enough that "stays for 60 s" can be said. */
#define EVENT(path_, tick_ms_, pause_ms_, jump_ppm_)                                         \
    {                                                                                        \
        .path = SIM_PATH_##path_, .tick_ns = (tick_ms_)*MS_NS, .wander_ppb_per_sqrt_sec = 1, \
        .settle_ns = 600 * SEC_NS, .pause_ns = (pause_ms_)*MS_NS,                            \
        .rate_jump_ppb = (jump_ppm_)*1000.0, .watch_ns = 120 * SEC_NS,                       \
        .sample_ns = 10 * MS_NS,                                                             \
    }

/* An hour in which nothing happens, after another one. */
#define STEADY(path_, wander_ppb_)                                                             \
    {                                                                                          \
        .path = SIM_PATH_##path_, .tick_ns = SEC_NS, .wander_ppb_per_sqrt_sec = (wander_ppb_), \
        .settle_ns = 3600 * SEC_NS, .watch_ns = 3600 * SEC_NS, .sample_ns = 100 * MS_NS,       \
    }

#define STEP_GOALS                                              \
    {                                                           \
        { SIM_MEASURE_TO_100US, 0.6, 1.15, 1.15 },              \
            { SIM_MEASURE_OVERSHOOT, 100e3, 100e3, 100e3 },     \
        {                                                       \
            SIM_MEASURE_BUDGET, 0, MOST_WAKE_UPS, MOST_WAKE_UPS \
        }                                                       \
    }

const SimFigure sim_figures[] = {
    { "pause-60s-network", "pause of 60 s, network", EVENT(NETWORK, 1000, 60000, 0),
      STEP_GOALS },
    { "pause-0.5s-network", "pause of 0.5 s, network", EVENT(NETWORK, 1000, 500, 0),
      STEP_GOALS },
    { "step-5ms-network", "step of 5 ms, network", EVENT(NETWORK, 1000, 5, 0), STEP_GOALS },
    { "pause-60s-phc", "pause of 60 s, PHC", EVENT(PHC, 1000, 60000, 0), STEP_GOALS },
    { "pause-0.5s-phc", "pause of 0.5 s, PHC", EVENT(PHC, 1000, 500, 0), STEP_GOALS },
    { "step-5ms-phc", "step of 5 ms, PHC", EVENT(PHC, 1000, 5, 0), STEP_GOALS },
    { "pause-and-30ppm-network",
      "pause of 0.2 s and +30 ppm, network",
      EVENT(NETWORK, 1000, 200, 30),
      { { SIM_MEASURE_TO_100US, 0.7, 1.2, 1.2 },
        { SIM_MEASURE_BUDGET, 0, MOST_WAKE_UPS, MOST_WAKE_UPS } } },
    { "200ppm-network",
      "+200 ppm, network",
      EVENT(NETWORK, 1000, 0, 200),
      { { SIM_MEASURE_PEAK, 200e3, 350e3, 350e3 },
        { SIM_MEASURE_TO_100US, 1.3, 2.5, 4 },
        { SIM_MEASURE_TO_10US, 3, 5, 15 },
        { SIM_MEASURE_SEEN, 0, 0, 2.5 },
        { SIM_MEASURE_BUDGET, 0, MOST_WAKE_UPS, MOST_WAKE_UPS } } },
    { "-100ppm-network",
      "-100 ppm, network",
      EVENT(NETWORK, 1000, 0, -100),
      { { SIM_MEASURE_PEAK, 130e3, 0, 200e3 },
        { SIM_MEASURE_TO_10US, 3, 0, 15 },
        { SIM_MEASURE_SEEN, 0, 0, 2.5 },
        { SIM_MEASURE_BUDGET, 0, MOST_WAKE_UPS, MOST_WAKE_UPS } } },
    { "200ppm-phc",
      "+200 ppm, PHC, tick 1 s",
      EVENT(PHC, 1000, 0, 200),
      { { SIM_MEASURE_PEAK, 130e3, 215e3, 215e3 },
        { SIM_MEASURE_TO_100US, 0.9, 0, 3 },
        { SIM_MEASURE_TO_10US, 1.3, 1.8, 5 },
        { SIM_MEASURE_SEEN, 0, 0, 2.5 } } },
    { "200ppm-phc-125ms",
      "+200 ppm, PHC, tick 125 ms",
      EVENT(PHC, 125, 0, 200),
      { { SIM_MEASURE_PEAK, 30e3, 40e3, 40e3 },
        { SIM_MEASURE_TO_10US, 0.5, 0, 2.5 },
        { SIM_MEASURE_SEEN, 0, 0, 0.5 } } },
    { "50ppm-phc",
      "+50 ppm, PHC, tick 1 s",
      EVENT(PHC, 1000, 0, 50),
      { { SIM_MEASURE_PEAK, 40e3, 55e3, 55e3 },
        { SIM_MEASURE_TO_10US, 1.2, 0, 3 },
        { SIM_MEASURE_SEEN, 0, 0, 2.5 } } },
    { "steady-network-1e-9",
      "steady, network, wander 1e-9",
      STEADY(NETWORK, 1),
      { { SIM_MEASURE_RMS_OFFSET, 900, 0, 900 },
        { SIM_MEASURE_RMS_RATE, 25, 0, 50 },
        { SIM_MEASURE_RMS_BASE, 25, 0, 25 },
        { SIM_MEASURE_READINGS, 0, 1.05, 1.05 } } },
    { "steady-network-1e-8",
      "steady, network, wander 1e-8",
      STEADY(NETWORK, 10),
      { { SIM_MEASURE_RMS_OFFSET, 1600, 0, 1600 },
        { SIM_MEASURE_RMS_RATE, 80, 0, 150 },
        { SIM_MEASURE_RMS_BASE, 80, 0, 100 },
        { SIM_MEASURE_READINGS, 0, 1.05, 1.05 } } },
    { "steady-phc-1e-9",
      "steady, PHC, wander 1e-9",
      STEADY(PHC, 1),
      { { SIM_MEASURE_RMS_OFFSET, 15, 0, 16 },
        { SIM_MEASURE_RMS_RATE, 6, 0, 6 },
        { SIM_MEASURE_RMS_BASE, 6, 0, 5 },
        { SIM_MEASURE_READINGS, 0, 5.25, 5.25 } } },
    { "steady-phc-1e-8",
      "steady, PHC, wander 1e-8",
      STEADY(PHC, 10),
      { { SIM_MEASURE_RMS_OFFSET, 28, 0, 31 },
        { SIM_MEASURE_RMS_RATE, 20, 0, 24 },
        { SIM_MEASURE_RMS_BASE, 20, 0, 18 },
        { SIM_MEASURE_READINGS, 0, 5.25, 5.25 } } },
};

const unsigned sim_n_figures = G_N_ELEMENTS(sim_figures);

static const struct {
    const char *name;
    const char *unit;
    double divisor;
} measure_texts[] = {
    [SIM_MEASURE_END] = { "", "", 1 },
    [SIM_MEASURE_TO_100US] = { "to 100 us", "s", 1 },
    [SIM_MEASURE_TO_10US] = { "to 10 us", "s", 1 },
    [SIM_MEASURE_PEAK] = { "peak", "us", 1000 },
    [SIM_MEASURE_OVERSHOOT] = { "overshoot", "us", 1000 },
    [SIM_MEASURE_RMS_OFFSET] = { "RMS offset", "ns", 1 },
    [SIM_MEASURE_RMS_RATE] = { "RMS rate", "ppb", 1 },
    [SIM_MEASURE_RMS_BASE] = { "RMS base rate", "ppb", 1 },
    [SIM_MEASURE_SEEN] = { "detected", "s", 1 },
    [SIM_MEASURE_READINGS] = { "readings", "/s", 1 },
    [SIM_MEASURE_BUDGET] = { "wake-ups in 6 s", "", 1 },
};

const char *
sim_measure_name(SimMeasure measure)
{
    return measure_texts[measure].name;
}

const char *
sim_measure_unit(SimMeasure measure)
{
    return measure_texts[measure].unit;
}

double
sim_measure_to_unit(SimMeasure measure, double value)
{
    return value / measure_texts[measure].divisor;
}

bool
sim_goal_is_missed(const SimGoal *goal, const SimFigureValue *value)
{
    return (goal->goal > 0 && value->median > goal->goal) ||
           (goal->goal_worst > 0 && value->worst > goal->goal_worst);
}

static double
pick(const SimTrialResult *result, SimMeasure measure)
{
    switch (measure) {
    case SIM_MEASURE_TO_100US:
        return result->to_100us_sec;
    case SIM_MEASURE_TO_10US:
        return result->to_10us_sec;
    case SIM_MEASURE_PEAK:
        return result->peak_ns;
    case SIM_MEASURE_OVERSHOOT:
        return result->overshoot_ns;
    case SIM_MEASURE_RMS_OFFSET:
        return result->rms_offset_ns;
    case SIM_MEASURE_RMS_RATE:
        return result->rms_rate_ppb;
    case SIM_MEASURE_RMS_BASE:
        return result->rms_base_ppb;
    case SIM_MEASURE_SEEN:
        return result->jump_seen_sec;
    case SIM_MEASURE_READINGS:
        return result->readings_per_sec;
    case SIM_MEASURE_BUDGET:
        return result->most_in_six_sec;
    case SIM_MEASURE_END:
        break;
    }
    g_assert_not_reached();
}

static int
compare_doubles(gconstpointer one, gconstpointer other)
{
    double a = *(const double *)one;
    double b = *(const double *)other;
    return (a > b) - (a < b);
}

static double
get_median(const GArray *sorted)
{
    guint middle = sorted->len / 2;
    double high = g_array_index(sorted, double, middle);
    return sorted->len % 2 == 1 ? high : (high + g_array_index(sorted, double, middle - 1)) / 2;
}

void
sim_figure_measure(const SimFigure *figure,
                   const SimContender *contender,
                   unsigned n_seeds,
                   SimFigureValue *ret_values)
{
    g_autofree SimTrialResult *results = g_new(SimTrialResult, n_seeds);
    for (unsigned i = 0; i < n_seeds; i++)
        results[i] = sim_trial_run(&figure->trial, contender, i + 1);

    for (int i = 0; figure->goals[i].measure != SIM_MEASURE_END; i++) {
        g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
        for (unsigned j = 0; j < n_seeds; j++) {
            double value = pick(&results[j], figure->goals[i].measure);
            g_array_append_val(values, value);
        }
        g_array_sort(values, compare_doubles);
        ret_values[i] = (SimFigureValue){
            .median = get_median(values),
            .worst = g_array_index(values, double, n_seeds - 1),
        };
    }
}
