/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pipeline-private.h"

/* Less than that is what such a reading leaves open. */
#define LEAST_STEP_NS VT_NS_PER_SEC

/* Only forward, and only while it is known that the clock is wrong. */
static bool
is_wanted(const VtPipeline *pipeline)
{
    const VtRecovery *recovery = &pipeline->recovery;
    return recovery->is_disruption && vt_recovery_is_urgent(recovery) && recovery->n_steps == 0;
}

VtAction
vt_pipeline_take_least(VtPipeline *pipeline, const VtSample *sample, VtInstant now)
{
    bool is_urgent = vt_recovery_is_urgent(&pipeline->recovery);
    VtAction hold = { .kind = VT_ACTION_HOLD, .measure_now = is_urgent };
    VtEstimate estimate = vt_filter_predict(&pipeline->filter, now.raw);
    estimate.raw_offset_ns = sample->raw_offset_ns;
    if (!is_wanted(pipeline) || vt_estimate_get_offset(&estimate, now) < LEAST_STEP_NS)
        return hold;
    VtRuling ruling = vt_pipeline_rule(pipeline, &estimate, now, LEAST_STEP_NS);
    if (ruling.kind != VT_ACTION_STEP)
        return hold;

    VtAction action = vt_pipeline_make_step(pipeline, &estimate, now);
    vt_recovery_note_least(&pipeline->recovery, action.offset_ns);
    pipeline->raw_not_before = now.raw;
    action.measure_now = true;
    return action;
}
