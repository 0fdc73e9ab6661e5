/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The socket on which the opener is asked, made by itself where there is no service manager
 * that does it.
 */
#pragma once

#include <sys/types.h>

#include <glib.h>

#include "os/fd.h"

/*
 * Listens at @path (its folder is made if it is missing), replacing a socket that nobody answers
 * on; only @owner and root may connect. VT_ERROR_BUSY when another opener answers there.
 * VT_FD_NONE on failure.
 */
VtFd vt_opener_socket_listen(const char *path, uid_t owner, GError **error);
