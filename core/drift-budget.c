/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/drift-budget.h"

#include <math.h>

/* No oscillator is worse than this. */
#define MOST_DRIFT_PPB 500000.0
/* Temperature, and what else no estimate of the last while knows of. */
#define LEAST_DRIFT_PPB 1000.0

#define DOUBT_SIGMAS 3.0
#define CALM_SIGMAS  4.0

/* The wander is learnt by half decades: it may be the next one. */
#define WANDER_MARGIN 3.16

/* Until so many samples nobody knows how good they are; fewer will do if they took that long. */
#define FIRST_SAMPLES     32
#define FIRST_NS          (32 * VT_NS_PER_SEC)
#define FIRST_FEW_SAMPLES 8
#define FIRST_FEW_NS      (300 * VT_NS_PER_SEC)

/* A sample counts for so much in the mean of all. */
#define LEAST_SHARE (1.0 / 16)

/* So long, and so many samples, until what was learnt counts as proven. */
#define CALM_NS      (900 * VT_NS_PER_SEC)
#define CALM_SAMPLES 64

void
vt_drift_budget_init(VtDriftBudget *budget, double tracking_ppb, double disrupted_ppb)
{
    *budget = (VtDriftBudget){
        .tracking_ppb = tracking_ppb,
        .disrupted_ppb = disrupted_ppb,
    };
}

void
vt_drift_budget_reopen(VtDriftBudget *budget, const VtKalman *now, double before_ppb)
{
    double sigma_ppb = budget->disrupted_ppb / DOUBT_SIGMAS;
    VtKalmanDoubt doubt = { .rate_variance = sigma_ppb * sigma_ppb };
    budget->n_calm = 0;
    bool was_reopened = budget->is_reopened;
    budget->least_before_ppb =
        was_reopened ? fmin(budget->least_before_ppb, before_ppb) : before_ppb;
    budget->most_before_ppb =
        was_reopened ? fmax(budget->most_before_ppb, before_ppb) : before_ppb;
    budget->is_reopened = true;
    budget->reopened = *now;
    vt_kalman_reopen(&budget->reopened, &doubt);
}

/*
 * The bound moves with the rate that is believed, @rate_ppb; the one that was learnt from nothing
 * since then may be another, and is the better one if it is.
 */
static double
get_learnt_ppb(const VtDriftBudget *budget, double rate_ppb)
{
    double sigma_ppb = sqrt(fmax(budget->reopened.rate_variance, 0));
    double apart_ppb = fabs(budget->reopened.rate_ppb - rate_ppb);
    return apart_ppb + DOUBT_SIGMAS * sigma_ppb;
}

static double
get_reopened_ppb(const VtDriftBudget *budget, double rate_ppb)
{
    double changed_ppb = fmax(fabs(rate_ppb - budget->least_before_ppb),
                              fabs(rate_ppb - budget->most_before_ppb));
    return fmin(fmax(get_learnt_ppb(budget, rate_ppb), changed_ppb), budget->disrupted_ppb);
}

void
vt_drift_budget_take(VtDriftBudget *budget,
                     const VtSample *sample,
                     const VtDoubt *doubt,
                     double rate_ppb)
{
    if (budget->n_calm == 0)
        budget->raw_calm_at = sample->raw_at;
    budget->n_calm++;
    budget->raw_last_at = sample->raw_at;
    if (budget->n_all == 0)
        budget->raw_first_at = sample->raw_at;
    if (budget->n_all < FIRST_SAMPLES)
        budget->n_all++;
    double share = fmax(1.0 / budget->n_calm, LEAST_SHARE);
    budget->width_ns += share * ((double)doubt->half_width_ns - budget->width_ns);
    if (!budget->is_reopened)
        return;
    (void)vt_kalman_update(&budget->reopened, sample, doubt); /* how likely does not matter */
    budget->is_reopened = get_learnt_ppb(budget, rate_ppb) > budget->tracking_ppb;
}

/* What an oscillator that has been calm for long may do, if that is long enough ago. */
static double
get_calm_ppb(const VtDriftBudget *budget, const VtEstimate *estimate, double age_sec)
{
    VtNs calm_ns = vt_mono_diff(budget->raw_last_at, budget->raw_calm_at);
    if (budget->n_calm < CALM_SAMPLES || calm_ns < CALM_NS)
        return budget->tracking_ppb;
    double walk_ppb = WANDER_MARGIN * estimate->wander_ppb * sqrt(fmax(age_sec, 0));
    double calm_ppb = CALM_SIGMAS * hypot(estimate->rate_sigma_ppb, walk_ppb);
    return fmin(fmax(calm_ppb, LEAST_DRIFT_PPB), budget->tracking_ppb);
}

static bool
is_beginning(const VtDriftBudget *budget)
{
    VtNs calm_ns = vt_mono_diff(budget->raw_last_at, budget->raw_calm_at);
    bool is_long = budget->n_calm >= FIRST_FEW_SAMPLES && calm_ns >= FIRST_FEW_NS;
    VtNs known_ns = vt_mono_diff(budget->raw_last_at, budget->raw_first_at);
    return (budget->n_all < FIRST_SAMPLES || known_ns < FIRST_NS) && !is_long;
}

/*
 * Samples that may all be late on the same side, some more than others, show a rate that is
 * none.
 */
static double
get_slant_ppb(const VtDriftBudget *budget)
{
    double calm_sec = vt_ns_to_sec(vt_mono_diff(budget->raw_last_at, budget->raw_calm_at));
    return fmin(budget->width_ns / fmax(calm_sec, 1), budget->disrupted_ppb);
}

double
vt_drift_budget_get(const VtDriftBudget *budget, const VtEstimate *estimate, double age_sec)
{
    double doubt_ppb = fmin(DOUBT_SIGMAS * estimate->rate_sigma_ppb, MOST_DRIFT_PPB);
    double budget_ppb = get_calm_ppb(budget, estimate, age_sec);
    if (is_beginning(budget))
        budget_ppb = budget->disrupted_ppb;
    if (budget->is_reopened)
        budget_ppb = fmax(budget_ppb, get_reopened_ppb(budget, estimate->rate_ppb));
    return fmax(fmax(budget_ppb, doubt_ppb), get_slant_ppb(budget));
}
