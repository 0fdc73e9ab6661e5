/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The descriptors with which the service manager started this process: the sockets of its
 * socket unit, and those that it kept over a restart (sd_listen_fds_with_names(3)).
 */
#pragma once

#include <glib.h>

/* Where the manager puts the first one; the others follow without a gap. */
#define VT_PASSED_FDS_FIRST 3

typedef struct VtPassedFds VtPassedFds;

/*
 * Takes over what LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES announce, from descriptor @first_fd
 * on, makes it close-on-exec, and removes the variables, so that no child believes them. Nothing
 * announced, for another process or malformed: an empty set. Transfer full.
 */
VtPassedFds *vt_passed_fds_take(int first_fd);

/* Closes what was not stolen. Takes NULL. */
void vt_passed_fds_free(VtPassedFds *passed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtPassedFds, vt_passed_fds_free)

/*
 * The first descriptor left whose name begins with @prefix, now the caller's, and the rest of
 * its name (transfer full; NULL to ignore). VT_FD_NONE when there is none.
 */
int vt_passed_fds_steal(VtPassedFds *passed, const char *prefix, char **ret_rest);
