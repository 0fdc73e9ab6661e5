/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/providers/ntp-stamps.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* A stamp and what comes with it, with room to spare. */
#define CONTROL_BYTES 256

#define MOST_APART_NS (100 * VT_NS_PER_MS)

void
vt_ntp_stamps_enable(int fd)
{
    int both = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_TX_SOFTWARE |
               SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;
    int on = 1;
    /* Without either the time is read when the packet is: later, but no less true. */
    if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &both, sizeof both) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

VtFd
vt_ntp_stamps_hold(void)
{
    VtFd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return VT_FD_NONE;
    vt_ntp_stamps_enable(fd);
    return fd;
}

/* The first of the three stamps of SCM_TIMESTAMPING is the kernel's own. */
static bool
find_stamp(struct msghdr *header, VtWall *ret_stamp)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level != SOL_SOCKET ||
            (control->cmsg_type != SCM_TIMESTAMPING && control->cmsg_type != SCM_TIMESTAMPNS))
            continue;
        struct timespec stamp;
        memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
        if (stamp.tv_sec == 0)
            continue;
        *ret_stamp = vt_wall_from_timespec(&stamp);
        return true;
    }
    return false;
}

static ssize_t
receive(int fd, struct iovec *vector, int flags, VtWall *ret_stamp, bool *ret_has_stamp)
{
    union {
        struct cmsghdr alignment;
        uint8_t bytes[CONTROL_BYTES];
    } control;
    struct msghdr header = {
        .msg_iov = vector,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    ssize_t n_received = recvmsg(fd, &header, flags);
    *ret_has_stamp = n_received >= 0 && find_stamp(&header, ret_stamp);
    return n_received;
}

ssize_t
vt_ntp_stamps_receive(int fd,
                      uint8_t *bytes,
                      size_t n_bytes,
                      VtWall *ret_stamp,
                      bool *ret_has_stamp)
{
    struct iovec vector = { .iov_base = bytes, .iov_len = n_bytes };
    return receive(fd, &vector, MSG_DONTWAIT, ret_stamp, ret_has_stamp);
}

bool
vt_ntp_stamps_take_sent(int fd, VtWall *ret_stamp)
{
    uint8_t nothing[1];
    struct iovec vector = { .iov_base = nothing, .iov_len = sizeof nothing };
    bool was_found = false;
    bool has_stamp;

    while (receive(fd, &vector, MSG_DONTWAIT | MSG_ERRQUEUE, ret_stamp, &has_stamp) >= 0)
        was_found |= has_stamp;
    return was_found;
}

bool
vt_ntp_stamps_place(VtWall stamp, VtInstant read, VtInstant *ret_at)
{
    VtNs apart_ns = vt_wall_diff(stamp, read.wall);
    if (vt_ns_abs(apart_ns) > MOST_APART_NS)
        return false;
    *ret_at = (VtInstant){ .wall = stamp, .raw = vt_mono_add(read.raw, apart_ns) };
    return true;
}
