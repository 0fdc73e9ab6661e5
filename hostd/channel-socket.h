/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connects to the socket of a guest's channel. The path comes from a domain's XML and the
 * folders it leads through may belong to QEMU's user, so a process with privileges connects
 * beneath folders that root has named, and by no symbolic link.
 */
#pragma once

#include <glib.h>

#include "os/fd.h"

/*
 * With the permissions that the caller has, non-blocking. VT_ERROR_NOT_FOUND: no socket, nobody
 * listens; VT_ERROR_BUSY: its queue is full; VT_ERROR_DENIED. VT_FD_NONE on failure.
 */
VtFd vt_channel_socket_connect(const char *path, GError **error);

/*
 * The same, but only when @path lies beneath one of the NULL-terminated @folders (absolute
 * paths), leads through no symbolic link, the folder's own path included, and ends in a socket;
 * VT_ERROR_DENIED otherwise. What is connected to is what was checked, whatever happens to the
 * path meanwhile.
 */
VtFd
vt_channel_socket_connect_beneath(const char *path, const char *const *folders, GError **error);
