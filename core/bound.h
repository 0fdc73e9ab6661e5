/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interval in which the reference must lie, seen from MONOTONIC_RAW: that of one sample,
 * widened by the drift budget as it ages. The sample kept is the one whose interval is the
 * narrowest now, so that one slow exchange does not spoil a good bound; but only for a few
 * samples, since a small change of the rate hides behind the noise of those that follow.
 */
#pragma once

#include <stdbool.h>

#include "core/drift-budget.h"
#include "core/filter.h"

/* What stands for "unknown", as in the kernel (NTP_PHASE_LIMIT). */
#define VT_BOUND_UNKNOWN_NS (16 * VT_NS_PER_SEC)

typedef struct {
    VtDriftBudget budget;
    bool is_known; /* the three below are set */
    VtMono raw_at;
    VtNs raw_offset_ns;
    VtNs error_ns;
    unsigned n_since; /* samples that were not kept */
} VtBound;

void vt_bound_init(VtBound *bound, double drift_ppb, double disrupted_drift_ppb);

/* The interval means nothing any more: the phase may have jumped. */
void vt_bound_forget(VtBound *bound);

/* Keeps @sample if its interval is the narrower one; @prediction must be of its instant. */
void vt_bound_take(VtBound *bound, const VtSample *sample, const VtEstimate *prediction);

/*
 * The most by which REALTIME is off the reference; 16 s if unknown. @estimate must be of @now.
 */
VtNs vt_bound_get(const VtBound *bound, const VtEstimate *estimate, VtInstant now);
