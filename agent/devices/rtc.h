/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machine's RTC (/dev/rtcN), watched for the edges of its seconds: by its update interrupt,
 * and by looking again and again around the next edge where that interrupt cannot be had or does
 * not come. Open only while it is watched: nobody else can open it then.
 */
#pragma once

#include <stdbool.h>

#include "agent/devices/rtc-phase.h"
#include "os/clock.h"
#include "os/fd.h"

/* How the RTC is reached; tests bring one of their own. */
typedef struct {
    VtFd (*open)(void *instance, const char *path, GError **error);
    /* What it shows, whole seconds, taken for UTC. */
    bool (*read_time)(void *instance, VtFd fd, VtWall *ret_second, GError **error);
    /* Whether @fd becomes readable at each edge, and soon after it, from now on; or no longer. */
    bool (*arm)(void *instance, VtFd fd, bool is_on);
    /* Whether there was an edge since the last call. */
    bool (*take)(void *instance, VtFd fd);
} VtRtcKernel;

typedef struct {
    const VtRtcKernel *kernel;
    void *instance;
} VtRtcPlaces;

typedef struct {
    VtInstant at; /* when this process learnt of it */
    VtWall second;
    VtRtcEdgeKind kind;
} VtRtcEdge;

typedef void (*VtRtcFunc)(const VtRtcEdge *edge, void *user_data);

typedef struct VtRtc VtRtc;

/* What @places names and @clock must outlive it. Nothing is opened yet. Transfer full. */
VtRtc *vt_rtc_new(const VtRtcPlaces *places, const char *path, VtClock *clock);
void vt_rtc_free(VtRtc *rtc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtRtc, vt_rtc_free)

/* Opens it and begins; VT_ERROR_BUSY when somebody else has it open. Nothing if it is watched. */
bool vt_rtc_watch(VtRtc *rtc, GError **error);
void vt_rtc_unwatch(VtRtc *rtc);
bool vt_rtc_is_watched(const VtRtc *rtc);

/*
 * What it shows now, and the instant just before it was asked. False while it is not watched, or
 * if it cannot be read.
 */
bool vt_rtc_look(VtRtc *rtc, VtInstant *ret_at, VtWall *ret_second);

/* What asking for the time has cost at least; -1 before the first time. */
VtNs vt_rtc_get_cost(const VtRtc *rtc);

/* "interrupt", "polling"; "" while it is not watched. */
const char *vt_rtc_get_method(const VtRtc *rtc);

/*
 * Each second: an interrupt that has not come for long is given up; without one, whether the RTC
 * has jumped is looked for.
 */
void vt_rtc_on_tick(VtRtc *rtc);

/* Somebody waits for an edge: where they are looked for, none is left out for some time. */
void vt_rtc_want_each_edge(VtRtc *rtc);

/* What is known of it; whoever learns changes it. */
VtRtcPhase *vt_rtc_get_phase(VtRtc *rtc);

/* Calls @func at each edge, in the order of their adding if there are several. */
void vt_rtc_add_listener(VtRtc *rtc, VtRtcFunc func, void *user_data);
void vt_rtc_remove_listener(VtRtc *rtc, VtRtcFunc func, const void *user_data);
