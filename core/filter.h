/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Samples to a steady offset and rate: a Kalman filter of two states, the offset of the
 * reference against MONOTONIC_RAW and its rate. RAW is touched by no correction, so the filter
 * need not know of steps and slews; what is still to be corrected is the estimate less what
 * REALTIME shows already. Offsets are kept as an integer and a small remainder: they are about
 * 1.8e18 ns, where a double has steps of 256 ns.
 */
#pragma once

#include <stdbool.h>

#include "core/delay.h"
#include "core/sample.h"

typedef struct {
    bool has_phase; /* else only the rate means anything */
    VtMono raw_at;
    VtNs raw_offset_ns;     /* whole part, reference - MONOTONIC_RAW */
    double remainder_ns;    /* to be added */
    double rate_ppb;        /* reference against RAW; ppb are ns per s */
    double phase_variance;  /* ns^2 */
    double covariance;      /* ns ppb */
    double rate_variance;   /* ppb^2 */
    double wander_variance; /* ppb^2 per s */
} VtFilter;

/* What the filter says of one instant. */
typedef struct {
    bool is_known; /* false: no phase yet, only the rate is set */
    VtMono raw_at;
    VtNs raw_offset_ns;
    double offset_sigma_ns;
    double rate_ppb; /* positive: RAW runs slow */
    double rate_sigma_ppb;
} VtEstimate;

void vt_filter_init(VtFilter *filter, double rate_ppb, double rate_sigma_ppb);

/* Takes @sample in, with the weight that @doubt gives it. Samples must come in order. */
void vt_filter_update(VtFilter *filter, const VtSample *sample, const VtDoubt *doubt);

/* Takes the phase from @sample alone and keeps the rate: after a disruption. */
void vt_filter_reset_phase(VtFilter *filter, const VtSample *sample, const VtDoubt *doubt);

/* Adds to the doubts, so that the next samples weigh more: the oscillator has changed. */
void vt_filter_reopen(VtFilter *filter, double phase_sigma_ns, double rate_sigma_ppb);

/* @raw_at not before the last sample. */
VtEstimate vt_filter_predict(const VtFilter *filter, VtMono raw_at);

/* What REALTIME is off at @now (reference - REALTIME); @estimate must be of @now. */
VtNs vt_estimate_get_offset(const VtEstimate *estimate, VtInstant now);
