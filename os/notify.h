/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The service manager's notification protocol (sd_notify(3)): one datagram to the socket named
 * in NOTIFY_SOCKET. Without that variable every call does nothing.
 */
#pragma once

#include <glib.h>

/*
 * Sends "READY=1", "STATUS=…", "STOPPING=1" or several of them, each on a line. What cannot be
 * delivered is lost without harm: the service manager has its own time-outs.
 */
void vt_notify(const char *format, ...) G_GNUC_PRINTF(1, 2);
