/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client's end of chronyd's command socket. chronyd answers only to a path, which it must be
 * able to write to, and its own security profile keeps such paths beside its own: so the client
 * needs the right to make an entry in chronyd's folder, which on most systems only chronyd's
 * user has.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "os/fd.h"

/* Where chronyd listens by default. */
#define VT_CHRONY_SOCKET_PATH "/run/chrony/chronyd.sock"

typedef struct {
    VtFd fd;        /* a connected datagram socket, non-blocking; VT_FD_NONE when closed */
    char *own_path; /* its own entry; NULL: none was made */
} VtChronySocket;

/* What has been opened neither must be closed before. */
#define VT_CHRONY_SOCKET_CLOSED ((VtChronySocket){ .fd = VT_FD_NONE })

/*
 * Connects to @server_path by an entry beside it, named after @client and this process. What an
 * earlier process of the same number has left there is replaced. Closed on failure.
 */
bool vt_chrony_socket_open(VtChronySocket *chrony,
                           const char *server_path,
                           const char *client,
                           GError **error);

/* Removes its entry, too. */
void vt_chrony_socket_close(VtChronySocket *chrony);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VtChronySocket, vt_chrony_socket_close)
