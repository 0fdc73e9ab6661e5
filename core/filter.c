/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/filter.h"

#include <math.h>

/* Random walk of a guest's oscillator: 1e-9 per square root of a second (quartz, PC). */
#define WANDER_PPB_PER_SQRT_SEC 1.0

void
vt_filter_init(VtFilter *filter, double rate_ppb, double rate_sigma_ppb)
{
    *filter = (VtFilter){
        .rate_ppb = rate_ppb,
        .rate_variance = rate_sigma_ppb * rate_sigma_ppb,
        .wander_variance = WANDER_PPB_PER_SQRT_SEC * WANDER_PPB_PER_SQRT_SEC,
    };
}

/* Moves whole nanoseconds from the remainder, so that it stays below one. */
static void
carry_remainder(VtFilter *filter)
{
    VtNs whole_ns = vt_ns_from_double(filter->remainder_ns);
    filter->raw_offset_ns = vt_ns_add(filter->raw_offset_ns, whole_ns);
    filter->remainder_ns -= (double)whole_ns;
}

/*
 * x' = x + y dt, y' = y; with q the wander's variance per second
 *
 *          | q dt^3 / 3   q dt^2 / 2 |
 *      Q = | q dt^2 / 2   q dt       |
 */
static void
advance(VtFilter *filter, VtMono raw_at)
{
    double span_sec = vt_ns_to_sec(vt_mono_diff(raw_at, filter->raw_at));
    if (span_sec <= 0)
        return;

    double q = filter->wander_variance;
    filter->raw_at = raw_at;
    filter->remainder_ns += filter->rate_ppb * span_sec;
    carry_remainder(filter);
    filter->phase_variance += 2 * span_sec * filter->covariance +
                              span_sec * span_sec * filter->rate_variance +
                              q * span_sec * span_sec * span_sec / 3;
    filter->covariance += span_sec * filter->rate_variance + q * span_sec * span_sec / 2;
    filter->rate_variance += q * span_sec;
}

void
vt_filter_reset_phase(VtFilter *filter, const VtSample *sample, const VtDoubt *doubt)
{
    if (filter->has_phase)
        advance(filter, sample->raw_at);
    filter->has_phase = true;
    filter->raw_at = sample->raw_at;
    filter->raw_offset_ns = sample->raw_offset_ns;
    filter->remainder_ns = 0;
    filter->phase_variance = doubt->sigma_ns * doubt->sigma_ns;
    filter->covariance = 0;
}

void
vt_filter_update(VtFilter *filter, const VtSample *sample, const VtDoubt *doubt)
{
    if (!filter->has_phase) {
        vt_filter_reset_phase(filter, sample, doubt);
        return;
    }
    advance(filter, sample->raw_at);

    double innovation_ns =
        (double)vt_ns_sub(sample->raw_offset_ns, filter->raw_offset_ns) - filter->remainder_ns;
    double innovation_variance = filter->phase_variance + doubt->sigma_ns * doubt->sigma_ns;
    double phase_gain = filter->phase_variance / innovation_variance;
    double rate_gain = filter->covariance / innovation_variance;

    filter->remainder_ns += phase_gain * innovation_ns;
    carry_remainder(filter);
    filter->rate_ppb += rate_gain * innovation_ns;
    filter->rate_variance -= rate_gain * filter->covariance;
    filter->covariance *= 1 - phase_gain;
    filter->phase_variance *= 1 - phase_gain;
}

void
vt_filter_reopen(VtFilter *filter, double phase_sigma_ns, double rate_sigma_ppb)
{
    filter->phase_variance += phase_sigma_ns * phase_sigma_ns;
    filter->rate_variance += rate_sigma_ppb * rate_sigma_ppb;
}

VtEstimate
vt_filter_predict(const VtFilter *filter, VtMono raw_at)
{
    VtFilter later = *filter;
    if (later.has_phase)
        advance(&later, raw_at);
    return (VtEstimate){
        .is_known = later.has_phase,
        .raw_at = raw_at,
        .raw_offset_ns = later.raw_offset_ns,
        .offset_sigma_ns = sqrt(fmax(later.phase_variance, 0)),
        .rate_ppb = later.rate_ppb,
        .rate_sigma_ppb = sqrt(fmax(later.rate_variance, 0)),
    };
}

VtNs
vt_estimate_get_offset(const VtEstimate *estimate, VtInstant now)
{
    VtNs shown_ns = vt_ns_sub(now.wall.ns, now.raw.ns);
    return vt_ns_sub(estimate->raw_offset_ns, shown_ns);
}
