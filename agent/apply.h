/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does to the clock what the pipeline decided: first the rate, then the phase. Before that it looks
 * whether somebody else has changed the rate, which is then put back.
 */
#pragma once

#include "core/pipeline.h"
#include "os/clock.h"
#include "os/rate-guard.h"

/* What belongs to a clock that is steered. */
typedef struct {
    VtClock *clock;
    VtPipeline *pipeline;
    VtRateGuard *guard; /* NULL: there is none, and the pipeline makes no trim that needs one */
} VtApplyPlace;

/* False when the kernel refused either; the phase is then as it was. */
bool vt_apply_action(const VtApplyPlace *place, const VtAction *action, GError **error);

/* The agent goes away: nobody will end a trim, so the kernel gets the rate alone. */
void vt_apply_leave(const VtApplyPlace *place);
