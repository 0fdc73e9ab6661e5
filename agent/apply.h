/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does to the clock what the pipeline decided: first the rate, then the phase. Before that it looks
 * whether somebody else has changed the rate, which is then put back.
 */
#pragma once

#include "core/pipeline.h"
#include "os/clock.h"

/* False when the kernel refused either; the phase is then as it was. */
bool
vt_apply_action(VtClock *clock, VtPipeline *pipeline, const VtAction *action, GError **error);

/* The agent goes away: nobody will end a trim of @pipeline's, so the kernel gets the rate alone. */
void vt_apply_leave(VtClock *clock, VtPipeline *pipeline);
