/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/tick-plan.h"

void
vt_tick_plan_init(VtTickPlan *plan, VtNs interval_ns, VtMono now)
{
    *plan = (VtTickPlan){
        .interval_ns = interval_ns,
        .ticked_at = now,
        .due_at = vt_mono_add(now, interval_ns),
    };
}

void
vt_tick_plan_on_timer(VtTickPlan *plan, VtMono now)
{
    plan->ticked_at = now;
    plan->due_at = vt_mono_add(now, plan->interval_ns);
}

bool
vt_tick_plan_on_beat(VtTickPlan *plan, VtMono now)
{
    VtNs since_ns = vt_mono_diff(now, plan->ticked_at);
    plan->due_at = vt_mono_add(now, vt_ns_add(plan->interval_ns, plan->interval_ns / 2));
    if (since_ns < plan->interval_ns / 2)
        return false;
    plan->ticked_at = now;
    return true;
}
