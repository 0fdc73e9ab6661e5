/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The least that a server of UDP can do with receive stamps, and from the address asked: takes a
 * batch, makes the packets look like replies, sends the batch. It knows nothing of time and checks
 * nothing: what it costs is the kernel's share.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hostd/ntp-socket.h"

static void
answer(VtNtpDatagram *datagram)
{
    memcpy(datagram->reply, datagram->bytes, VT_NTP_PACKET_BYTES);
    datagram->reply[0] = VT_NTP_VERSION << 3 | VT_NTP_MODE_SERVER;
    /* The transmit stamp of the request is the origin of the reply. */
    memcpy(datagram->reply + 24, datagram->bytes + 40, sizeof(VtNtpStamp));
    datagram->n_reply_bytes = VT_NTP_PACKET_BYTES;
}

static void
serve(int fd)
{
    struct timespec now;
    g_autoptr(VtNtpTurn) turn = vt_ntp_turn_new();
    for (;;) {
        struct pollfd polled = { .fd = fd, .events = POLLIN };
        (void)poll(&polled, 1, -1); /* nothing to receive is looked at, too */
        size_t n_received = vt_ntp_turn_receive(turn, fd);
        for (size_t i = 0; i < n_received; i++) {
            answer(vt_ntp_turn_get(turn, i));
            clock_gettime(CLOCK_REALTIME, &now);
        }
        if (n_received > 0)
            (void)vt_ntp_turn_send(turn, fd, 0, n_received);
    }
}

int
main(int argc, char **argv)
{
    VtNtpPlace place = { 0 };
    int error_number;
    if (argc != 2 || !vt_ntp_address_parse(argv[1], 123, &place.address, NULL)) {
        g_printerr("usage: echo ADDRESS\n");
        return EXIT_FAILURE;
    }
    g_auto(VtFd) fd = vt_ntp_socket_open(&place, &error_number);
    if (fd < 0) {
        g_printerr("echo: %s\n", g_strerror(error_number));
        return EXIT_FAILURE;
    }
    serve(fd);
    return EXIT_SUCCESS;
}
