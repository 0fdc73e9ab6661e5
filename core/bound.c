/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/bound.h"

/* A narrow interval is kept past so many wider ones. */
#define MOST_SINCE 8

void
vt_bound_init(VtBound *bound, double drift_ppb, double disrupted_drift_ppb)
{
    *bound = (VtBound){ .is_known = false };
    vt_drift_budget_init(&bound->budget, drift_ppb, disrupted_drift_ppb);
}

void
vt_bound_forget(VtBound *bound)
{
    bound->is_known = false;
}

/* Half of the interval at the instant of @estimate. */
static VtNs
get_width(const VtBound *bound, const VtEstimate *estimate)
{
    double age_sec = vt_ns_to_sec(vt_mono_diff(estimate->raw_at, bound->raw_at));
    double drift_ppb = vt_drift_budget_get(&bound->budget, estimate, age_sec);
    return vt_ns_add(bound->error_ns, vt_ns_from_double(drift_ppb * age_sec));
}

void
vt_bound_take(VtBound *bound, const VtSample *sample, const VtEstimate *prediction)
{
    if (bound->is_known && bound->n_since < MOST_SINCE &&
        get_width(bound, prediction) < sample->error_ns) {
        bound->n_since++;
        return;
    }
    bound->is_known = true;
    bound->n_since = 0;
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
