/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Samples to a steady offset and rate. How much an oscillator wanders differs from machine to
 * machine by three orders of magnitude, so several Kalman filters run beside each other, each
 * with another idea of it; the one that has found the latest samples likeliest has the word.
 * What is still to be corrected is the estimate less what REALTIME shows already.
 */
#pragma once

#include <stdbool.h>

#include "core/kalman.h"

/* From 1e-10 to 1e-7 s/s per square root of a second, half a decade apart. */
#define VT_FILTER_MEMBERS 7

typedef struct {
    VtKalman members[VT_FILTER_MEMBERS];
    double scores[VT_FILTER_MEMBERS]; /* logarithm of likelihood; older samples count less */
    unsigned best;
} VtFilter;

/* What the filter says of one instant. */
typedef struct {
    bool is_known; /* false: no phase yet, only the rate is set */
    VtMono raw_at;
    VtNs raw_offset_ns;
    double offset_sigma_ns;
    double rate_ppb; /* positive: RAW runs slow */
    double rate_sigma_ppb;
    double wander_ppb; /* of the rate, per square root of a second */
} VtEstimate;

void vt_filter_init(VtFilter *filter, double rate_ppb, double rate_sigma_ppb);

/*
 * Takes @sample in, with the weight that @doubt gives it. Samples must come in order. Returns
 * how likely the best member found it, as vt_kalman_update does.
 */
double vt_filter_update(VtFilter *filter, const VtSample *sample, const VtDoubt *doubt);

/* Takes the phase from @sample alone and keeps the rate: after a disruption. */
void vt_filter_reset_phase(VtFilter *filter, const VtSample *sample, const VtDoubt *doubt);

/* Adds to the doubts, so that the next samples weigh more: the oscillator has changed. */
void vt_filter_reopen(VtFilter *filter, double phase_sigma_ns, double rate_sigma_ppb);

/* The reference's scale was moved by @shift_ns: a leap second, or another idea of its path. */
void vt_filter_shift(VtFilter *filter, VtNs shift_ns);

/* All members go on from the state of @kalman, and the one like it has the word. */
void vt_filter_adopt(VtFilter *filter, const VtKalman *kalman);

/* The one that has the word. Borrowed. */
const VtKalman *vt_filter_get_best(const VtFilter *filter);

/* @raw_at not before the last sample. */
VtEstimate vt_filter_predict(const VtFilter *filter, VtMono raw_at);

/* What REALTIME is off at @now (reference - REALTIME); @estimate must be of @now. */
VtNs vt_estimate_get_offset(const VtEstimate *estimate, VtInstant now);
