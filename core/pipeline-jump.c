/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "core/pipeline-private.h"

/* After a disruption every hundredth guest is on another oscillator. */
#define PRIOR_AFTER_DISRUPTION (-log(VT_JUMP_FALSE_ALARM * 100))

/* Until 8 readings a second tell a jump worth 100 us within a tick from none. */
#define PROBATION_NS (2 * VT_NS_PER_SEC)

/* While a rate is being learnt. */
#define LEARNING_NS (6 * VT_NS_PER_SEC)

static void
note_rate_jump(VtPipeline *pipeline)
{
    pipeline->n_rate_jumps++;
    vt_pipeline_find(pipeline, &(VtEvidence){ .is_odd = true, .is_rate_jump = true });
}

void
vt_pipeline_take_sample(VtPipeline *pipeline,
                        const VtSample *sample,
                        const VtDoubt *doubt,
                        bool is_excluded)
{
    if (is_excluded)
        vt_hurry_suspect(&pipeline->hurry, sample->raw_at);
    double before_ppb = vt_filter_get_best(&pipeline->filter)->rate_ppb;
    VtJumpNews news = vt_jump_watch_take(&pipeline->jump_watch, &pipeline->filter, sample,
                                         doubt, is_excluded);
    if (news.has_won)
        vt_drift_budget_reopen(&pipeline->bound.budget, vt_filter_get_best(&pipeline->filter),
                               before_ppb);
    if (news.jump == VT_JUMP_RATE)
        note_rate_jump(pipeline);
    if (news.has_won)
        vt_hurry_learn(&pipeline->hurry, LEARNING_NS, sample->raw_at);
    if (news.is_refuted)
        vt_hurry_end(&pipeline->hurry);
}

void
vt_pipeline_expect_jump(VtPipeline *pipeline, VtMono raw_now)
{
    vt_jump_watch_restart(&pipeline->jump_watch, PRIOR_AFTER_DISRUPTION);
    vt_hurry_learn(&pipeline->hurry, PROBATION_NS, raw_now);
}

VtAction
vt_pipeline_on_foreign_rate(VtPipeline *pipeline)
{
    const VtServo *servo = &pipeline->servo;
    pipeline->n_foreign_rates++;
    vt_pipeline_find(pipeline, &(VtEvidence){ .is_written = true });
    return (VtAction){
        .kind = VT_ACTION_HOLD,
        .set_rate = servo->has_rate && pipeline->may_correct,
        .rate_ppb = servo->rate_ppb,
        .trim_ppb = servo->trim_ppb,
    };
}

void
vt_pipeline_set_most_trim(VtPipeline *pipeline, double most_trim_ppb)
{
    pipeline->servo.most_trim_ppb = most_trim_ppb;
}

void
vt_pipeline_find(VtPipeline *pipeline, const VtEvidence *evidence)
{
    VtFinding finding = vt_detector_name(evidence);
    if (finding == VT_FINDING_NOISE)
        return;
    pipeline->finding = finding;
    pipeline->n_findings++;
}
