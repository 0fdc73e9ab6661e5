/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Serves one D-Bus object on a private peer-to-peer socket, so that an operator's tool works
 * where no message bus runs (initramfs, container). Reading needs no privilege beyond the mode
 * of the socket; the gate decides about the rest. A client may be hostile:
 * connections (32), those not yet authenticated (4) and calls on one connection (256) are
 * bounded, and what goes beyond is hung up on.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <gio/gio.h>

#include "bus/gate.h"

typedef struct VtControlServer VtControlServer;

/*
 * Makes the folder of @path if it is missing (mode 0755), replaces a socket that a dead daemon
 * left behind, and serves @gate to everyone who may connect; the socket gets
 * @mode. Fails with VT_ERROR_BUSY when a living daemon answers on @path. Handlers run in the
 * thread-default main context of the caller. Transfer full; @gate must
 * outlive the server.
 */
VtControlServer *vt_control_server_new(const char *path,
                                       mode_t mode,
                                       VtGate *gate,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Gives the socket to the group @group, whose members its mode may then let in.
 * VT_ERROR_NOT_FOUND: there is no such group; VT_ERROR_DENIED: this process is not in it.
 */
bool vt_control_server_set_group(VtControlServer *server, const char *group, GError **error);

/* Closes all connections and removes the socket. Takes NULL. */
void vt_control_server_free(VtControlServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtControlServer, vt_control_server_free)
