/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

VtFd
vt_socket_open(int domain)
{
    VtFd fd = socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 || errno != EINVAL)
        return fd;
    fd = socket(domain, SOCK_DGRAM, 0);
    if (fd >= 0)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* who starts no program loses nothing */
    return fd;
}
