/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-listener.h"

#include <errno.h>

static void
note_open(VtNtpListener *listener, int fd)
{
    VtNtpAddress address = vt_ntp_socket_get_address(fd);
    if (listener->wanted.wants_card_stamps)
        vt_ntp_socket_want_card_stamps(fd);
    listener->fd = fd;
    listener->n_overflows = 0;
    listener->gate = (VtNtpGate){ .level = 0 };
    atomic_store(&listener->is_flooded, false);
    atomic_store(&listener->port, vt_ntp_address_get_port(&address));
    atomic_store(&listener->error_number, 0);
}

static void
try_to_open(VtNtpListener *listener)
{
    const char *interface = listener->wanted.interface;
    int error_number = ENODEV;

    listener->interface_index = *interface == '\0' ? 0 : if_nametoindex(interface);
    if (*interface == '\0' || listener->interface_index != 0) {
        VtFd fd = vt_ntp_socket_open(&listener->wanted, &error_number);
        if (fd >= 0) {
            note_open(listener, fd);
            return;
        }
    }
    atomic_store(&listener->error_number, error_number);
}

void
vt_ntp_listener_init(VtNtpListener *ret_listener, const VtNtpPlace *wanted, int fd)
{
    *ret_listener = (VtNtpListener){
        .wanted = *wanted,
        .is_adopted = fd >= 0,
        .fd = VT_FD_NONE,
    };
    if (fd >= 0)
        note_open(ret_listener, fd);
    else
        try_to_open(ret_listener);
}

void
vt_ntp_listener_clear(VtNtpListener *listener)
{
    vt_fd_close(&listener->fd);
}

bool
vt_ntp_listener_retry(VtNtpListener *listener)
{
    const char *interface = listener->wanted.interface;

    if (listener->is_adopted)
        return true;
    if (listener->fd >= 0 && *interface != '\0' &&
        if_nametoindex(interface) != listener->interface_index)
        vt_fd_close(&listener->fd);
    if (listener->fd < 0)
        try_to_open(listener);
    return listener->fd >= 0;
}
