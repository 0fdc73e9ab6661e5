/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the readings of one reference tell together: a straight line through them, by least
 * squares on reference - MONOTONIC_RAW, those with a short delay counting for more. Readings of
 * before the oscillator changed leave residuals of one sign in long runs, and are dropped from
 * the old end until what is left looks like noise. It serves the comparison of references and
 * the operator; the clock is steered by the filter.
 */
#pragma once

#include <stdbool.h>

#include "core/sample.h"

#define VT_SOURCE_STATS_MOST 64

typedef struct {
    VtMono raw_at;
    VtNs raw_offset_ns;
    VtNs delay_ns;
} VtSourcePoint;

/* Zeroed is fresh. */
typedef struct {
    VtSourcePoint points[VT_SOURCE_STATS_MOST]; /* oldest first */
    unsigned n_points;
} VtSourceStats;

typedef struct {
    unsigned n_samples;
    unsigned n_runs;    /* of residuals of one sign */
    VtNs span_ns;       /* first to last sample */
    VtMono raw_at;      /* of the last sample; what follows is of then */
    VtNs raw_offset_ns; /* of the line, reference - MONOTONIC_RAW */
    bool has_rate;      /* else rate_ppb is the one that was assumed */
    double rate_ppb;    /* positive: the raw oscillator runs slow */
    double skew_ppb;    /* the most by which that is off, as good as always */
    double sigma_ns;    /* of the residuals; 0 while there is no rate */
} VtSourceFit;

void vt_source_stats_add(VtSourceStats *stats, const VtSample *sample);

/* The clock has jumped, or it is another one. */
void vt_source_stats_forget(VtSourceStats *stats);

/* @assumed_rate_ppb stands in until there are three samples. */
VtSourceFit vt_source_stats_fit(const VtSourceStats *stats, double assumed_rate_ppb);

/* reference - MONOTONIC_RAW at @raw_at, where the line leads. */
VtNs vt_source_fit_predict(const VtSourceFit *fit, VtMono raw_at);

/*
 * Where the last eight readings stand at @raw_at if the oscillator is off by @rate_ppb: their
 * mean, those with a short delay counting for more. A line through few readings, close together,
 * leads anywhere; the rate of the oscillator is the same for all references. There must be one.
 */
VtNs vt_source_stats_level(const VtSourceStats *stats, double rate_ppb, VtMono raw_at);
