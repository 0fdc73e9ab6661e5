/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watches this host's own clock: whether it is good, and what befalls it. A step is told by the
 * kernel, a sleep shows in CLOCK_BOOTTIME, and the rest is judged again each second. After a
 * step guests are to be told once the clock is good again, since what they would measure before
 * may be corrected once more: such an event is held until then.
 */
#pragma once

#include <stdbool.h>

#include "hostd/agent-watch.h"
#include "hostd/chrony-watch.h"
#include "hostd/host-clock.h"
#include "os/clock-watch.h"
#include "proto/link-words.h"

typedef struct {
    VtHostClockTrust trust;
    const VtChronyPlaces *chrony; /* where chronyd is asked; NULL: it is not */
    const char *agent_path;     /* of virt-time-agent's control socket; NULL: it is not asked */
    VtClockSetPlaces clock_set; /* who tells that the clock was set; kernel NULL: nobody */
} VtHostWatchParams;

typedef struct {
    uint8_t cause; /* HOST_WOKE, HOST_CLOCK_STEPPED or HOST_SYNCHRONISED of VtLinkCause */
    VtNs span_ns;  /* how long it slept; by how much it was set, forward positive; or 0 */
    bool is_held;  /* readings from before are void now; guests are told when it is released */
} VtHostEvent;

typedef struct {
    /* The clock was judged anew; comes before any event that it leads to. */
    void (*on_judged)(const VtHostClock *host, void *user_data);
    void (*on_event)(const VtHostEvent *event, void *user_data);
    /* A step that was held: @event as it was, held no more. */
    void (*on_released)(const VtHostEvent *event, void *user_data);
} VtHostWatchListener;

typedef struct VtHostWatch VtHostWatch;

/* Judges at once, and calls nobody yet. @clock must outlive the watch. Transfer full. */
VtHostWatch *vt_host_watch_new(const VtHostWatchParams *params,
                               VtClock *clock,
                               const VtHostWatchListener *listener,
                               void *user_data);
void vt_host_watch_free(VtHostWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtHostWatch, vt_host_watch_free)

/* The settings were read anew. What follows from it comes with the next tick. */
void vt_host_watch_set_trust(VtHostWatch *watch, VtHostClockTrust trust);

/* As last judged. Transfer none. */
const VtHostClock *vt_host_watch_get_clock(const VtHostWatch *watch);

/* Each second. */
void vt_host_watch_tick(VtHostWatch *watch);
