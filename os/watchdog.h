/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells the service manager that the main loop still turns (WATCHDOG=1), twice in each period
 * that the unit's WatchdogSec= names. Without one it does nothing.
 */
#pragma once

#include <glib.h>

typedef struct VtWatchdog VtWatchdog;

/*
 * Reads WATCHDOG_USEC and WATCHDOG_PID and attaches to the thread-default main context. NULL
 * when this process is not watched. Transfer full.
 */
VtWatchdog *vt_watchdog_new(void);

/* Stops telling; takes NULL. */
void vt_watchdog_free(VtWatchdog *watchdog);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtWatchdog, vt_watchdog_free)
