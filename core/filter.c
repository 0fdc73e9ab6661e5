/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/filter.h"

#include <math.h>

/* At first: 1e-9 per square root of a second (quartz, PC). */
#define FIRST_MEMBER 2

/* ppb per square root of a second; half a decade is where a neighbour costs next to nothing. */
static const double wanders_ppb[VT_FILTER_MEMBERS] = { 0.1, 0.316, 1, 3.16, 10, 31.6, 100 };

/* Over so many samples a member earns its score. */
#define MEMORY_SAMPLES 1024.0

/* Another must have been e times as likely. */
#define LEAST_LEAD 1.0

void
vt_filter_init(VtFilter *filter, double rate_ppb, double rate_sigma_ppb)
{
    *filter = (VtFilter){ .best = FIRST_MEMBER };
    for (int i = 0; i < VT_FILTER_MEMBERS; i++)
        filter->members[i] = (VtKalman){
            .rate_ppb = rate_ppb,
            .rate_variance = rate_sigma_ppb * rate_sigma_ppb,
            .wander_variance = wanders_ppb[i] * wanders_ppb[i],
        };
}

static void
choose_best(VtFilter *filter)
{
    for (unsigned i = 0; i < VT_FILTER_MEMBERS; i++) {
        if (filter->scores[i] > filter->scores[filter->best] + LEAST_LEAD)
            filter->best = i;
    }
}

double
vt_filter_update(VtFilter *filter, const VtSample *sample, const VtDoubt *doubt)
{
    double likelihoods[VT_FILTER_MEMBERS];
    for (int i = 0; i < VT_FILTER_MEMBERS; i++)
        likelihoods[i] = vt_kalman_update(&filter->members[i], sample, doubt);
    double of_best = likelihoods[filter->best];
    /* Only differences count; so the scores stay near zero. */
    for (int i = 0; i < VT_FILTER_MEMBERS; i++) {
        filter->scores[i] += likelihoods[i] - of_best;
        filter->scores[i] -= filter->scores[i] / MEMORY_SAMPLES;
    }
    choose_best(filter);
    return of_best;
}

void
vt_filter_reset_phase(VtFilter *filter, const VtSample *sample, const VtDoubt *doubt)
{
    for (int i = 0; i < VT_FILTER_MEMBERS; i++)
        vt_kalman_reset_phase(&filter->members[i], sample, doubt);
}

void
vt_filter_reopen(VtFilter *filter, double phase_sigma_ns, double rate_sigma_ppb)
{
    VtKalmanDoubt doubt = {
        .phase_variance = phase_sigma_ns * phase_sigma_ns,
        .rate_variance = rate_sigma_ppb * rate_sigma_ppb,
    };
    for (int i = 0; i < VT_FILTER_MEMBERS; i++)
        vt_kalman_reopen(&filter->members[i], &doubt);
}

void
vt_filter_shift(VtFilter *filter, VtNs shift_ns)
{
    for (int i = 0; i < VT_FILTER_MEMBERS; i++)
        vt_kalman_shift(&filter->members[i], shift_ns);
}

void
vt_filter_adopt(VtFilter *filter, const VtKalman *kalman)
{
    for (unsigned i = 0; i < VT_FILTER_MEMBERS; i++) {
        double wander_variance = filter->members[i].wander_variance;
        if (wander_variance == kalman->wander_variance)
            filter->best = i;
        filter->members[i] = *kalman;
        filter->members[i].wander_variance = wander_variance;
    }
    /* A jump speaks for a strong wander; now that it is known for what it was, it does not. */
    for (unsigned i = 0; i < VT_FILTER_MEMBERS; i++)
        filter->scores[i] = fmin(filter->scores[i], filter->scores[filter->best]);
}

const VtKalman *
vt_filter_get_best(const VtFilter *filter)
{
    return &filter->members[filter->best];
}

VtEstimate
vt_filter_predict(const VtFilter *filter, VtMono raw_at)
{
    VtKalman later = *vt_filter_get_best(filter);
    if (later.has_phase)
        vt_kalman_advance(&later, raw_at);
    return (VtEstimate){
        .is_known = later.has_phase,
        .raw_at = raw_at,
        .raw_offset_ns = later.raw_offset_ns,
        .offset_sigma_ns = sqrt(fmax(later.phase_variance, 0)),
        .rate_ppb = later.rate_ppb,
        .rate_sigma_ppb = sqrt(fmax(later.rate_variance, 0)),
        .wander_ppb = sqrt(later.wander_variance),
    };
}

VtNs
vt_estimate_get_offset(const VtEstimate *estimate, VtInstant now)
{
    VtNs shown_ns = vt_ns_sub(now.wall.ns, now.raw.ns);
    return vt_ns_sub(estimate->raw_offset_ns, shown_ns);
}
