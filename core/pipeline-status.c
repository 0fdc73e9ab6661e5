/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pipeline-private.h"

bool
vt_pipeline_is_settled(const VtPipeline *pipeline)
{
    return pipeline->state == VT_STATE_TRACKING || pipeline->state == VT_STATE_HOLDOVER;
}

bool
vt_pipeline_is_doubt_overdue(const VtPipeline *pipeline, VtInstant now)
{
    return pipeline->is_doubtful &&
           vt_mono_diff(now.raw, pipeline->raw_doubtful_at) >= VT_PIPELINE_DOUBT_NS;
}

/* Another one's clock is in step while it is as near to the reference as is expected of him. */
static bool
is_in_step(const VtPipeline *pipeline, const VtEstimate *estimate, VtInstant now)
{
    if (pipeline->state != VT_STATE_ASSIST)
        return vt_pipeline_is_settled(pipeline);
    VtNs age_ns = vt_mono_diff(now.raw, pipeline->last.raw_at);
    return age_ns <= pipeline->holdover_after_ns &&
           vt_ns_abs(vt_estimate_get_offset(estimate, now)) < VT_ASSIST_LEAST_NS;
}

VtPipelineStatus
vt_pipeline_get_status(const VtPipeline *pipeline, VtInstant now)
{
    VtEstimate estimate = vt_filter_predict(&pipeline->filter, now.raw);
    const VtSample *last = &pipeline->last;
    VtNs age_ns = vt_mono_diff(now.raw, last->raw_at);
    bool is_settled = is_in_step(pipeline, &estimate, now);
    bool is_sure = is_settled && !pipeline->is_doubtful && last->reference_synchronised;
    VtNs host_error_ns = pipeline->is_doubtful ? VT_BOUND_UNKNOWN_NS
                                               : vt_bound_get(&pipeline->bound, &estimate, now);
    VtNs error_ns = vt_ns_add(host_error_ns, last->root_distance_ns);

    return (VtPipelineStatus){
        .state = pipeline->state,
        .has_reference = pipeline->n_readings > 0 && age_ns <= pipeline->holdover_after_ns,
        .synchronised = is_settled && last->reference_synchronised &&
                        !vt_pipeline_is_doubt_overdue(pipeline, now),
        .is_doubtful = pipeline->is_doubtful,
        .offset_ns = estimate.is_known ? vt_estimate_get_offset(&estimate, now) : 0,
        .error_ns = is_sure ? vt_ns_min(error_ns, VT_BOUND_UNKNOWN_NS) : VT_BOUND_UNKNOWN_NS,
        .host_error_ns = host_error_ns,
        .rate_ppb = estimate.rate_ppb,
        .rate_sigma_ppb = estimate.rate_sigma_ppb,
        .delay_ns = last->delay_ns,
        .root_distance_ns = last->root_distance_ns,
        .stratum = last->stratum,
        .leap = vt_pipeline_get_leap(pipeline, now.wall),
        .raw_last_reading_at = last->raw_at,
        .n_readings = pipeline->n_readings,
        .n_rejected = pipeline->n_rejected,
        .n_spikes = pipeline->n_spikes,
        .n_disruptions = pipeline->n_disruptions,
        .n_rate_jumps = pipeline->n_rate_jumps,
        .n_foreign_rates = pipeline->n_foreign_rates,
        .n_findings = pipeline->n_findings,
        .finding = pipeline->finding,
    };
}

VtOutcome
vt_pipeline_get_outcome(const VtPipeline *pipeline)
{
    return pipeline->outcome;
}
