/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/agent/fake-ntp.h"

#include <string.h>
#include <sys/socket.h>

#include <glib-unix.h>

static VtWall
read_clock(const FakeNtp *ntp)
{
    VtNs span_ns = vt_mono_diff(ntp->kernel->raw, ntp->raw_at_start);
    return vt_wall_add(vt_wall_add(ntp->wall_at_start, span_ns), ntp->ahead_ns);
}

static VtNtpPacket
make_reply(const FakeNtp *ntp)
{
    return (VtNtpPacket){
        .leap = ntp->leap,
        .version = ntp->request.version,
        .mode = VT_NTP_MODE_SERVER,
        .stratum = ntp->stratum,
        .precision_log2_sec = -20,
        .root_delay = vt_ntp_short_from_ns(VT_NS_PER_MS),
        .root_dispersion = vt_ntp_short_from_ns(VT_NS_PER_MS),
        .reference_id = ntp->reference_id,
        .reference = 1,
        .origin = ntp->request.transmit,
        .receive = vt_ntp_stamp_from_wall(read_clock(ntp)),
        .transmit = vt_ntp_stamp_from_wall(read_clock(ntp)),
    };
}

static void
send_bytes(int fd, const struct sockaddr_in *peer, const uint8_t *bytes, size_t n_bytes)
{
    /* A client that has gone makes the next call fail; nobody waits for it. */
    (void)sendto(fd, bytes, n_bytes, 0, (const struct sockaddr *)peer, sizeof *peer);
}

static void
send_packet(int fd, const struct sockaddr_in *peer, const VtNtpPacket *packet)
{
    uint8_t bytes[VT_NTP_PACKET_BYTES];
    vt_ntp_packet_encode(packet, bytes);
    send_bytes(fd, peer, bytes, sizeof bytes);
}

static void
send_forgeries(const FakeNtp *ntp, const struct sockaddr_in *peer)
{
    VtNtpPacket kiss = make_reply(ntp);
    kiss.stratum = 0;
    kiss.reference_id = 0x44454e59; /* DENY */
    kiss.origin ^= 1;
    send_packet(ntp->fd, peer, &kiss);
    VtNtpPacket lie = make_reply(ntp);
    lie.origin ^= 1;
    lie.receive += UINT64_C(3600) << 32;
    lie.transmit = lie.receive;
    send_packet(ntp->fd, peer, &lie);
}

static void
answer(FakeNtp *ntp, const struct sockaddr_in *peer)
{
    VtNtpPacket reply = make_reply(ntp);
    uint8_t bytes[VT_NTP_PACKET_BYTES];

    switch (ntp->manner) {
    case FAKE_NTP_SILENT:
        return;
    case FAKE_NTP_WRONG_ORIGIN:
        reply.origin ^= 1;
        break;
    case FAKE_NTP_FORGED_FIRST:
        send_forgeries(ntp, peer);
        break;
    case FAKE_NTP_REPLAY_FIRST:
        send_bytes(ntp->fd, peer, ntp->last_reply, sizeof ntp->last_reply);
        break;
    case FAKE_NTP_KISS:
        reply.stratum = 0;
        reply.leap = VT_NTP_LEAP_UNSYNCHRONISED;
        break;
    case FAKE_NTP_HONEST:
    case FAKE_NTP_SHORT:
    case FAKE_NTP_OTHER_PORT:
        break;
    }
    vt_ntp_packet_encode(&reply, bytes);
    memcpy(ntp->last_reply, bytes, sizeof bytes);
    send_bytes(ntp->manner == FAKE_NTP_OTHER_PORT ? ntp->other_fd : ntp->fd, peer, bytes,
               ntp->manner == FAKE_NTP_SHORT ? sizeof bytes - 1 : sizeof bytes);
}

static gboolean
on_request(int fd, GIOCondition condition, gpointer user_data)
{
    FakeNtp *ntp = user_data;
    uint8_t bytes[VT_NTP_PACKET_BYTES];
    struct sockaddr_in peer;
    socklen_t n_peer = sizeof peer;
    (void)condition;

    ssize_t n_bytes =
        recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&peer, &n_peer);
    if (n_bytes < 0 || !vt_ntp_packet_decode(bytes, (size_t)n_bytes, &ntp->request))
        return G_SOURCE_CONTINUE;
    ntp->n_requests += 1;
    ntp->client_port = ntohs(peer.sin_port);
    answer(ntp, &peer);
    return G_SOURCE_CONTINUE;
}

static VtFd
bind_loopback(uint16_t *ret_port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t n_address = sizeof address;
    VtFd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (const struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &n_address), ==, 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

void
fake_ntp_init(FakeNtp *ntp, FakeKernel *kernel)
{
    uint16_t other_port;
    *ntp = (FakeNtp){
        .kernel = kernel,
        .wall_at_start = kernel->wall,
        .raw_at_start = kernel->raw,
        .stratum = 2,
        .reference_id = 0xc0000201,
    };
    ntp->fd = bind_loopback(&ntp->port);
    ntp->other_fd = bind_loopback(&other_port);
    ntp->source = g_unix_fd_source_new(ntp->fd, G_IO_IN);
    g_source_set_callback(ntp->source, G_SOURCE_FUNC(on_request), ntp, NULL);
    g_source_attach(ntp->source, g_main_context_get_thread_default());
}

void
fake_ntp_clear(FakeNtp *ntp)
{
    g_source_destroy(ntp->source);
    g_source_unref(ntp->source);
    vt_fd_close(&ntp->fd);
    vt_fd_close(&ntp->other_fd);
}
