/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/apply.h"

#include <math.h>

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

/*
 * Before the rate is set: whoever kills the agent in the middle of a fast trim shall find the base
 * rate in force. Without a guard the trim is not made; it is the last of its kind.
 */
static double
guard_trim(const VtApplyPlace *place, const VtAction *action)
{
    double base_ppb = action->rate_ppb - action->trim_ppb;
    if (fabs(action->trim_ppb) <= VT_ACTION_HARMLESS_TRIM_PPB)
        return action->rate_ppb;
    if (place->guard != NULL && vt_rate_guard_arm(place->guard, base_ppb))
        return action->rate_ppb;
    vt_pipeline_set_most_trim(place->pipeline, VT_ACTION_HARMLESS_TRIM_PPB);
    return base_ppb;
}

static void
end_guard(const VtApplyPlace *place)
{
    if (place->guard != NULL)
        vt_rate_guard_disarm(place->guard);
}

static bool
apply(const VtApplyPlace *place, const VtAction *action, GError **error)
{
    double rate_ppb = guard_trim(place, action);
    double taken_ppb;
    if (action->set_rate && !vt_clock_set_rate(place->clock, rate_ppb, &taken_ppb, error))
        return false;
    if (action->set_rate && fabs(action->trim_ppb) <= VT_ACTION_HARMLESS_TRIM_PPB)
        end_guard(place);
    return apply_phase(place->clock, action, error);
}

/* Told once: whoever does it may do it each second. */
static bool
take_rate_back(const VtApplyPlace *place, GError **error)
{
    VtAction back = vt_pipeline_on_foreign_rate(place->pipeline);
    if (!back.set_rate)
        return true;
    VtPipelineStatus status =
        vt_pipeline_get_status(place->pipeline, vt_clock_read(place->clock));
    if (status.n_foreign_rates == 1)
        g_message("somebody else changed the rate of the clock; it is changed back");
    return apply(place, &back, error);
}

bool
vt_apply_action(const VtApplyPlace *place, const VtAction *action, GError **error)
{
    if (vt_clock_is_rate_foreign(place->clock) && !take_rate_back(place, error))
        return false;
    return apply(place, action, error);
}

void
vt_apply_leave(const VtApplyPlace *place)
{
    if (vt_clock_is_rate_foreign(place->clock)) {
        end_guard(place); /* somebody else has it already */
        return;
    }
    VtAction action = vt_pipeline_leave(place->pipeline, vt_clock_read(place->clock));
    (void)apply(place, &action, NULL); /* there is nobody left to tell */
    end_guard(place);
}
