/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-socket.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

#include "proto/byte-reader.h"

/*
 * Stamps, packet info, the overflow count, and of a card's stamp where it was taken take 168, of
 * the error queue 216; what does not fit is told by MSG_CTRUNC.
 */
#define CONTROL_BYTES 256

/* Some milliseconds of a flood, while the thread is on another socket's turn. */
#define QUEUE_BYTES (1 << 20)

/* A frame with a reply in it, headers of every layer included. */
#define SENT_MOST_BYTES 256

/* Of the receive stamp in a packet. */
#define RECEIVE_OFFSET 32

typedef union {
    struct cmsghdr alignment;
    uint8_t bytes[CONTROL_BYTES];
} Control;

struct VtNtpTurn {
    struct mmsghdr headers[VT_NTP_SOCKET_BATCH];
    struct iovec vectors[VT_NTP_SOCKET_BATCH];
    Control controls[VT_NTP_SOCKET_BATCH];
    VtNtpDatagram datagrams[VT_NTP_SOCKET_BATCH];
    bool has_refused_segments; /* the kernel, or a way that replies leave by */
};

static bool
set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

static bool
set_options(int fd, sa_family_t family)
{
    /* Transmit stamps are asked for with each reply that needs one. */
    if (!set_option(fd, SOL_SOCKET, SO_TIMESTAMPING,
                    SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE) ||
        !set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1))
        return false;
    /* A wish: the kernel cuts it to net.core.rmem_max. */
    (void)set_option(fd, SOL_SOCKET, SO_RCVBUF, QUEUE_BYTES);
    if (family == AF_INET)
        return set_option(fd, SOL_IP, IP_PKTINFO, 1);
    return set_option(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1);
}

static bool
prepare_bind(int fd, const VtNtpPlace *place)
{
    const char *interface = place->interface;
    /* No SO_REUSEADDR: for UDP it would take the requests of another server away in silence. */
    if (place->address.socket_address.ss_family == AF_INET
            ? !set_option(fd, SOL_IP, IP_FREEBIND, 1)
            : !set_option(fd, SOL_IPV6, IPV6_V6ONLY, 1) ||
                  !set_option(fd, SOL_IPV6, IPV6_FREEBIND, 1))
        return false;
    return *interface == '\0' || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
                                            (socklen_t)strlen(interface)) == 0;
}

VtFd
vt_ntp_socket_open(const VtNtpPlace *place, int *ret_error_number)
{
    const VtNtpAddress *address = &place->address;
    sa_family_t family = address->socket_address.ss_family;
    g_auto(VtFd) fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && set_options(fd, family) && prepare_bind(fd, place) &&
        bind(fd, (const struct sockaddr *)&address->socket_address, address->n_bytes) == 0)
        return vt_fd_steal(&fd);
    *ret_error_number = errno;
    return VT_FD_NONE;
}

bool
vt_ntp_socket_adopt(int fd)
{
    int type = 0;
    socklen_t n_bytes = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n_bytes) < 0 || type != SOCK_DGRAM)
        return false;
    sa_family_t family = vt_ntp_socket_get_address(fd).socket_address.ss_family;
    return (family == AF_INET || family == AF_INET6) && set_options(fd, family);
}

void
vt_ntp_socket_want_card_stamps(int fd)
{
    /* Refused by kernels that know no better: then there are none. */
    (void)set_option(fd, SOL_SOCKET, SO_TIMESTAMPING,
                     SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
                         SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE |
                         SOF_TIMESTAMPING_OPT_PKTINFO | SOF_TIMESTAMPING_OPT_CMSG);
}

VtNtpAddress
vt_ntp_socket_get_address(int fd)
{
    VtNtpAddress address = { .n_bytes = sizeof address.socket_address };
    int result = getsockname(fd, (struct sockaddr *)&address.socket_address, &address.n_bytes);
    g_assert(result == 0);
    return address;
}

VtNtpTurn *
vt_ntp_turn_new(void)
{
    VtNtpTurn *turn = g_new0(VtNtpTurn, 1);
    for (size_t i = 0; i < VT_NTP_SOCKET_BATCH; i++) {
        struct msghdr *header = &turn->headers[i].msg_hdr;
        header->msg_name = &turn->datagrams[i].peer;
    }
    return turn;
}

void
vt_ntp_turn_free(VtNtpTurn *turn)
{
    g_free(turn);
}

VtNtpDatagram *
vt_ntp_turn_get(VtNtpTurn *turn, size_t index)
{
    g_assert(index < VT_NTP_SOCKET_BATCH);
    return &turn->datagrams[index];
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
take_stamp(const struct scm_timestamping *stamps, VtNtpDatagram *datagram)
{
    datagram->has_stamp = stamps->ts[0].tv_sec != 0;
    datagram->received_at = vt_wall_from_timespec(&stamps->ts[0]);
    datagram->has_card_stamp = stamps->ts[2].tv_sec != 0 || stamps->ts[2].tv_nsec != 0;
    datagram->card.device_at = vt_wall_from_timespec(&stamps->ts[2]);
}

/* Of a bridge or a bond it is the port that the packet came through. */
static void
take_stamp_info(const struct scm_ts_pktinfo *info, VtNtpDatagram *datagram)
{
    datagram->card.interface_index = info->if_index;
    datagram->card.n_frame_bytes = info->pkt_length;
}

static void
take_controls(struct msghdr *header, VtNtpDatagram *datagram)
{
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        const void *data = CMSG_DATA(control);
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_TIMESTAMPING)
            take_stamp(data, datagram);
        else if (control->cmsg_level == SOL_SOCKET &&
                 control->cmsg_type == SCM_TIMESTAMPING_PKTINFO)
            take_stamp_info(data, datagram);
        else if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_RXQ_OVFL)
            memcpy(&datagram->n_overflows, data, sizeof datagram->n_overflows);
        else if (control->cmsg_level == SOL_IP && control->cmsg_type == IP_PKTINFO)
            take_info_v4(data, datagram);
        else if (control->cmsg_level == SOL_IPV6 && control->cmsg_type == IPV6_PKTINFO)
            take_info_v6(data, datagram);
    }
}

static void
take_datagram(struct mmsghdr *header, VtNtpDatagram *datagram)
{
    datagram->n_bytes = header->msg_len;
    datagram->is_cut = (header->msg_hdr.msg_flags & MSG_TRUNC) != 0;
    datagram->has_local = false;
    datagram->is_to_many = false;
    datagram->has_stamp = false;
    datagram->has_card_stamp = false;
    datagram->card.interface_index = 0;
    datagram->n_overflows = 0;
    datagram->n_reply_bytes = 0;
    datagram->wants_sent_stamp = false;
    datagram->wants_card_stamp = false;
    take_controls(&header->msg_hdr, datagram);
}

size_t
vt_ntp_turn_receive(VtNtpTurn *turn, int fd)
{
    for (size_t i = 0; i < VT_NTP_SOCKET_BATCH; i++) {
        struct msghdr *header = &turn->headers[i].msg_hdr;
        header->msg_iov = &turn->vectors[i];
        header->msg_iovlen = 1;
        turn->vectors[i].iov_base = turn->datagrams[i].bytes;
        turn->vectors[i].iov_len = sizeof turn->datagrams[i].bytes;
        header->msg_name = &turn->datagrams[i].peer;
        header->msg_namelen = sizeof turn->datagrams[i].peer;
        header->msg_control = &turn->controls[i];
        header->msg_controllen = sizeof turn->controls[i];
    }
    /* An error belongs to an earlier reply that could not be delivered; there is nothing to do. */
    int n_received = recvmmsg(fd, turn->headers, VT_NTP_SOCKET_BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n_received; i++)
        take_datagram(&turn->headers[i], &turn->datagrams[i]);
    return n_received > 0 ? (size_t)n_received : 0;
}

/* Appends to what is there. The space was zeroed: CMSG_NXTHDR looks at the length behind. */
static void
put_control(struct msghdr *header, int level, int type, const void *data, size_t n_bytes)
{
    struct cmsghdr *control =
        (struct cmsghdr *)((uint8_t *)header->msg_control + header->msg_controllen);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(n_bytes);
    memcpy(CMSG_DATA(control), data, n_bytes);
    header->msg_controllen += CMSG_SPACE(n_bytes);
}

static void
put_controls(struct msghdr *header, const VtNtpDatagram *datagram)
{
    /* Of a card that stamps this one the kernel tells its stamp alone. */
    uint32_t wish = SOF_TIMESTAMPING_TX_SOFTWARE |
                    (datagram->wants_card_stamp ? SOF_TIMESTAMPING_TX_HARDWARE : 0);

    if (datagram->has_local && datagram->peer.any.sa_family == AF_INET) {
        struct in_pktinfo info = {
            .ipi_ifindex = (int)datagram->interface_index,
            .ipi_spec_dst = datagram->local.v4,
        };
        put_control(header, SOL_IP, IP_PKTINFO, &info, sizeof info);
    } else if (datagram->has_local) {
        struct in6_pktinfo info = {
            .ipi6_addr = datagram->local.v6,
            .ipi6_ifindex = datagram->interface_index,
        };
        put_control(header, SOL_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
    if (datagram->wants_sent_stamp)
        put_control(header, SOL_SOCKET, SO_TIMESTAMPING, &wish, sizeof wish);
}

static socklen_t
get_peer_bytes(const VtNtpDatagram *datagram)
{
    return datagram->peer.any.sa_family == AF_INET ? sizeof datagram->peer.v4
                                                   : sizeof datagram->peer.v6;
}

static bool
is_same_way(const VtNtpDatagram *datagram, const VtNtpDatagram *other)
{
    return datagram->n_reply_bytes == other->n_reply_bytes &&
           datagram->peer.any.sa_family == other->peer.any.sa_family &&
           memcmp(&datagram->peer, &other->peer, get_peer_bytes(other)) == 0 &&
           datagram->has_local == other->has_local &&
           (!other->has_local ||
            (datagram->interface_index == other->interface_index &&
             memcmp(&datagram->local, &other->local,
                    datagram->peer.any.sa_family == AF_INET ? sizeof other->local.v4
                                                            : sizeof other->local.v6) == 0));
}

bool
vt_ntp_turn_is_bunch(const VtNtpTurn *turn, size_t first, size_t n_datagrams)
{
    const VtNtpDatagram *head = &turn->datagrams[first];
    if (n_datagrams < 2 || turn->has_refused_segments || head->n_reply_bytes == 0)
        return false;
    for (size_t i = first; i < first + n_datagrams; i++) {
        if (turn->datagrams[i].wants_sent_stamp || !is_same_way(&turn->datagrams[i], head))
            return false;
    }
    return true;
}

static void
put_message(VtNtpTurn *turn, size_t index, size_t first, size_t n_segments)
{
    struct msghdr *header = &turn->headers[index].msg_hdr;
    VtNtpDatagram *head = &turn->datagrams[first];
    uint16_t n_segment_bytes = (uint16_t)head->n_reply_bytes;

    for (size_t i = first; i < first + n_segments; i++) {
        turn->vectors[i].iov_base = turn->datagrams[i].reply;
        turn->vectors[i].iov_len = turn->datagrams[i].n_reply_bytes;
    }
    header->msg_iov = &turn->vectors[first];
    header->msg_iovlen = n_segments;
    header->msg_name = &head->peer;
    header->msg_namelen = get_peer_bytes(head);
    header->msg_control = &turn->controls[index];
    header->msg_controllen = 0;
    put_controls(header, head);
    if (n_segments > 1)
        put_control(header, SOL_UDP, UDP_SEGMENT, &n_segment_bytes, sizeof n_segment_bytes);
    if (header->msg_controllen == 0)
        header->msg_control = NULL;
}

/* The headers of the replies, without gaps; returns how many there are. */
static size_t
gather_replies(VtNtpTurn *turn, size_t first, size_t n_datagrams)
{
    size_t n_messages = 0;
    if (vt_ntp_turn_is_bunch(turn, first, n_datagrams)) {
        put_message(turn, 0, first, n_datagrams);
        return 1;
    }
    for (size_t i = first; i < first + n_datagrams; i++) {
        if (turn->datagrams[i].n_reply_bytes > 0)
            put_message(turn, n_messages++, i, 1);
    }
    return n_messages;
}

/* Of messages that the kernel took. */
static size_t
count_replies(const VtNtpTurn *turn, size_t first, size_t n_messages)
{
    size_t n_replies = 0;
    for (size_t i = first; i < first + n_messages; i++)
        n_replies += turn->headers[i].msg_hdr.msg_iovlen;
    return n_replies;
}

/* One message in the parts that the kernel was to cut it into; returns how many left. */
static size_t
send_apart(VtNtpTurn *turn, int fd, const struct msghdr *message)
{
    size_t n_sent = 0;
    turn->has_refused_segments = true;
    for (size_t i = 0; i < message->msg_iovlen; i++) {
        struct msghdr part = *message;
        part.msg_iov += i;
        part.msg_iovlen = 1;
        /* What stands last in it is the wish to be cut. */
        part.msg_controllen -= CMSG_SPACE(sizeof(uint16_t));
        if (part.msg_controllen == 0)
            part.msg_control = NULL;
        n_sent += sendmsg(fd, &part, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ? 1 : 0;
    }
    return n_sent;
}

size_t
vt_ntp_turn_send(VtNtpTurn *turn, int fd, size_t first, size_t n_datagrams)
{
    size_t n_sent = 0;
    size_t n_messages = gather_replies(turn, first, n_datagrams);
    for (size_t next = 0; next < n_messages;) {
        int n_taken = sendmmsg(fd, turn->headers + next, (unsigned)(n_messages - next),
                               MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n_taken > 0) {
            n_sent += count_replies(turn, next, (size_t)n_taken);
            next += (size_t)n_taken;
            continue;
        }
        /* It stops at the first that cannot be sent: that one is lost, not those behind it. */
        const struct msghdr *message = &turn->headers[next++].msg_hdr;
        if (message->msg_iovlen > 1 && (errno == EINVAL || errno == EIO))
            n_sent += send_apart(turn, fd, message);
    }
    return n_sent;
}

/* The receive stamp of a packet that ends the frame; 0 if it is too short for one. */
static VtNtpStamp
read_receive(const uint8_t *frame, size_t n_bytes, size_t n_packet_bytes)
{
    if (n_bytes < n_packet_bytes)
        return 0;
    VtByteReader reader;
    vt_byte_reader_init(&reader, frame + n_bytes - n_packet_bytes + RECEIVE_OFFSET,
                        sizeof(VtNtpStamp));
    return vt_byte_reader_take_be64(&reader);
}

static bool
read_one_sent(int fd, VtNtpSent *ret_sent, bool *ret_is_told)
{
    uint8_t frame[SENT_MOST_BYTES];
    VtNtpDatagram stamped = { .has_stamp = false };
    Control control;
    struct iovec vector = { .iov_base = frame, .iov_len = sizeof frame };
    struct msghdr header = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    ssize_t n_received = recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (n_received < 0)
        return false;
    take_controls(&header, &stamped);
    size_t n_bytes = (size_t)n_received;
    *ret_is_told =
        (stamped.has_stamp || stamped.has_card_stamp) && (header.msg_flags & MSG_TRUNC) == 0;
    *ret_sent = (VtNtpSent){
        .sent_at = stamped.received_at,
        .has_card_stamp = stamped.has_card_stamp,
        .card = { stamped.interface_index, stamped.card.device_at, 0 },
        .plain_receive = read_receive(frame, n_bytes, VT_NTP_PACKET_BYTES),
        .authenticated_receive = read_receive(frame, n_bytes, VT_NTP_REPLY_MOST_BYTES),
    };
    return true;
}

size_t
vt_ntp_socket_read_sent(int fd, VtNtpSent ret_sent[VT_NTP_SOCKET_BATCH])
{
    size_t n_told = 0;
    bool is_told = false;
    /* What else stands in that queue says that a reply did not arrive: nothing to be done. */
    while (n_told < VT_NTP_SOCKET_BATCH && read_one_sent(fd, &ret_sent[n_told], &is_told))
        n_told += is_told ? 1 : 0;
    return n_told;
}
