/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decides when the machine's RTC is watched: while there is neither a link nor a clock of the
 * hypervisor's, and else for some seconds now and then, so that its phase is known when it is
 * needed. While its interrupt comes each second, that is the agent's tick.
 */
#pragma once

#include "agent/devices/rtc.h"
#include "agent/memory.h"
#include "agent/sources.h"
#include "agent/tick.h"

typedef struct VtRtcWatcher VtRtcWatcher;

/* Makes a source of @rtc, called @name, and begins with what @memory knows of its phase. All
 * must outlive the watcher. Transfer full. */
VtRtcWatcher *
vt_rtc_watcher_new(VtRtc *rtc, const char *name, VtSources *sources, VtAgentMemory *memory);
void vt_rtc_watcher_free(VtRtcWatcher *watcher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtRtcWatcher, vt_rtc_watcher_free)

/* Each second. @tick is beaten by the RTC from then on. */
void vt_rtc_watcher_on_tick(VtRtcWatcher *watcher, VtTick *tick);

/* Transfer none. */
VtSource *vt_rtc_watcher_get_source(VtRtcWatcher *watcher);

/* Why it cannot be watched; "" when nothing is in the way. */
const char *vt_rtc_watcher_get_problem(const VtRtcWatcher *watcher);
