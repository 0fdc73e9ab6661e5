/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Wakes the agent when a doubt about its clock has not been answered in time. Where a reference
 * is at hand a doubt is over within milliseconds, and the timer never fires.
 */
#pragma once

#include <stdbool.h>

typedef void (*VtDoubtFunc)(void *user_data);

typedef struct VtDoubtTimer VtDoubtTimer;

/* Calls @on_overdue once for each doubt that lasts VT_PIPELINE_DOUBT_NS. Transfer full. */
VtDoubtTimer *vt_doubt_timer_new(VtDoubtFunc on_overdue, void *user_data);
void vt_doubt_timer_free(VtDoubtTimer *timer);

/* Whether there is a doubt now; only a change means anything. */
void vt_doubt_timer_set(VtDoubtTimer *timer, bool is_doubtful);
