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

bool
vt_apply_action(VtClock *clock, const VtAction *action, GError **error)
{
    double taken_ppb;
    if (action->set_rate && !vt_clock_set_rate(clock, action->rate_ppb, &taken_ppb, error))
        return false;
    return apply_phase(clock, action, error);
}

void
vt_apply_leave(VtClock *clock, VtPipeline *pipeline)
{
    VtAction action = vt_pipeline_leave(pipeline, vt_clock_read(clock));
    (void)vt_apply_action(clock, &action, NULL); /* there is nobody left to tell */
}
