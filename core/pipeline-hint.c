/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pipeline-private.h"

/* What a migration may change the rate by, as a sigma, and how long it is learnt in a hurry. */
#define REOPENED_RATE_SIGMA_PPB 100000.0
#define LEARNING_NS             (6 * VT_NS_PER_SEC)

static void
take_strong_hint(VtPipeline *pipeline, const VtPipelineHint *hint, VtInstant now)
{
    VtRecovery *recovery = &pipeline->recovery;
    bool is_open = vt_recovery_is_urgent(recovery) && recovery->is_disruption;

    vt_pipeline_advance_state(pipeline, VT_EVENT_STRONG_HINT);
    if (is_open)
        vt_recovery_restart(recovery);
    else
        vt_pipeline_begin_disruption(pipeline, now.raw, true);
    recovery->allows_backward |= hint->allows_backward;
    recovery->is_declared |= hint->is_declared;
}

/* What is known of the noise is kept; the rate is learnt again, and soon. */
static void
reopen_rate(VtPipeline *pipeline, VtMono raw_now)
{
    vt_filter_reopen(&pipeline->filter, 0, REOPENED_RATE_SIGMA_PPB);
    vt_jump_watch_restart(&pipeline->jump_watch, 0);
    vt_hurry_learn(&pipeline->hurry, LEARNING_NS, raw_now);
}

VtAction
vt_pipeline_on_hint(VtPipeline *pipeline, const VtPipelineHint *hint, VtInstant now)
{
    /* The hint may well tell of the very set that is found here. */
    VtNs foreign_ns = vt_pipeline_find_foreign_step(pipeline, now);
    if (vt_pipeline_take_leap(pipeline, foreign_ns, now))
        return vt_pipeline_finish(pipeline, (VtAction){ .kind = VT_ACTION_HOLD }, now);
    vt_pipeline_forget_older_readings(pipeline, now);
    vt_pipeline_note_doubt(pipeline, now);
    if (hint->strength == VT_HINT_STRONG || foreign_ns != 0)
        take_strong_hint(pipeline, hint, now);
    else if (vt_recovery_is_urgent(&pipeline->recovery))
        vt_recovery_restart(&pipeline->recovery);
    if (hint->moves_reference && pipeline->assist.is_on)
        vt_assist_note_moved(&pipeline->assist, hint->reopens_rate);
    if (hint->reopens_rate)
        reopen_rate(pipeline, now.raw);
    pipeline->recovery.is_reference_moved |= hint->moves_reference;
    if (foreign_ns != 0) {
        pipeline->recovery.allows_backward = true;
        pipeline->recovery.is_written = true;
    }
    return vt_pipeline_finish(pipeline, (VtAction){ .measure_now = true }, now);
}
