/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * When the next tick is due, by a timer or by whoever beats about as often. Pure: time is what
 * the caller says.
 */
#pragma once

#include <stdbool.h>

#include "base/units.h"

typedef struct {
    VtNs interval_ns;
    VtMono ticked_at; /* or when it began */
    VtMono due_at;    /* by the timer, if nobody beats before */
} VtTickPlan;

void vt_tick_plan_init(VtTickPlan *plan, VtNs interval_ns, VtMono now);

/* The timer has come. */
void vt_tick_plan_on_timer(VtTickPlan *plan, VtMono now);

/* Somebody beats: whether that is a tick. The timer then waits half an interval longer. */
bool vt_tick_plan_on_beat(VtTickPlan *plan, VtMono now);
