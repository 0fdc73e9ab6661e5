/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/guest-link.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <glib-unix.h>

#include "hostd/link-limit.h"
#include "os/fd.h"
#include "os/random.h"
#include "proto/link-session.h"

/* Room for a handful of frames; the kernel doubles it and counts its own overhead in. */
#define SEND_BUFFER_BYTES 4096

/* What one guest may cost in one turn of the main loop. */
#define READ_BYTES 2048

struct VtGuestLink {
    VtFd fd;
    VtClock *clock;
    GSource *source;  /* NULL once the connection has ended */
    GSource *closing; /* tells of the end from an idle source */
    const VtGuestLinkListener *listener;
    void *user_data;
    VtLinkSession session;
    uint32_t epoch;
    uint8_t mode;
    uint8_t n_addresses;
    VtLinkAddress addresses[VT_LINK_MAX_ADDRESSES]; /* of the host's NTP service */
    VtLinkScanner scanner;
    VtLinkLimit limit;
    VtGuestLinkCounters counters;
};

static gboolean
on_closing(gpointer user_data)
{
    VtGuestLink *link = user_data;
    g_clear_pointer(&link->closing, g_source_unref);
    link->listener->on_closed(link->user_data);
    return G_SOURCE_REMOVE;
}

/* The listener frees the link when told; so not from within a call that still uses it. */
static void
end(VtGuestLink *link)
{
    link->session.is_up = false;
    g_source_destroy(link->source);
    g_clear_pointer(&link->source, g_source_unref);
    link->closing = g_idle_source_new();
    g_source_set_callback(link->closing, on_closing, link, NULL);
    g_source_attach(link->closing, g_main_context_get_thread_default());
}

static bool
send_frame(VtGuestLink *link, VtLinkFrame *frame)
{
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    if (link->source == NULL)
        return false; /* ended; the listener is told soon */

    vt_link_session_seal(&link->session, frame);
    size_t n_bytes = vt_link_frame_encode(frame, bytes);

    ssize_t n_sent = send(link->fd, bytes, n_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n_sent == (ssize_t)n_bytes)
        return true;
    link->counters.n_unsent += 1;
    /* Half a frame in the stream, or no stream any more: begin anew. */
    if (n_sent >= 0 || (errno != EAGAIN && errno != EINTR))
        end(link);
    return false;
}

void
vt_guest_link_set_hello(VtGuestLink *link, uint32_t epoch, uint8_t mode)
{
    link->epoch = epoch;
    link->mode = mode;
}

void
vt_guest_link_set_addresses(VtGuestLink *link, const VtLinkAddress *addresses, uint8_t n)
{
    g_assert(n <= VT_LINK_MAX_ADDRESSES);
    memcpy(link->addresses, addresses, n * sizeof *addresses);
    link->n_addresses = n;
}

bool
vt_guest_link_send_hello(VtGuestLink *link)
{
    VtLinkFrame frame = { 0 };
    VtLinkHello hello = {
        .nonce = link->session.own_nonce,
        .peer_nonce = link->session.peer_nonce,
        .epoch = link->epoch,
        .version_least = VT_LINK_VERSION,
        .version_greatest = VT_LINK_VERSION,
        .mode = link->mode,
        .n_addresses = link->n_addresses,
    };
    memcpy(hello.addresses, link->addresses, sizeof hello.addresses);
    vt_link_hello_encode(&hello, &frame);
    return send_frame(link, &frame);
}

static bool
take_hello(VtGuestLink *link, const VtLinkFrame *frame)
{
    VtLinkHello hello;
    if (!vt_link_hello_decode(frame, &hello))
        return false;

    VtLinkHelloEffect effect = vt_link_session_on_hello(&link->session, &hello);
    if (effect.needs_answer)
        (void)vt_guest_link_send_hello(link); /* counted; the guest says HELLO again */
    if (effect.came_up)
        link->listener->on_up(link->user_data);
    return true;
}

static bool
is_ours(VtGuestLink *link, uint64_t session)
{
    if (link->session.is_up && session == link->session.own_nonce)
        return true;
    link->counters.n_foreign_session += 1;
    return false;
}

static bool
take_request(VtGuestLink *link, const VtLinkFrame *frame, VtWall received_at)
{
    VtLinkTime request;
    if (!vt_link_time_decode(frame, VT_LINK_TIME_REQUEST, &request))
        return false;
    if (is_ours(link, request.session))
        link->listener->on_request(&request, received_at, link->user_data);
    return true;
}

static bool
take_ack(VtGuestLink *link, const VtLinkFrame *frame)
{
    VtLinkAck ack;
    if (!vt_link_ack_decode(frame, &ack))
        return false;
    if (is_ours(link, ack.session))
        link->listener->on_ack(&ack, link->user_data);
    return true;
}

static bool
take_report(VtGuestLink *link, const VtLinkFrame *frame)
{
    VtLinkReport report;
    if (!vt_link_report_decode(frame, &report))
        return false;
    if (is_ours(link, report.session))
        link->listener->on_report(&report, link->user_data);
    return true;
}

static void
take_frame(VtGuestLink *link, const VtLinkFrame *frame, VtWall received_at)
{
    bool taken = true;

    switch (frame->type) {
    case VT_LINK_HELLO:
        taken = take_hello(link, frame);
        break;
    case VT_LINK_TIME_REQUEST:
        taken = take_request(link, frame, received_at);
        break;
    case VT_LINK_ACK:
        taken = take_ack(link, frame);
        break;
    case VT_LINK_REPORT:
        taken = take_report(link, frame);
        break;
    default:
        break; /* a type of a newer peer, or one that only hosts send: skipped */
    }
    if (!taken)
        link->counters.n_malformed += 1;
}

static void
cut_off(VtGuestLink *link)
{
    if (link->source == NULL)
        return;
    link->counters.is_cut_off = true;
    end(link);
}

static gboolean
on_readable(gint fd, GIOCondition condition, gpointer user_data)
{
    VtGuestLink *link = user_data;
    uint8_t buffer[READ_BYTES];

    (void)condition;
    ssize_t n_read = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    VtWall received_at = vt_clock_read_wall(link->clock);
    if (n_read < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (n_read <= 0) {
        end(link);
        return G_SOURCE_REMOVE;
    }

    const uint8_t *bytes = buffer;
    size_t n_bytes = (size_t)n_read;
    VtLinkFrame frame;
    while (link->source != NULL &&
           vt_link_scanner_next(&link->scanner, &bytes, &n_bytes, &frame)) {
        if (vt_link_limit_take_frame(&link->limit, vt_clock_read_boot(link->clock)))
            take_frame(link, &frame, received_at);
        else
            cut_off(link);
    }
    if (link->scanner.counters.n_rubbish_bytes > VT_LINK_LIMIT_RUBBISH_BYTES)
        cut_off(link);
    return link->source != NULL ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

VtGuestLink *
vt_guest_link_new(int fd, VtClock *clock, const VtGuestLinkListener *listener, void *user_data)
{
    VtGuestLink *link = g_new0(VtGuestLink, 1);
    int send_buffer_bytes = SEND_BUFFER_BYTES;

    link->fd = fd;
    link->clock = clock;
    link->listener = listener;
    link->user_data = user_data;
    vt_link_session_begin(&link->session, vt_random_nonce());
    vt_link_limit_init(&link->limit, vt_clock_read_boot(clock));
    /* A larger buffer would still work, with more stale frames in it after a pause. */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);

    link->source = g_unix_fd_source_new(fd, G_IO_IN);
    /* It never does, but blocking it meanwhile costs GLib another turn of the loop. */
    g_source_set_can_recurse(link->source, TRUE);
    g_source_set_priority(link->source, G_PRIORITY_HIGH);
    g_source_set_callback(link->source, G_SOURCE_FUNC(on_readable), link, NULL);
    g_source_attach(link->source, g_main_context_get_thread_default());
    return link;
}

void
vt_guest_link_free(VtGuestLink *link)
{
    if (link == NULL)
        return;
    if (link->source != NULL) {
        g_source_destroy(link->source);
        g_source_unref(link->source);
    }
    if (link->closing != NULL) {
        g_source_destroy(link->closing);
        g_source_unref(link->closing);
    }
    vt_fd_close(&link->fd);
    g_free(link);
}

void
vt_guest_link_hang_up(VtGuestLink *link)
{
    (void)shutdown(link->fd, SHUT_RDWR); /* it may have ended already */
}

bool
vt_guest_link_is_up(const VtGuestLink *link)
{
    return link->session.is_up;
}

bool
vt_guest_link_send_notice(VtGuestLink *link, const VtLinkNotice *notice)
{
    VtLinkFrame frame = { 0 };
    VtLinkNotice own = *notice;
    own.session = link->session.own_nonce;
    vt_link_notice_encode(&own, &frame);
    return send_frame(link, &frame);
}

bool
vt_guest_link_send_reply(VtGuestLink *link, VtLinkTime *reply)
{
    int n_waiting = 0;
    if (ioctl(link->fd, SIOCOUTQ, &n_waiting) == 0 && n_waiting > 0) {
        link->counters.n_unsent += 1;
        return false;
    }

    VtLinkFrame frame = { 0 };
    reply->session = link->session.own_nonce;
    reply->packet.transmit = vt_ntp_stamp_from_wall(vt_clock_read_wall(link->clock));
    vt_link_time_encode(reply, VT_LINK_TIME_REPLY, &frame);
    return send_frame(link, &frame);
}

VtGuestLinkCounters
vt_guest_link_get_counters(const VtGuestLink *link)
{
    VtGuestLinkCounters counters = link->counters;
    counters.scanner = link->scanner.counters;
    return counters;
}

uint64_t
vt_guest_link_count_rejected(const VtGuestLink *link)
{
    VtGuestLinkCounters counters = vt_guest_link_get_counters(link);
    return counters.n_malformed + counters.n_foreign_session + counters.scanner.n_bad_crc +
           counters.scanner.n_bad_length + counters.scanner.n_bad_version;
}
