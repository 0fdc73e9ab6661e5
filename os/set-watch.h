/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells when CLOCK_REALTIME was set in one move, by whomever: a step, a leap second, the end of a
 * suspend of this machine; not a slew, and not a pause by the hypervisor. The kernel tells it
 * through a timer that such a set cancels, behind an interface that tests implement.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "os/fd.h"

typedef struct {
    /* A descriptor that becomes readable with each set; VT_FD_NONE on failure. */
    VtFd (*arm)(void *instance, GError **error);
    /* Whether the clock was set since the last call; @fd then waits for the next set. */
    bool (*take)(void *instance, VtFd fd);
} VtSetWatchKernel;

/* A timerfd with TFD_TIMER_CANCEL_ON_SET; its instance is NULL. */
extern const VtSetWatchKernel vt_set_watch_system;

typedef void (*VtSetFunc)(void *user_data);

typedef struct VtSetWatch VtSetWatch;

/*
 * Calls @on_set once for every set, or once for several that came together. @kernel and @instance
 * must outlive the watch. Transfer full; NULL on failure.
 */
VtSetWatch *vt_set_watch_new(const VtSetWatchKernel *kernel,
                             void *instance,
                             VtSetFunc on_set,
                             void *user_data,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vt_set_watch_free(VtSetWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtSetWatch, vt_set_watch_free)
