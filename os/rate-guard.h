/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ends what a dead daemon left behind. A rate that removes an offset at 500 ppm is right for a
 * fraction of a second; who set it may be killed or stopped in the middle. A child process holds
 * one end of a socket: when the other end closes, or nothing has been heard for two seconds while
 * a guarded rate is in force, it sets the rate that was named as the one to go back to.
 */
#pragma once

#include <stdbool.h>

#include "os/clock.h"

#define VT_RATE_GUARD_SILENCE_NS (2 * VT_NS_PER_SEC)

typedef struct VtRateGuard VtRateGuard;

/*
 * Makes the child, which uses @clock as it is now. To be called before there are threads, and
 * after the signals that end the daemon were blocked: the child must outlive it. Transfer full.
 */
VtRateGuard *vt_rate_guard_new(VtClock *clock, GError **error);

/* Takes NULL. The child goes back to the base rate, if it is armed, and ends. */
void vt_rate_guard_free(VtRateGuard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtRateGuard, vt_rate_guard_free)

/* Before a rate is set that must not stay, and again while it does. False: nobody guards. */
bool vt_rate_guard_arm(VtRateGuard *guard, double base_rate_ppb);

/* The rate set last may stay. */
void vt_rate_guard_disarm(VtRateGuard *guard);

/* What the child does, for tests: one message or one silence. False when the daemon is gone. */
typedef struct {
    int fd;
    VtClock *clock;
    VtNs silence_ns;
    bool is_armed;
    double base_rate_ppb;
} VtRateWatch;

bool vt_rate_watch_go_on(VtRateWatch *watch);
