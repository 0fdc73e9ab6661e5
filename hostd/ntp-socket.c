/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

/* A stamp and one packet info, with room to spare; what does not fit is told by MSG_CTRUNC. */
#define CONTROL_BYTES 256

typedef union {
    struct cmsghdr alignment;
    uint8_t bytes[CONTROL_BYTES];
} Control;

typedef struct {
    struct mmsghdr headers[VT_NTP_SOCKET_BATCH];
    struct iovec vectors[VT_NTP_SOCKET_BATCH];
    Control controls[VT_NTP_SOCKET_BATCH];
} Batch;

static bool
set_option(int fd, int level, int option)
{
    int on = 1;
    return setsockopt(fd, level, option, &on, sizeof on) == 0;
}

static bool
set_options(int fd, sa_family_t family)
{
    /* No SO_REUSEADDR: for UDP it would take the requests of another server away in silence. */
    if (!set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS))
        return false;
    if (family == AF_INET)
        return set_option(fd, SOL_IP, IP_PKTINFO) && set_option(fd, SOL_IP, IP_FREEBIND);
    return set_option(fd, SOL_IPV6, IPV6_V6ONLY) &&
           set_option(fd, SOL_IPV6, IPV6_RECVPKTINFO) &&
           set_option(fd, SOL_IPV6, IPV6_FREEBIND);
}

VtFd
vt_ntp_socket_open(const VtNtpAddress *address, int *ret_error_number)
{
    sa_family_t family = address->socket_address.ss_family;
    g_auto(VtFd) fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && set_options(fd, family) &&
        bind(fd, (const struct sockaddr *)&address->socket_address, address->n_bytes) == 0)
        return vt_fd_steal(&fd);
    *ret_error_number = errno;
    return VT_FD_NONE;
}

VtNtpAddress
vt_ntp_socket_get_address(int fd)
{
    VtNtpAddress address = { .n_bytes = sizeof address.socket_address };
    int result = getsockname(fd, (struct sockaddr *)&address.socket_address, &address.n_bytes);
    g_assert(result == 0);
    return address;
}

static void
take_info_v4(const struct in_pktinfo *info, VtNtpDatagram *datagram)
{
    datagram->has_local = true;
    datagram->interface_index = (unsigned)info->ipi_ifindex;
    datagram->local.v4 = info->ipi_spec_dst;
    /* The kernel gives a broadcast or multicast datagram another address of its own. */
    datagram->is_to_many = info->ipi_spec_dst.s_addr != info->ipi_addr.s_addr;
}

static void
take_info_v6(const struct in6_pktinfo *info, VtNtpDatagram *datagram)
{
    datagram->has_local = true;
    datagram->interface_index = info->ipi6_ifindex;
    datagram->local.v6 = info->ipi6_addr;
    datagram->is_to_many = IN6_IS_ADDR_MULTICAST(&info->ipi6_addr);
}

static void
take_stamp(const struct timespec *stamp, VtNtpDatagram *datagram)
{
    datagram->has_stamp = true;
    datagram->received_at = vt_wall_from_timespec(stamp);
}

static void
take_controls(struct msghdr *header, VtNtpDatagram *datagram)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        const void *data = CMSG_DATA(control);
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS)
            take_stamp(data, datagram);
        else if (control->cmsg_level == SOL_IP && control->cmsg_type == IP_PKTINFO)
            take_info_v4(data, datagram);
        else if (control->cmsg_level == SOL_IPV6 && control->cmsg_type == IPV6_PKTINFO)
            take_info_v6(data, datagram);
    }
}

size_t
vt_ntp_socket_receive(int fd, VtNtpDatagram ret_datagrams[VT_NTP_SOCKET_BATCH])
{
    Batch batch = { 0 };

    for (size_t i = 0; i < VT_NTP_SOCKET_BATCH; i++) {
        VtNtpDatagram *datagram = &ret_datagrams[i];
        *datagram = (VtNtpDatagram){ 0 };
        batch.vectors[i] =
            (struct iovec){ .iov_base = datagram->bytes, .iov_len = sizeof datagram->bytes };
        batch.headers[i].msg_hdr = (struct msghdr){
            .msg_name = &datagram->peer.socket_address,
            .msg_namelen = sizeof datagram->peer.socket_address,
            .msg_iov = &batch.vectors[i],
            .msg_iovlen = 1,
            .msg_control = &batch.controls[i],
            .msg_controllen = sizeof batch.controls[i],
        };
    }
    /* An error belongs to an earlier reply that could not be delivered; there is nothing to do. */
    int n_received = recvmmsg(fd, batch.headers, VT_NTP_SOCKET_BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n_received; i++) {
        ret_datagrams[i].n_bytes = batch.headers[i].msg_len;
        ret_datagrams[i].peer.n_bytes = batch.headers[i].msg_hdr.msg_namelen;
        take_controls(&batch.headers[i].msg_hdr, &ret_datagrams[i]);
    }
    return n_received > 0 ? (size_t)n_received : 0;
}

static void
put_control(struct msghdr *header, int level, int type, const void *data, size_t n_bytes)
{
    struct cmsghdr *control = CMSG_FIRSTHDR(header);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(n_bytes);
    memcpy(CMSG_DATA(control), data, n_bytes);
    header->msg_controllen = CMSG_SPACE(n_bytes);
}

static void
put_local(struct msghdr *header, const VtNtpDatagram *datagram, Control *control)
{
    if (!datagram->has_local)
        return;
    header->msg_control = control;
    header->msg_controllen = sizeof *control;
    if (datagram->peer.socket_address.ss_family == AF_INET) {
        struct in_pktinfo info = {
            .ipi_ifindex = (int)datagram->interface_index,
            .ipi_spec_dst = datagram->local.v4,
        };
        put_control(header, SOL_IP, IP_PKTINFO, &info, sizeof info);
        return;
    }
    struct in6_pktinfo info = {
        .ipi6_addr = datagram->local.v6,
        .ipi6_ifindex = datagram->interface_index,
    };
    put_control(header, SOL_IPV6, IPV6_PKTINFO, &info, sizeof info);
}

size_t
vt_ntp_socket_send(int fd, const VtNtpDatagram *datagrams, size_t n_datagrams)
{
    Batch batch = { 0 };
    g_assert(n_datagrams <= VT_NTP_SOCKET_BATCH);

    for (size_t i = 0; i < n_datagrams; i++) {
        const VtNtpDatagram *datagram = &datagrams[i];
        batch.vectors[i] = (struct iovec){
            .iov_base = (void *)datagram->bytes,
            .iov_len = datagram->n_bytes,
        };
        batch.headers[i].msg_hdr = (struct msghdr){
            .msg_name = (void *)&datagram->peer.socket_address,
            .msg_namelen = datagram->peer.n_bytes,
            .msg_iov = &batch.vectors[i],
            .msg_iovlen = 1,
        };
        put_local(&batch.headers[i].msg_hdr, datagram, &batch.controls[i]);
    }

    size_t n_sent = 0;
    for (size_t next = 0; next < n_datagrams;) {
        int n_taken = sendmmsg(fd, batch.headers + next, (unsigned)(n_datagrams - next),
                               MSG_DONTWAIT | MSG_NOSIGNAL);
        /* It stops at the first that cannot be sent: that one is lost, not those behind it. */
        next += n_taken > 0 ? (size_t)n_taken : 1;
        n_sent += n_taken > 0 ? (size_t)n_taken : 0;
    }
    return n_sent;
}
