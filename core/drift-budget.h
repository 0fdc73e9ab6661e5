/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How fast the clock may run away at most from what it was last seen to be, for the error bound.
 * 15 ppm (PHI of RFC 5905) while nothing better is proven: an oscillator that was calm for a
 * quarter of an hour is held to what it was learnt to wander, but never to less than 1 ppm. After a
 * disruption it may be another oscillator, and so it may after a jump of the phase or of the rate,
 * since what is taken for one of them may be both: 250 ppm, or three sigmas of a rate that is
 * learnt from nothing since then and what it differs by from the one that is believed, once that
 * is less. Until then it may also be the one of before, since a queue that builds up may look like
 * another. The same 250 ppm hold for the first samples of all, of which nobody knows yet how good
 * they are.
 */
#pragma once

#include "core/filter.h"

typedef struct {
    double tracking_ppb;
    double disrupted_ppb;
    bool is_reopened; /* since something happened: the one below means something */
    VtKalman reopened;
    double least_before_ppb; /* the rates that were believed before what happened since then */
    double most_before_ppb;
    unsigned n_all;      /* samples, up to a limit */
    VtMono raw_first_at; /* the first of all */
    unsigned n_calm;     /* samples since something happened */
    VtMono raw_calm_at;  /* the first of them, */
    VtMono raw_last_at;  /* and the last */
    double width_ns;     /* of their intervals, half of it, in the mean */
} VtDriftBudget;

void vt_drift_budget_init(VtDriftBudget *budget, double tracking_ppb, double disrupted_ppb);

/*
 * A disruption was put right, or phase or rate jumped; @now is what the filter believes since, and
 * @before_ppb the rate that it believed until then.
 */
void vt_drift_budget_reopen(VtDriftBudget *budget, const VtKalman *now, double before_ppb);

/* @rate_ppb is what is believed with it. */
void vt_drift_budget_take(VtDriftBudget *budget,
                          const VtSample *sample,
                          const VtDoubt *doubt,
                          double rate_ppb);

/* In ppb, over @age_sec; @estimate must be of the end of that time. */
double
vt_drift_budget_get(const VtDriftBudget *budget, const VtEstimate *estimate, double age_sec);
