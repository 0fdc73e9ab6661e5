/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals as ordinary events of the main loop: blocked, and read from a descriptor. Block them
 * before the first thread is made, so that every thread inherits it.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include <glib.h>

typedef void (*VtSignalFunc)(int signal_number, void *user_data);

typedef struct VtSignals VtSignals;

/*
 * Blocks the signals in the 0-terminated list @numbers and calls @on_signal for each that
 * arrives, from the thread-default main context. Transfer full.
 */
VtSignals *vt_signals_new(const int *numbers,
                          VtSignalFunc on_signal,
                          void *user_data,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Stops listening; the signals stay blocked. Takes NULL. */
void vt_signals_free(VtSignals *signals);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtSignals, vt_signals_free)
