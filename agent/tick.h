/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The second's beat of the agent. It comes from a timer of the main loop, or from somebody who
 * wakes this process each second anyway, such as the RTC's interrupt: two timers of one second
 * would be two wake-ups where one serves.
 */
#pragma once

#include <glib.h>

#include "base/units.h"

typedef void (*VtTickFunc)(void *user_data);

typedef struct VtTick VtTick;

/* Calls @func each @interval_ns. Transfer full. */
VtTick *vt_tick_new(VtNs interval_ns, VtTickFunc func, void *user_data);
void vt_tick_free(VtTick *tick);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtTick, vt_tick_free)

/*
 * Somebody beats about as often and did so now: calls the function, and lets the timer wait
 * half an interval longer than he should take for the next. A beat that comes sooner than
 * half an interval after the last call calls nothing, but the next one has the timer's place.
 */
void vt_tick_beat(VtTick *tick);
