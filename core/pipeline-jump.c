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
begin_test(VtPipeline *pipeline, const VtSample *sample, bool is_excluded)
{
    vt_jump_test_begin(&pipeline->jump_test, &pipeline->filter, sample, pipeline->jump_prior);
    pipeline->jump_test.is_suspicious = is_excluded;
    pipeline->jump_prior = 0;
}

static bool
needs_new_test(const VtPipeline *pipeline, bool is_excluded)
{
    const VtJumpTest *test = &pipeline->jump_test;
    return !test->is_running || vt_jump_test_is_refuted(test) ||
           (is_excluded && !test->is_won && !test->is_suspicious);
}

static void
calm_down(VtPipeline *pipeline)
{
    const VtJumpTest *test = &pipeline->jump_test;
    if (test->is_suspicious && vt_jump_test_is_refuted(test))
        vt_hurry_end(&pipeline->hurry);
}

void
vt_pipeline_take_sample(VtPipeline *pipeline,
                        const VtSample *sample,
                        const VtDoubt *doubt,
                        bool is_excluded)
{
    if (needs_new_test(pipeline, is_excluded))
        begin_test(pipeline, sample, is_excluded);
    if (is_excluded)
        vt_hurry_suspect(&pipeline->hurry, sample->raw_at);

    bool was_won = pipeline->jump_test.is_won;
    double likelihood = vt_filter_update(&pipeline->filter, sample, doubt);
    VtJump jump =
        vt_jump_test_update(&pipeline->jump_test, &pipeline->filter, sample, doubt, likelihood);
    if (jump == VT_JUMP_RATE)
        pipeline->n_rate_jumps++;
    if (pipeline->jump_test.is_won && !was_won)
        vt_hurry_learn(&pipeline->hurry, LEARNING_NS, sample->raw_at);
    calm_down(pipeline);
}

void
vt_pipeline_expect_jump(VtPipeline *pipeline, VtMono raw_now)
{
    vt_jump_test_end(&pipeline->jump_test);
    pipeline->jump_prior = PRIOR_AFTER_DISRUPTION;
    vt_hurry_learn(&pipeline->hurry, PROBATION_NS, raw_now);
}

VtAction
vt_pipeline_on_foreign_rate(VtPipeline *pipeline)
{
    const VtServo *servo = &pipeline->servo;
    pipeline->n_foreign_rates++;
    return (VtAction){
        .kind = VT_ACTION_HOLD,
        .set_rate = servo->has_rate && pipeline->may_correct,
        .rate_ppb = servo->rate_ppb,
    };
}
