/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * logind says that this machine is about to sleep (a weak hint: one more reading before) and
 * that it is awake again (a strong one that allows a backward step: the kernel has set the clock
 * from a source that may be coarse). A machine without logind never says so.
 */
#pragma once

#include <gio/gio.h>

#include "agent/hints/hint.h"

/* Connects to the system bus in the background. Cleared with vt_hint_source_clear. */
VtHintSource vt_hint_sleep_new(VtHintFunc on_hint, void *user_data);

/*
 * One that listens on @connection, which need be no bus: then to whoever is at its other end.
 */
VtHintSource
vt_hint_sleep_new_on(GDBusConnection *connection, VtHintFunc on_hint, void *user_data);
