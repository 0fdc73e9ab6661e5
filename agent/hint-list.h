/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every sign of a disruption that this agent looks out for. A new kind of hint is one file in
 * agent/hints/ and one line in hint-list.c.
 */
#pragma once

#include "agent/devices/link.h"
#include "agent/devices/rtc.h"
#include "agent/devices/udev.h"
#include "agent/devices/vmclock.h"
#include "agent/hints/clock-set.h"
#include "agent/hints/hint.h"
#include "agent/sign-order.h"
#include "core/pipeline.h"

typedef struct VtHintList VtHintList;

/* What of @hint concerns the pipeline. */
VtPipelineHint vt_hint_to_pipeline(const VtHint *hint);

/* What the hints watch; all of it must outlive the list. */
typedef struct {
    VtLink *link;
    VtClock *clock;
    VtVmclock *const *vmclock;    /* as vt_hint_vmclock_new wants it; NULL: not watched */
    VtRtc *const *rtc;            /* as vt_hint_rtc_edge_new wants it; NULL: not watched */
    VtUdev *udev;                 /* NULL: not watched */
    const char *clocksource_path; /* NULL: not watched */
    bool watches_sleep;           /* over the system bus */
    VtClockSetPlaces clock_set;   /* its kernel NULL: sets of the clock are not watched */
} VtHintPlaces;

/* A sign that cannot be watched here is left out, and logged. Transfer full. */
VtHintList *vt_hint_list_new(const VtHintPlaces *places, VtHintFunc on_hint, void *user_data);
void vt_hint_list_free(VtHintList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtHintList, vt_hint_list_free)

/* The signs that were seen. Transfer none. */
VtSignOrder *vt_hint_list_get_order(VtHintList *list);

/* On each tick, before a reading is asked for. */
void vt_hint_list_on_tick(VtHintList *list);
