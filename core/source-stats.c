/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/source-stats.h"

#include <math.h>
#include <string.h>

#define LEAST_FOR_RATE 3

/* With fewer residuals their signs tell nothing. */
#define LEAST_FOR_RUNS 6

/* Of those that tell where a reference stands. */
#define LEVEL_POINTS 8

/* One-sided 5 % of a normal distribution. */
#define RUNS_SIGMAS 1.645

/* Delays that differ by less are alike. */
#define LEAST_EXCESS_NS 1000.0

/* Student's t for 99.95 % on two sides, by degrees of freedom. */
static const struct {
    unsigned n_freedom;
    double factor;
} quantiles[] = {
    { 1, 636.6 }, { 2, 31.6 },  { 3, 12.92 }, { 5, 6.87 },
    { 10, 4.59 }, { 20, 3.85 }, { 40, 3.55 },
};

typedef struct {
    double weight[VT_SOURCE_STATS_MOST];
    double time_sec[VT_SOURCE_STATS_MOST]; /* relative to the newest point */
    double offset_ns[VT_SOURCE_STATS_MOST];
    unsigned n;
} Series;

/* offset = at_newest + slope * time */
typedef struct {
    double at_newest_ns;
    double slope_ppb;
    double sigma_ns;
    double slope_sigma_ppb;
    unsigned n_runs;
    bool looks_like_noise;
} Line;

static void
weigh(const VtSourceStats *stats, Series *series)
{
    VtNs least_ns = VT_NS_MAX;
    double sum_ns = 0;
    for (unsigned i = 0; i < stats->n_points; i++)
        least_ns = vt_ns_min(least_ns, stats->points[i].delay_ns);
    for (unsigned i = 0; i < stats->n_points; i++)
        sum_ns += (double)vt_ns_sub(stats->points[i].delay_ns, least_ns);
    double scale_ns = fmax(sum_ns / fmax(stats->n_points, 1), LEAST_EXCESS_NS);
    for (unsigned i = 0; i < stats->n_points; i++) {
        double excess = (double)vt_ns_sub(stats->points[i].delay_ns, least_ns) / scale_ns;
        series->weight[i] = 1 / (1 + excess * excess);
    }
}

static void
make_series(const VtSourceStats *stats, Series *series)
{
    const VtSourcePoint *newest = &stats->points[stats->n_points - 1];
    series->n = stats->n_points;
    for (unsigned i = 0; i < stats->n_points; i++) {
        const VtSourcePoint *point = &stats->points[i];
        series->time_sec[i] = vt_ns_to_sec(vt_mono_diff(point->raw_at, newest->raw_at));
        series->offset_ns[i] = (double)vt_ns_sub(point->raw_offset_ns, newest->raw_offset_ns);
    }
    weigh(stats, series);
}

/* Wald and Wolfowitz: are the signs of the residuals in random order? */
static void
count_runs(const Series *series, Line *line)
{
    unsigned n_positive = 0;
    bool was_positive = false;
    line->n_runs = 0;
    for (unsigned i = 0; i < series->n; i++) {
        double residual_ns =
            series->offset_ns[i] - line->at_newest_ns - line->slope_ppb * series->time_sec[i];
        bool is_positive = residual_ns > 0;
        n_positive += is_positive;
        line->n_runs += i == 0 || is_positive != was_positive;
        was_positive = is_positive;
    }
    double n = series->n;
    double product = 2.0 * n_positive * (n - n_positive);
    double mean = product / n + 1;
    double variance = product * (product - n) / (n * n * fmax(n - 1, 1));
    line->looks_like_noise = series->n < LEAST_FOR_RUNS || variance <= 0 ||
                             line->n_runs >= mean - RUNS_SIGMAS * sqrt(variance);
}

static Line
fit_line(const Series *series)
{
    double weight = 0, time = 0, offset = 0, spread = 0, slope = 0, squares = 0;
    for (unsigned i = 0; i < series->n; i++) {
        weight += series->weight[i];
        time += series->weight[i] * series->time_sec[i];
        offset += series->weight[i] * series->offset_ns[i];
    }
    time /= weight;
    offset /= weight;
    for (unsigned i = 0; i < series->n; i++) {
        double from_middle = series->time_sec[i] - time;
        spread += series->weight[i] * from_middle * from_middle;
        slope += series->weight[i] * from_middle * (series->offset_ns[i] - offset);
    }
    Line line = { .slope_ppb = spread > 0 ? slope / spread : 0 };
    line.at_newest_ns = offset - line.slope_ppb * time;
    for (unsigned i = 0; i < series->n; i++) {
        double residual_ns =
            series->offset_ns[i] - line.at_newest_ns - line.slope_ppb * series->time_sec[i];
        squares += series->weight[i] * residual_ns * residual_ns;
    }
    double n = series->n;
    line.sigma_ns = sqrt(squares / weight * n / fmax(n - 2, 1));
    if (spread > 0)
        line.slope_sigma_ppb = line.sigma_ns / sqrt(spread / weight * n);
    count_runs(series, &line);
    return line;
}

static void
drop_oldest(VtSourceStats *stats)
{
    stats->n_points--;
    memmove(&stats->points[0], &stats->points[1], stats->n_points * sizeof stats->points[0]);
}

void
vt_source_stats_add(VtSourceStats *stats, const VtSample *sample)
{
    Series series;
    if (stats->n_points == VT_SOURCE_STATS_MOST)
        drop_oldest(stats);
    stats->points[stats->n_points++] = (VtSourcePoint){
        .raw_at = sample->raw_at,
        .raw_offset_ns = sample->raw_offset_ns,
        .delay_ns = sample->delay_ns,
    };
    while (stats->n_points > LEAST_FOR_RATE) {
        make_series(stats, &series);
        if (fit_line(&series).looks_like_noise)
            return;
        drop_oldest(stats);
    }
}

void
vt_source_stats_forget(VtSourceStats *stats)
{
    stats->n_points = 0;
}

static double
get_quantile(unsigned n_freedom)
{
    double factor = quantiles[0].factor;
    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++) {
        if (quantiles[i].n_freedom <= n_freedom)
            factor = quantiles[i].factor;
    }
    return factor;
}

VtSourceFit
vt_source_stats_fit(const VtSourceStats *stats, double assumed_rate_ppb)
{
    VtSourceFit fit = { .n_samples = stats->n_points, .rate_ppb = assumed_rate_ppb };
    Series series;
    if (stats->n_points == 0)
        return fit;

    const VtSourcePoint *newest = &stats->points[stats->n_points - 1];
    fit.raw_at = newest->raw_at;
    fit.raw_offset_ns = newest->raw_offset_ns;
    fit.span_ns = vt_mono_diff(newest->raw_at, stats->points[0].raw_at);
    make_series(stats, &series);
    Line line = fit_line(&series);
    fit.n_runs = line.n_runs;
    if (stats->n_points < LEAST_FOR_RATE)
        return fit;
    fit.has_rate = true;
    fit.rate_ppb = line.slope_ppb;
    fit.skew_ppb = line.slope_sigma_ppb * get_quantile(stats->n_points - 2);
    fit.sigma_ns = line.sigma_ns;
    fit.raw_offset_ns = vt_ns_add(newest->raw_offset_ns, vt_ns_from_double(line.at_newest_ns));
    return fit;
}

VtNs
vt_source_fit_predict(const VtSourceFit *fit, VtMono raw_at)
{
    double age_sec = vt_ns_to_sec(vt_mono_diff(raw_at, fit->raw_at));
    return vt_ns_add(fit->raw_offset_ns, vt_ns_from_double(fit->rate_ppb * age_sec));
}

VtNs
vt_source_stats_level(const VtSourceStats *stats, double rate_ppb, VtMono raw_at)
{
    const VtSourcePoint *newest = &stats->points[stats->n_points - 1];
    unsigned first = stats->n_points > LEVEL_POINTS ? stats->n_points - LEVEL_POINTS : 0;
    Series series;
    double weight = 0, sum_ns = 0;

    make_series(stats, &series);
    for (unsigned i = first; i < series.n; i++) {
        weight += series.weight[i];
        sum_ns += series.weight[i] * (series.offset_ns[i] - rate_ppb * series.time_sec[i]);
    }
    double age_sec = vt_ns_to_sec(vt_mono_diff(raw_at, newest->raw_at));
    return vt_ns_add(newest->raw_offset_ns,
                     vt_ns_from_double(sum_ns / weight + rate_ppb * age_sec));
}
