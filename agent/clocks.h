/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The clocks that this machine's devices show: finds them through udev, at the start and as they
 * come and go, makes a source of each that may be followed, and can tell of each why or why not.
 */
#pragma once

#include <glib.h>

#include "agent/config.h"
#include "agent/devices/udev.h"
#include "agent/devices/vmclock.h"
#include "agent/rtc-watcher.h"
#include "agent/sources.h"
#include "agent/tick.h"

typedef struct VtClocks VtClocks;

typedef struct {
    const GPtrArray *cards;  /* VtClockConfig, NULL: none; must outlive the clocks */
    VtRtcPlaces rtc;         /* its kernel NULL: the RTC is left alone */
    VtAgentMemory *memory;   /* may be NULL */
    VtVmclockPlaces vmclock; /* its kernel NULL: vmclock pages are left alone */
} VtClocksParams;

/*
 * @udev may be NULL: then there are none but those whose nodes the settings name. All arguments
 * must outlive the clocks. Transfer full.
 */
VtClocks *
vt_clocks_new(const VtClocksParams *params, VtUdev *udev, VtSources *sources, VtClock *clock);

/* After the sources, which read what is freed here. */
void vt_clocks_free(VtClocks *clocks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtClocks, vt_clocks_free)

/* Where the vmclock page is: NULL until one is found, which then stays. */
VtVmclock *const *vt_clocks_get_vmclock(const VtClocks *clocks);

/* The same of the RTC. */
VtRtc *const *vt_clocks_get_rtc(const VtClocks *clocks);

/* Each second, by @tick: tells the log what changed, and decides whether the RTC is watched. */
void vt_clocks_on_tick(VtClocks *clocks, VtTick *tick);

/* The kernel counts time by another counter: what can be read how is found anew. */
void vt_clocks_on_clocksource(VtClocks *clocks);

/* The result of org.virttime.Agent1.GetClocks, aa{sv}. Floating reference. */
GVariant *vt_clocks_to_variant(const VtClocks *clocks, VtInstant now);
