/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The service manager's notification protocol (sd_notify(3)): one datagram to the socket named
 * in NOTIFY_SOCKET. Without that variable every call does nothing.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/*
 * Sends "READY=1", "STATUS=…", "STOPPING=1" or several of them, each on a line. What cannot be
 * delivered is lost without harm: the service manager has its own time-outs.
 */
void vt_notify(const char *format, ...) G_GNUC_PRINTF(1, 2);

/*
 * Gives the service manager a copy of @fd to keep while this process is restarted, under @name
 * (no colon, no control character, at most 255 bytes); os/passed-fds.h takes it back. The
 * manager drops it by itself when the other end hangs up. False when there is no manager or it
 * did not take the message: the descriptor then simply does not outlive the process.
 */
bool vt_notify_store_fd(const char *name, int fd);

/* The manager is to close every copy that it keeps under @name. */
void vt_notify_remove_fd(const char *name);
