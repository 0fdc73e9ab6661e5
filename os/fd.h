/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file descriptor that closes itself at the end of its scope: `g_auto(VtFd) fd = open(…)`. */
#pragma once

#include <unistd.h>

#include <glib.h>

typedef int VtFd;

#define VT_FD_NONE (-1)

static inline void
vt_fd_close(VtFd *fd)
{
    if (*fd >= 0)
        (void)close(*fd); /* nothing was written that close could still report */
    *fd = VT_FD_NONE;
}

static inline VtFd
vt_fd_steal(VtFd *fd)
{
    VtFd stolen = *fd;
    *fd = VT_FD_NONE;
    return stolen;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VtFd, vt_fd_close)
