/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/hostd/fake-chronyd.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <glib.h>

#include "proto/chrony-command.h"

#define TIMEOUT_SEC 10

/* Of the reply: see candm.h. */
#define SEQUENCE_OFFSET  16
#define STRATUM_OFFSET   53
#define REFERENCE_OFFSET 60

static VtFd
open_socket(int family)
{
    struct timeval timeout = { .tv_sec = TIMEOUT_SEC };
    VtFd fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), ==, 0);
    return fd;
}

VtFd
fake_chronyd_listen(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    VtFd fd = open_socket(AF_UNIX);
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    g_assert_cmpint(bind(fd, (const struct sockaddr *)&address, sizeof address), ==, 0);
    return fd;
}

VtFd
fake_chronyd_listen_udp(uint16_t *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n_bytes = sizeof address;
    VtFd fd = open_socket(AF_INET);
    g_assert_cmpint(bind(fd, (const struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &n_bytes), ==, 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

void
fake_chronyd_reply(int fd, uint8_t stratum, uint32_t reference_sec)
{
    struct sockaddr_storage peer;
    socklen_t n_peer_bytes = sizeof peer;
    uint8_t bytes[VT_CHRONY_TRACKING_BYTES];
    uint32_t seconds = htonl(reference_sec);
    ssize_t n_bytes =
        recvfrom(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&peer, &n_peer_bytes);
    g_assert_cmpint(n_bytes, ==, sizeof bytes);
    g_assert_cmpint(bytes[5], ==, 33);

    memcpy(bytes + SEQUENCE_OFFSET, bytes + 8, sizeof seconds);
    bytes[1] = 2;
    bytes[7] = 5;
    bytes[8] = bytes[9] = 0;
    bytes[STRATUM_OFFSET] = stratum;
    memcpy(bytes + REFERENCE_OFFSET, &seconds, sizeof seconds);
    g_assert_cmpint(
        sendto(fd, bytes, sizeof bytes, 0, (const struct sockaddr *)&peer, n_peer_bytes), ==,
        sizeof bytes);
}
