/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/asymmetry.h"

#include <math.h>

#define LEAST_POINTS 8

/* A lean that chance alone makes as great more often than once in twenty times is none. */
#define LEAN_SIGMAS 2.0

#define MOST 0.5

typedef struct {
    double delay_ns;
    double residual_ns;
} Pair;

static Pair
get_pair(const VtSourceStats *stats, const VtSourceFit *fit, unsigned index)
{
    const VtSourcePoint *point = &stats->points[index];
    VtNs predicted_ns = vt_source_fit_predict(fit, point->raw_at);
    return (Pair){
        .delay_ns = (double)point->delay_ns,
        .residual_ns = (double)vt_ns_sub(point->raw_offset_ns, predicted_ns),
    };
}

static Pair
get_mean(const VtSourceStats *stats, const VtSourceFit *fit)
{
    Pair mean = { 0 };
    for (unsigned i = 0; i < stats->n_points; i++) {
        Pair pair = get_pair(stats, fit, i);
        mean.delay_ns += pair.delay_ns / stats->n_points;
        mean.residual_ns += pair.residual_ns / stats->n_points;
    }
    return mean;
}

double
vt_asymmetry_estimate(const VtSourceStats *stats, const VtSourceFit *fit)
{
    double delays = 0, residuals = 0,
           both = 0; /* sums of squares and products about the mean */
    if (stats->n_points < LEAST_POINTS || !fit->has_rate)
        return 0;
    Pair mean = get_mean(stats, fit);
    for (unsigned i = 0; i < stats->n_points; i++) {
        Pair pair = get_pair(stats, fit, i);
        double delay_ns = pair.delay_ns - mean.delay_ns;
        double residual_ns = pair.residual_ns - mean.residual_ns;
        delays += delay_ns * delay_ns;
        residuals += residual_ns * residual_ns;
        both += delay_ns * residual_ns;
    }
    if (delays <= 0)
        return 0;
    double slope = both / delays;
    double unexplained = fmax(residuals - slope * both, 0);
    double slope_sigma = sqrt(unexplained / ((stats->n_points - 2) * delays));
    if (fabs(slope) < LEAN_SIGMAS * slope_sigma)
        return 0;
    return fmax(-MOST, fmin(-slope, MOST)) + 0.0; /* no -0.0 */
}
