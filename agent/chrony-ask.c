/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/chrony-ask.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "os/chrony-socket.h"
#include "os/random.h"
#include "proto/chrony-command.h"

#define TIME_LIMIT_US (G_USEC_PER_SEC / 2)

/* What chronyd may say in reply; longer ones are cut, and then malformed. */
#define MOST_BYTES 512

#define CLIENT "virt-time-chrony-helper"

static VtChronyCommand
get_command(VtChronyWish wish)
{
    static const VtChronyCommand commands[VT_CHRONY_WISH_END] = {
        [VT_CHRONY_WISH_RESET] = VT_CHRONY_RESET_SOURCES,
        [VT_CHRONY_WISH_BURST] = VT_CHRONY_BURST,
        [VT_CHRONY_WISH_MAKESTEP] = VT_CHRONY_MAKESTEP,
    };
    return commands[wish];
}

/* False when the time is up. */
static bool
wait_for_bytes(int fd, int64_t until_us)
{
    int64_t left_ms = (until_us - g_get_monotonic_time()) / 1000;
    struct pollfd waiting = { .fd = fd, .events = POLLIN };
    return left_ms > 0 && poll(&waiting, 1, (int)left_ms) > 0;
}

static VtChronyCode
read_reply(int fd, VtChronyCommand command, uint32_t sequence)
{
    int64_t until_us = g_get_monotonic_time() + TIME_LIMIT_US;
    uint8_t bytes[MOST_BYTES];

    while (wait_for_bytes(fd, until_us)) {
        ssize_t n_bytes = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n_bytes < 0)
            return VT_CHRONY_CODE_UNREACHABLE;
        switch (vt_chrony_decode_done(bytes, (size_t)n_bytes, command, sequence)) {
        case VT_CHRONY_REPLY_OK:
            return VT_CHRONY_CODE_DONE;
        case VT_CHRONY_REPLY_REFUSED:
            return VT_CHRONY_CODE_REFUSED;
        case VT_CHRONY_REPLY_MALFORMED:
        case VT_CHRONY_REPLY_FOREIGN:
            break; /* not to this request: the right one may still come */
        }
    }
    return VT_CHRONY_CODE_UNREACHABLE;
}

VtChronyCode
vt_chrony_ask(const char *socket_path, VtChronyWish wish)
{
    g_auto(VtChronySocket) chrony = VT_CHRONY_SOCKET_CLOSED;
    g_autoptr(GError) error = NULL;
    uint8_t bytes[VT_CHRONY_MAX_REQUEST_BYTES];
    uint32_t sequence = (uint32_t)vt_random_nonce();
    VtChronyCommand command = get_command(wish);

    if (!vt_chrony_socket_open(&chrony, socket_path, CLIENT, &error)) {
        g_debug("%s", error->message);
        return VT_CHRONY_CODE_UNREACHABLE;
    }
    size_t n_bytes = vt_chrony_encode_command(command, sequence, bytes);
    if (send(chrony.fd, bytes, n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        return VT_CHRONY_CODE_UNREACHABLE;
    return read_reply(chrony.fd, command, sequence);
}
