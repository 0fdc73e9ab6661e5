/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/execute.h"

#include "agent/disruption-message.h"

static VtPipelineStatus
get_status(const VtApplyPlace *place)
{
    return vt_pipeline_get_status(place->pipeline, vt_clock_read(place->clock));
}

static bool
is_still_right(VtAuthority *authority, const VtApplyPlace *place, const VtAction *action)
{
    bool steered = vt_authority_steers(authority);
    vt_authority_check_rate(authority);
    if (steered != vt_authority_steers(authority))
        return false;
    VtPipelineStatus status = get_status(place);
    return action->kind != VT_ACTION_STEP || vt_authority_may_step(authority, &status);
}

bool
vt_execute(VtAuthority *authority, const VtApplyPlace *place, const VtAction *action)
{
    g_autoptr(GError) error = NULL;
    if (!is_still_right(authority, place, action)) {
        vt_pipeline_on_failed_action(place->pipeline);
        return false;
    }
    if (!vt_apply_action(place, action, &error)) {
        vt_pipeline_on_failed_action(place->pipeline);
        vt_authority_set_problem(authority, error);
        return false;
    }
    if (action->kind == VT_ACTION_STEP) {
        vt_authority_note_step(authority);
        vt_step_log(get_status(place).state, action);
    }
    return true;
}
