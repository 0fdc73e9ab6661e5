/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells when somebody else set this machine's clock, and by how much. The kernel announces our
 * own steps, too, and the end of a sleep: others' sets are told from them by what the clock did
 * beyond them.
 */
#pragma once

#include "os/clock.h"
#include "os/set-watch.h"

/* Who announces sets; kernel NULL: nobody. Both must outlive what is made of it. */
typedef struct {
    const VtSetWatchKernel *kernel;
    void *instance;
} VtClockSetPlaces;

/*
 * @moved_ns: by how much, beyond our own steps and what the machine slept; 0 when that is no
 * more than the clock's rate may have done since the last look.
 */
typedef void (*VtClockSetFunc)(VtNs moved_ns, void *user_data);

typedef struct VtClockWatch VtClockWatch;

/* @clock, which must outlive it, is the one by which this program steps. Transfer full. */
VtClockWatch *vt_clock_watch_new(const VtClockSetPlaces *places,
                                 VtClock *clock,
                                 VtClockSetFunc on_set,
                                 void *user_data,
                                 GError **error);
void vt_clock_watch_free(VtClockWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtClockWatch, vt_clock_watch_free)

/* Each second: a fresh look, so that what rates explain stays small. */
void vt_clock_watch_tick(VtClockWatch *watch);
