/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/route.h"

#include <sys/socket.h>

#include "os/socket.h"

/* To connect a datagram socket is to look its way up. */
bool
vt_route_exists(GSocketAddress *address)
{
    struct sockaddr_storage native = { 0 };
    gssize n_bytes = g_socket_address_get_native_size(address);
    if (n_bytes < 0 || !g_socket_address_to_native(address, &native, sizeof native, NULL))
        return false;
    g_auto(VtFd) fd = vt_socket_open(native.ss_family);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&native, (socklen_t)n_bytes) == 0;
}
