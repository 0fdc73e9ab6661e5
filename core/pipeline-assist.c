/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pipeline-private.h"

void
vt_pipeline_yield(VtPipeline *pipeline, VtNs claimed_error_ns, VtInstant now)
{
    VtState before = pipeline->state;
    vt_assist_begin(&pipeline->assist, claimed_error_ns);
    vt_servo_forget(&pipeline->servo);
    pipeline->state = vt_state_next(before, VT_EVENT_YIELDED);
    if (before != VT_STATE_TRACKING || pipeline->is_doubtful)
        return;
    VtEstimate estimate = vt_filter_predict(&pipeline->filter, now.raw);
    vt_assist_note_calm(&pipeline->assist, &estimate, now);
}

void
vt_pipeline_take_over(VtPipeline *pipeline, VtInstant now)
{
    vt_assist_end(&pipeline->assist);
    pipeline->servo.has_seen = false;
    pipeline->state = vt_state_next(pipeline->state, VT_EVENT_TAKEN_OVER);
    /* What the other one has left is settled as at a start. */
    if (pipeline->state == VT_STATE_MEASURING && pipeline->recovery.phase == VT_RECOVERY_IDLE)
        vt_pipeline_begin_recovery(pipeline, now.raw);
}

VtNs
vt_pipeline_find_foreign_step(VtPipeline *pipeline, VtInstant now)
{
    return pipeline->assist.is_on ? 0 : vt_servo_find_foreign_step(&pipeline->servo, now);
}

VtNs
vt_pipeline_find_correction(const VtPipeline *pipeline,
                            const VtEstimate *estimate,
                            VtInstant now)
{
    if (!pipeline->assist.is_on)
        return vt_estimate_get_offset(estimate, now);
    return vt_assist_find_correction(&pipeline->assist, estimate, now,
                                     pipeline->last.reference_synchronised);
}

VtAction
vt_pipeline_make_step(VtPipeline *pipeline, const VtEstimate *estimate, VtInstant now)
{
    if (!pipeline->assist.is_on)
        return vt_servo_step(&pipeline->servo, estimate, now);
    VtAction action = {
        .kind = VT_ACTION_STEP,
        .offset_ns = vt_pipeline_find_correction(pipeline, estimate, now),
    };
    vt_assist_note_step(&pipeline->assist, now.raw);
    return action;
}

VtAction
vt_pipeline_track(VtPipeline *pipeline, const VtEstimate *estimate, VtInstant now)
{
    if (pipeline->may_correct && pipeline->assist.is_on)
        return (VtAction){ .kind = VT_ACTION_HOLD };
    if (pipeline->may_correct)
        return vt_servo_track(&pipeline->servo, estimate, now);

    VtAction action = vt_servo_rest(&pipeline->servo, now);
    VtNs offset_ns = vt_estimate_get_offset(estimate, now);
    if (vt_ns_abs(offset_ns) >= pipeline->params.step_threshold_ns) {
        action.offset_ns = offset_ns;
        action.refusal = VT_REFUSAL_OBSERVE;
    }
    return action;
}

bool
vt_pipeline_needs_another_step(VtPipeline *pipeline, const VtEstimate *estimate, VtInstant now)
{
    VtAssist *assist = &pipeline->assist;
    bool is_due = vt_assist_take_check(assist, now.raw);
    if (is_due && pipeline->may_correct &&
        vt_pipeline_find_correction(pipeline, estimate, now) != 0) {
        vt_assist_note_undone(assist);
        return true;
    }
    if (assist->is_on)
        vt_assist_note_calm(assist, estimate, now);
    return false;
}
