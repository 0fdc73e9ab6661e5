/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/agent/fake-ntp.h"

#include <math.h>
#include <string.h>
#include <sys/socket.h>

#include <glib-unix.h>

/* Header, number of the key, code. */
#define MOST_BYTES (VT_NTP_PACKET_BYTES + 4 + VT_NTP_CMAC_BYTES)

static VtWall
read_clock(const FakeNtp *ntp)
{
    VtNs span_ns = vt_mono_diff(ntp->kernel->raw, ntp->raw_at_start);
    return vt_wall_add(vt_wall_add(ntp->wall_at_start, span_ns), ntp->ahead_ns + ntp->up_ns);
}

static VtNtpPacket
make_reply(const FakeNtp *ntp)
{
    VtNtpStamp now = vt_ntp_stamp_from_wall(read_clock(ntp));
    return (VtNtpPacket){
        .leap = ntp->leap,
        .version = ntp->request.version,
        .mode = VT_NTP_MODE_SERVER,
        .stratum = ntp->stratum,
        .precision_log2_sec = -20,
        .root_delay = vt_ntp_short_from_ns(VT_NS_PER_MS),
        .root_dispersion = vt_ntp_short_from_ns(VT_NS_PER_MS),
        .reference_id = ntp->reference_id,
        .reference = now - (UINT64_C(16) << 32),
        .origin = ntp->request.transmit,
        .receive = now | 1, /* never like a transmit stamp */
        .transmit = now + 2,
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

/* The time that a reply really left is told with the next one. */
static void
interleave(FakeNtp *ntp, VtNtpPacket *reply)
{
    bool is_asked = ntp->request.origin == ntp->last_receive && ntp->last_receive != 0 &&
                    ntp->request.receive != ntp->request.transmit;
    VtNtpStamp left = ntp->last_left;
    int64_t held = ntp->held_ns * (INT64_C(1) << 32) / VT_NS_PER_SEC;

    ntp->last_receive = reply->receive;
    ntp->last_left = reply->receive + (VtNtpStamp)held;
    if (!ntp->is_interleaving || !is_asked)
        return;
    reply->origin = ntp->request.receive;
    reply->transmit = left;
}

static size_t
sign(const FakeNtp *ntp, uint8_t *bytes)
{
    if (ntp->keys == NULL || ntp->manner == FAKE_NTP_UNSIGNED ||
        ntp->n_request_bytes <= VT_NTP_PACKET_BYTES)
        return VT_NTP_PACKET_BYTES;
    uint8_t *tail = bytes + VT_NTP_PACKET_BYTES;
    memset(tail, 0, 4);
    tail[3] = 1;
    g_assert_true(vt_ntp_keys_sign(ntp->keys, 1, bytes, VT_NTP_PACKET_BYTES, tail + 4));
    tail[4] ^= ntp->manner == FAKE_NTP_WRONG_CODE;
    return VT_NTP_PACKET_BYTES + 4 + VT_NTP_CMAC_BYTES;
}

static void
spoil(const FakeNtp *ntp, VtNtpPacket *reply)
{
    VtNtpPacket last;
    switch (ntp->manner) {
    case FAKE_NTP_WRONG_ORIGIN:
        reply->origin ^= 1;
        break;
    case FAKE_NTP_KISS:
        reply->stratum = 0;
        reply->leap = VT_NTP_LEAP_UNSYNCHRONISED;
        break;
    case FAKE_NTP_FROZEN:
        g_assert_true(vt_ntp_packet_decode(ntp->last_reply, sizeof ntp->last_reply, &last));
        reply->receive = last.receive;
        reply->transmit = last.transmit;
        break;
    case FAKE_NTP_TIMELESS:
        reply->receive = 0;
        break;
    case FAKE_NTP_FAR:
        reply->root_dispersion = vt_ntp_short_from_ns(20 * VT_NS_PER_SEC);
        break;
    case FAKE_NTP_BACKWARD:
        reply->transmit = reply->receive - (UINT64_C(1) << 32);
        break;
    case FAKE_NTP_FUZZY:
        reply->transmit = reply->receive - 4000; /* of 2^-32 s; 4096 are its precision */
        break;
    case FAKE_NTP_SET_LATER:
        reply->reference = reply->receive + (UINT64_C(3600) << 32);
        break;
    case FAKE_NTP_HONEST:
    case FAKE_NTP_SILENT:
    case FAKE_NTP_SHORT:
    case FAKE_NTP_FORGED_FIRST:
    case FAKE_NTP_REPLAY_FIRST:
    case FAKE_NTP_OTHER_PORT:
    case FAKE_NTP_UNSIGNED:
    case FAKE_NTP_WRONG_CODE:
        break;
    }
}

/* Queues are short most of the time, and sometimes long. */
static VtNs
draw_way(const FakeNtp *ntp)
{
    double wait = -log(1 - g_test_rand_double_range(0, 0.9999));
    return ntp->path_ns + vt_ns_from_double(wait * (double)ntp->queue_ns);
}

static void
keep(FakeNtp *ntp, const struct sockaddr_in *peer, const uint8_t *bytes)
{
    ntp->has_due = true;
    ntp->raw_due = vt_mono_add(ntp->kernel->raw, ntp->up_ns + draw_way(ntp));
    ntp->due_peer = *peer;
    memcpy(ntp->due_reply, bytes, sizeof ntp->due_reply);
}

bool
fake_ntp_deliver(FakeNtp *servers, size_t n_servers)
{
    FakeNtp *first = NULL;
    for (size_t i = 0; i < n_servers; i++) {
        FakeNtp *ntp = &servers[i];
        if (ntp->has_due && (first == NULL || vt_mono_diff(ntp->raw_due, first->raw_due) < 0))
            first = ntp;
    }
    if (first == NULL)
        return false;
    VtNs wait_ns = vt_mono_diff(first->raw_due, first->kernel->raw);
    if (wait_ns > 0)
        fake_kernel_pass(first->kernel, wait_ns);
    send_bytes(first->fd, &first->due_peer, first->due_reply, sizeof first->due_reply);
    first->has_due = false;
    return true;
}

static void
answer(FakeNtp *ntp, const struct sockaddr_in *peer)
{
    VtNtpPacket reply = make_reply(ntp);
    uint8_t bytes[MOST_BYTES];

    if (ntp->manner == FAKE_NTP_SILENT)
        return;
    if (ntp->manner == FAKE_NTP_FORGED_FIRST)
        send_forgeries(ntp, peer);
    if (ntp->manner == FAKE_NTP_REPLAY_FIRST)
        send_bytes(ntp->fd, peer, ntp->last_reply, sizeof ntp->last_reply);
    interleave(ntp, &reply);
    spoil(ntp, &reply);
    vt_ntp_packet_encode(&reply, bytes);
    memcpy(ntp->last_reply, bytes, sizeof ntp->last_reply);
    if (ntp->path_ns > 0) {
        keep(ntp, peer, bytes);
        return;
    }
    size_t n_bytes = sign(ntp, bytes);
    send_bytes(ntp->manner == FAKE_NTP_OTHER_PORT ? ntp->other_fd : ntp->fd, peer, bytes,
               ntp->manner == FAKE_NTP_SHORT ? n_bytes - 1 : n_bytes);
}

static gboolean
on_request(int fd, GIOCondition condition, gpointer user_data)
{
    FakeNtp *ntp = user_data;
    uint8_t bytes[MOST_BYTES];
    struct sockaddr_in peer;
    socklen_t n_peer = sizeof peer;
    (void)condition;

    ssize_t n_bytes =
        recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&peer, &n_peer);
    if (n_bytes < 0 || !vt_ntp_packet_decode(bytes, (size_t)n_bytes, &ntp->request))
        return G_SOURCE_CONTINUE;
    if (ntp->path_ns > 0)
        ntp->up_ns = draw_way(ntp);
    ntp->n_requests += 1;
    ntp->n_request_bytes = (size_t)n_bytes;
    ntp->client_port = ntohs(peer.sin_port);
    answer(ntp, &peer);
    return G_SOURCE_CONTINUE;
}

/* @port: 0 for any, told then. */
static VtFd
bind_loopback(uint8_t host, uint16_t *port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(*port),
        .sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~UINT32_C(0xff)) | host),
    };
    socklen_t n_address = sizeof address;
    VtFd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (const struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &n_address), ==, 0);
    *port = ntohs(address.sin_port);
    return fd;
}

void
fake_ntp_init(FakeNtp *ntp, FakeKernel *kernel)
{
    fake_ntp_init_at(ntp, kernel, 1, 0);
}

void
fake_ntp_init_at(FakeNtp *ntp, FakeKernel *kernel, uint8_t host, uint16_t port)
{
    uint16_t other_port = 0;
    *ntp = (FakeNtp){
        .kernel = kernel,
        .wall_at_start = kernel->wall,
        .raw_at_start = kernel->raw,
        .stratum = 2,
        .reference_id = 0xc0000201,
        .port = port,
    };
    ntp->fd = bind_loopback(host, &ntp->port);
    ntp->other_fd = bind_loopback(host, &other_port);
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
