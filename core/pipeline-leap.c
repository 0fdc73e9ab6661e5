/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/leap.h"
#include "core/pipeline-private.h"

VtLeap
vt_pipeline_get_leap(const VtPipeline *pipeline, VtWall wall)
{
    bool is_sure = vt_pipeline_is_settled(pipeline) && pipeline->last.reference_synchronised;
    return is_sure ? vt_leap_choose((VtLeap)pipeline->last.leap, wall) : VT_LEAP_NONE;
}

/* Soon after it the month is another one already. */
static VtLeap
get_last_leap(const VtPipeline *pipeline, VtWall wall)
{
    return vt_pipeline_get_leap(pipeline, vt_wall_add(wall, -VT_LEAP_NEAR_NS));
}

bool
vt_pipeline_take_leap(VtPipeline *pipeline, VtNs moved_ns, VtInstant now)
{
    VtNs shift_ns = vt_leap_get_shift(get_last_leap(pipeline, now.wall));
    bool is_expected = shift_ns != 0 && (shift_ns < 0) == (moved_ns < 0);
    if (!is_expected || !vt_leap_is_near(now.wall) || !vt_leap_is_size(moved_ns))
        return false;

    vt_filter_shift(&pipeline->filter, shift_ns);
    vt_jump_watch_restart(&pipeline->jump_watch, 0);
    vt_detector_reset(&pipeline->detector);
    vt_delay_break(&pipeline->delay);
    pipeline->bound.raw_offset_ns = vt_ns_add(pipeline->bound.raw_offset_ns, shift_ns);
    vt_pipeline_forget_older_readings(pipeline, now);
    return true;
}

bool
vt_pipeline_is_in_leap(const VtPipeline *pipeline, VtWall wall_at)
{
    /* Two seconds after it the month is another one already. */
    VtWall before = vt_wall_add(wall_at, -2 * VT_NS_PER_SEC);
    return vt_leap_is_near(wall_at) && vt_pipeline_get_leap(pipeline, before) != VT_LEAP_NONE;
}
