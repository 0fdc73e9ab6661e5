/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "core/pipeline-private.h"

/* Further off than this it does not lean as the others do. */
#define MOST_SIGMAS 4.0

/* All that was taken in so far may be off by so much. */
static void
reopen_phase(VtPipeline *pipeline, double sigma_ns)
{
    vt_filter_reopen(&pipeline->filter, sigma_ns, 0);
    vt_jump_watch_restart(&pipeline->jump_watch, 0);
}

void
vt_pipeline_learn_delay(VtPipeline *pipeline, const VtSample *sample)
{
    VtDelay *delay = &pipeline->delay;
    vt_delay_learn(delay, sample);
    if (delay->has_new_lean) {
        reopen_phase(pipeline, delay->mean_excess_ns / 2);
    } else if (delay->least_fell_ns != 0) {
        /*
         * Samples are set upright by what they have above the least delay, the earlier ones,
         * too.
         */
        double slope = vt_lean_fit(&delay->lean).slope;
        VtNs moved_ns = vt_ns_from_double(-slope * (double)delay->least_fell_ns);
        vt_filter_shift(&pipeline->filter, moved_ns);
        vt_jump_watch_shift(&pipeline->jump_watch, moved_ns);
    }
}

/*
 * It would fit as it is and not once it is set upright: what its delay is longer by was, for once,
 * on the other side.
 */
static bool
is_of_other_side(const VtSample *sample, const VtDoubt *doubt, const VtEstimate *prediction)
{
    VtNs residual_ns = vt_ns_sub(sample->raw_offset_ns, prediction->raw_offset_ns);
    VtNs upright_ns = vt_ns_sub(residual_ns, doubt->lean_ns);
    double sigma_ns = hypot(doubt->sigma_ns, prediction->offset_sigma_ns);
    return doubt->lean_ns != 0 && vt_ns_abs(residual_ns) <= doubt->half_width_ns &&
           fabs((double)upright_ns) > MOST_SIGMAS * sigma_ns;
}

/* Four more at once tell which it was; once one of them is as usual there is nothing to tell. */
static void
hurry_for_side(VtPipeline *pipeline, bool is_odd, VtMono raw_at)
{
    if (is_odd && !pipeline->was_other_side && !pipeline->hurry.is_on) {
        vt_hurry_suspect(&pipeline->hurry, raw_at);
        pipeline->hurries_for_side = true;
    } else if (!is_odd && pipeline->hurries_for_side) {
        vt_hurry_cancel(&pipeline->hurry, raw_at);
        pipeline->hurries_for_side = false;
    } else if (is_odd) {
        /* It is a suspicion like any other now. */
        pipeline->hurries_for_side = false;
    }
}

void
vt_pipeline_take_upright(VtPipeline *pipeline,
                         const VtSample *sample,
                         const VtDoubt *doubt,
                         const VtEstimate *prediction,
                         bool is_excluded)
{
    VtDoubt plain = vt_delay_judge_plain(&pipeline->delay, sample);
    bool is_odd = is_of_other_side(sample, doubt, prediction);
    /* The bound trusts nobody's idea of a path. */
    vt_drift_budget_take(&pipeline->bound.budget, sample, &plain,
                         vt_filter_get_best(&pipeline->filter)->rate_ppb);
    hurry_for_side(pipeline, is_odd, sample->raw_at);
    /* Not twice in a row: then it is the clock that has moved. */
    if (is_odd && pipeline->was_other_side)
        is_excluded = true;
    else if (is_odd)
        doubt = &plain;
    pipeline->was_other_side = is_odd;
    VtSample upright = vt_delay_set_upright(sample, doubt);
    vt_pipeline_take_sample(pipeline, &upright, doubt, is_excluded);
}
