/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/bound.h"

#include <math.h>

/* How long a guest that came back is held to the wider budget. */
#define DISRUPTED_DRIFT_NS (10 * VT_NS_PER_SEC)

/* The budget follows the rate's own doubt, but no oscillator is worse than this. */
#define MOST_DRIFT_PPB 500000.0
#define DRIFT_SIGMAS   3.0

void
vt_bound_init(VtBound *bound, double drift_ppb, double disrupted_drift_ppb)
{
    *bound = (VtBound){
        .drift_ppb = drift_ppb,
        .disrupted_drift_ppb = disrupted_drift_ppb,
    };
}

void
vt_bound_forget(VtBound *bound)
{
    bound->is_known = false;
}

void
vt_bound_note_disruption(VtBound *bound, VtMono raw_at)
{
    bound->raw_disrupted_until = vt_mono_add(raw_at, DISRUPTED_DRIFT_NS);
}

/* Half of the interval at the instant of @estimate. */
static VtNs
get_width(const VtBound *bound, const VtEstimate *estimate)
{
    bool is_recent = vt_mono_diff(estimate->raw_at, bound->raw_disrupted_until) < 0;
    double budget_ppb = is_recent ? bound->disrupted_drift_ppb : bound->drift_ppb;
    double doubt_ppb = fmin(DRIFT_SIGMAS * estimate->rate_sigma_ppb, MOST_DRIFT_PPB);
    double age_sec = vt_ns_to_sec(vt_mono_diff(estimate->raw_at, bound->raw_at));
    return vt_ns_add(bound->error_ns, vt_ns_from_double(fmax(budget_ppb, doubt_ppb) * age_sec));
}

void
vt_bound_take(VtBound *bound, const VtSample *sample, const VtEstimate *prediction)
{
    if (bound->is_known && get_width(bound, prediction) < sample->error_ns)
        return;
    bound->is_known = true;
    bound->raw_at = sample->raw_at;
    bound->raw_offset_ns = sample->raw_offset_ns;
    bound->error_ns = sample->error_ns;
}

VtNs
vt_bound_get(const VtBound *bound, const VtEstimate *estimate, VtInstant now)
{
    if (!bound->is_known)
        return VT_BOUND_UNKNOWN_NS;

    double age_sec = vt_ns_to_sec(vt_mono_diff(now.raw, bound->raw_at));
    VtNs moved_ns = vt_ns_from_double(estimate->rate_ppb * age_sec);
    VtNs shown_ns = vt_ns_sub(now.wall.ns, now.raw.ns);
    VtNs off_ns = vt_ns_abs(vt_ns_sub(vt_ns_add(bound->raw_offset_ns, moved_ns), shown_ns));
    VtNs bound_ns = vt_ns_add(off_ns, get_width(bound, estimate));
    /* Nor is the bound ever below what the filter believes. */
    return vt_ns_max(bound_ns, vt_ns_abs(vt_estimate_get_offset(estimate, now)));
}
