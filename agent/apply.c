/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/apply.h"

static bool
apply_phase(VtClock *clock, const VtAction *action, GError **error)
{
    switch (action->kind) {
    case VT_ACTION_HOLD:
        return true;
    case VT_ACTION_STEP:
        return vt_clock_step(clock, action->offset_ns, error);
    case VT_ACTION_SLEW:
        return vt_clock_slew(clock, action->offset_ns, error);
    }
    g_assert_not_reached();
}

static bool
apply(VtClock *clock, const VtAction *action, GError **error)
{
    double taken_ppb;
    if (action->set_rate && !vt_clock_set_rate(clock, action->rate_ppb, &taken_ppb, error))
        return false;
    return apply_phase(clock, action, error);
}

/* Told once: whoever does it may do it each second. */
static bool
take_rate_back(VtClock *clock, VtPipeline *pipeline, GError **error)
{
    VtAction back = vt_pipeline_on_foreign_rate(pipeline);
    if (!back.set_rate)
        return true;
    VtPipelineStatus status = vt_pipeline_get_status(pipeline, vt_clock_read(clock));
    if (status.n_foreign_rates == 1)
        g_message("somebody else changed the rate of the clock; it is changed back");
    return apply(clock, &back, error);
}

bool
vt_apply_action(VtClock *clock, VtPipeline *pipeline, const VtAction *action, GError **error)
{
    if (vt_clock_is_rate_foreign(clock) && !take_rate_back(clock, pipeline, error))
        return false;
    return apply(clock, action, error);
}

void
vt_apply_leave(VtClock *clock, VtPipeline *pipeline)
{
    if (vt_clock_is_rate_foreign(clock))
        return; /* somebody else has it already */
    VtAction action = vt_pipeline_leave(pipeline, vt_clock_read(clock));
    (void)apply(clock, &action, NULL); /* there is nobody left to tell */
}
