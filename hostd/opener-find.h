/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a domain's UUID to a connected channel: the one thing that the opener does with its
 * privilege. What it relies upon is libvirt's live XML, which it reads itself, and the folders
 * that root has named; nothing comes from whoever asks but the UUID.
 */
#pragma once

#include <glib.h>

#include "os/fd.h"

/*
 * Looks the domain up at @uri on a read-only connection, connects to the socket of its channel
 * as vt_channel_socket_connect_beneath does, and looks again whether it is still that domain's.
 * Blocks for as long as libvirt does: for a worker. VT_ERROR_NOT_FOUND: no such domain, channel
 * or socket now; VT_ERROR_BUSY; VT_ERROR_DENIED. VT_FD_NONE on failure. *@ret_name is the
 * domain's, whose socket may yet come; NULL: there is none. Transfer full.
 */
VtFd vt_opener_find(const char *uri,
                    const char *uuid,
                    const char *const *folders,
                    char **ret_name,
                    GError **error);
