/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/devices/link.h"

#include <string.h>

#include "base/error.h"
#include "os/random.h"
#include "proto/link-scanner.h"
#include "proto/link-session.h"

/*
 * A HELLO written right after the port was opened can be lost: QEMU learns of the opening and of
 * the bytes through different queues. Again after 50 ms, then half as often each time; the tick
 * takes over.
 */
#define FIRST_HELLO_MS 50
#define LAST_HELLO_MS  800

struct VtLink {
    GSource *hello_timer; /* NULL unless an answer to a HELLO is waited for */
    guint hello_ms;
    VtPortPlaces places;
    char *port_name;
    VtClock *clock;
    VtPort *port;    /* NULL: none found */
    GError *problem; /* why there is none */
    VtLinkState state;
    bool is_state_untold; /* the listener learns of it when all that came was read */
    bool is_taking;
    bool has_told_notice; /* among what is being taken */
    bool has_reply;       /* likewise */
    VtLinkTime reply;     /* the last of them */
    VtLinkScanner scanner;
    VtLinkSession session;
    uint32_t epoch; /* newest heard of in this session */
    uint8_t mode;
    uint8_t n_addresses;
    VtLinkAddress addresses[VT_LINK_MAX_ADDRESSES];

    VtLinkStateFunc state_func;
    void *state_data;
    VtLinkNoticeFunc notice_func;
    void *notice_data;
    VtLinkModeFunc mode_func;
    void *mode_data;
    VtLinkEpochFunc epoch_func;
    void *epoch_data;
    VtLinkReplyFunc reply_func;
    void *reply_data;
};

VtLink *
vt_link_new(const VtPortPlaces *places, const char *port_name, VtClock *clock)
{
    VtLink *link = g_new0(VtLink, 1);
    link->places = *places;
    link->port_name = g_strdup(port_name);
    link->clock = clock;
    return link;
}

static void
stop_hello_timer(VtLink *link)
{
    if (link->hello_timer == NULL)
        return;
    g_source_destroy(link->hello_timer);
    g_clear_pointer(&link->hello_timer, g_source_unref);
}

void
vt_link_free(VtLink *link)
{
    if (link == NULL)
        return;
    stop_hello_timer(link);
    g_clear_pointer(&link->port, vt_port_free);
    g_clear_error(&link->problem);
    g_free(link->port_name);
    g_free(link);
}

void
vt_link_set_state_func(VtLink *link, VtLinkStateFunc func, void *user_data)
{
    link->state_func = func;
    link->state_data = user_data;
}

void
vt_link_set_notice_func(VtLink *link, VtLinkNoticeFunc func, void *user_data)
{
    link->notice_func = func;
    link->notice_data = user_data;
}

void
vt_link_set_mode_func(VtLink *link, VtLinkModeFunc func, void *user_data)
{
    link->mode_func = func;
    link->mode_data = user_data;
}

void
vt_link_set_epoch_func(VtLink *link, VtLinkEpochFunc func, void *user_data)
{
    link->epoch_func = func;
    link->epoch_data = user_data;
}

void
vt_link_set_reply_func(VtLink *link, VtLinkReplyFunc func, void *user_data)
{
    link->reply_func = func;
    link->reply_data = user_data;
}

static void
tell_state(VtLink *link)
{
    link->is_state_untold = false;
    if (link->state_func != NULL)
        link->state_func(link->state, link->state_data);
}

static void
enter_state(VtLink *link, VtLinkState state)
{
    if (state != VT_LINK_STATE_OPEN)
        stop_hello_timer(link);
    link->state = state;
    link->is_state_untold = true;
    if (!link->is_taking)
        tell_state(link);
}

static bool
send_frame(VtLink *link, VtLinkFrame *frame)
{
    if (link->port == NULL)
        return false;

    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    vt_link_session_seal(&link->session, frame);
    size_t n_bytes = vt_link_frame_encode(frame, bytes);
    return vt_port_send(link->port, bytes, n_bytes);
}

static void
send_hello(VtLink *link)
{
    VtLinkHello hello = {
        .nonce = link->session.own_nonce,
        .peer_nonce = link->session.peer_nonce,
        .version_least = VT_LINK_VERSION,
        .version_greatest = VT_LINK_VERSION,
    };
    VtLinkFrame frame = { 0 };
    vt_link_hello_encode(&hello, &frame);
    /* Lost when the queue is full; the tick says it again. */
    (void)send_frame(link, &frame);
}

/* A HELLO within a session changes nothing but this. */
static void
take_mode(VtLink *link, uint8_t mode)
{
    if (mode == VT_LINK_MODE_INVALID || mode == link->mode)
        return;
    link->mode = mode;
    if (link->mode_func != NULL)
        link->mode_func(mode, link->mode_data);
}

static void
take_hello(VtLink *link, const VtLinkFrame *frame)
{
    VtLinkHello hello;
    if (!vt_link_hello_decode(frame, &hello))
        return;

    VtLinkHelloEffect effect = vt_link_session_on_hello(&link->session, &hello);
    if (effect.is_new_session)
        link->epoch = hello.epoch;
    take_mode(link, hello.mode);
    link->n_addresses = hello.n_addresses;
    memcpy(link->addresses, hello.addresses, sizeof link->addresses);
    if (effect.needs_answer)
        send_hello(link);
    if (effect.came_up)
        enter_state(link, VT_LINK_STATE_UP);
    else if (effect.is_new_session)
        enter_state(link, VT_LINK_STATE_OPEN);
}

/* Epochs are a circle: newer is what lies less than half of it ahead. */
static bool
is_newer_epoch(uint32_t epoch, uint32_t than)
{
    return (int32_t)(epoch - than) > 0;
}

static void
take_notice(VtLink *link, const VtLinkFrame *frame)
{
    VtLinkNotice notice;
    if (!vt_link_notice_decode(frame, &notice) || notice.session != link->session.peer_nonce)
        return;
    if (is_newer_epoch(notice.epoch, link->epoch))
        link->epoch = notice.epoch;
    link->has_told_notice = true;
    if (link->notice_func != NULL)
        link->notice_func(&notice, link->notice_data);
}

static void
take_reply(VtLink *link, const VtLinkFrame *frame)
{
    VtLinkTime reply;
    if (!vt_link_time_decode(frame, VT_LINK_TIME_REPLY, &reply))
        return;
    if (reply.session != link->session.peer_nonce)
        return;
    if (is_newer_epoch(reply.epoch, link->epoch)) {
        link->epoch = reply.epoch;
        if (link->epoch_func != NULL)
            link->epoch_func(link->epoch_data);
        return;
    }
    link->has_reply = true;
    link->reply = reply;
}

/*
 * One request is open at a time, so the last reply is the one that may count. A notice that came
 * behind it, or that the guest slept between the two, makes it a thing of the past.
 */
static void
tell_reply(VtLink *link, VtInstant received)
{
    bool is_current =
        link->reply.session == link->session.peer_nonce && link->reply.epoch == link->epoch;
    if (link->has_reply && is_current && link->reply_func != NULL)
        link->reply_func(&link->reply, received, link->reply_data);
}

static void
on_bytes(const uint8_t *bytes, size_t n_bytes, void *user_data)
{
    VtLink *link = user_data;
    VtInstant received = vt_clock_read(link->clock);
    VtLinkFrame frame;

    link->is_taking = true;
    link->has_told_notice = false;
    link->has_reply = false;
    while (vt_link_scanner_next(&link->scanner, &bytes, &n_bytes, &frame)) {
        /* Each taker refuses what is not its own; unknown types are skipped. */
        take_hello(link, &frame);
        take_notice(link, &frame);
        take_reply(link, &frame);
    }
    link->is_taking = false;
    tell_reply(link, received);
    /* A notice right behind a HELLO says more than the HELLO: one sign, not two. */
    if (link->is_state_untold && !link->has_told_notice)
        tell_state(link);
    link->is_state_untold = false;
}

static void start_hello_timer(VtLink *link);

static gboolean
on_no_answer(gpointer user_data)
{
    VtLink *link = user_data;
    send_hello(link);
    link->hello_ms *= 2;
    if (link->hello_ms <= LAST_HELLO_MS)
        start_hello_timer(link);
    return G_SOURCE_REMOVE;
}

static void
start_hello_timer(VtLink *link)
{
    stop_hello_timer(link);
    link->hello_timer = g_timeout_source_new(link->hello_ms);
    g_source_set_callback(link->hello_timer, on_no_answer, link, NULL);
    g_source_attach(link->hello_timer, g_main_context_get_thread_default());
}

static void
on_opened(void *user_data)
{
    VtLink *link = user_data;

    /* A fresh nonce, so that answers to the last connection are not taken for ours. */
    vt_link_session_begin(&link->session, vt_random_nonce());
    vt_link_scanner_reset(&link->scanner);
    enter_state(link, VT_LINK_STATE_OPEN);
    send_hello(link);
    link->hello_ms = FIRST_HELLO_MS;
    start_hello_timer(link);
}

static void
on_closed(void *user_data)
{
    enter_state(user_data, VT_LINK_STATE_CLOSED);
}

static const VtPortListener port_listener = {
    .on_opened = on_opened,
    .on_closed = on_closed,
    .on_bytes = on_bytes,
};

static void
open_port(VtLink *link)
{
    g_clear_error(&link->problem);
    link->port =
        vt_port_open(&link->places, link->port_name, &port_listener, link, &link->problem);
    if (link->port != NULL)
        enter_state(link, VT_LINK_STATE_CLOSED);
}

static void
drop_vanished_port(VtLink *link)
{
    if (link->port == NULL || !vt_port_is_gone(link->port))
        return;
    g_clear_pointer(&link->port, vt_port_free);
    enter_state(link, VT_LINK_STATE_NO_PORT);
}

void
vt_link_probe(VtLink *link)
{
    drop_vanished_port(link);
    if (link->port == NULL)
        open_port(link);
    if (link->port == NULL)
        return;

    bool was_waiting = link->state == VT_LINK_STATE_OPEN;
    vt_port_probe(link->port);
    if (was_waiting && link->state == VT_LINK_STATE_OPEN)
        send_hello(link);
}

bool
vt_link_can_ask(const VtLink *link)
{
    return link->state == VT_LINK_STATE_UP ||
           (link->state == VT_LINK_STATE_OPEN && link->session.peer_nonce != 0);
}

VtLinkState
vt_link_get_state(const VtLink *link)
{
    return link->state;
}

uint8_t
vt_link_get_mode(const VtLink *link)
{
    return link->mode;
}

void
vt_link_assume_mode(VtLink *link, uint8_t mode)
{
    link->mode = mode;
}

uint8_t
vt_link_get_addresses(const VtLink *link, const VtLinkAddress **ret_addresses)
{
    *ret_addresses = link->addresses;
    return link->n_addresses;
}

bool
vt_link_is_missing(const VtLink *link)
{
    return g_error_matches(link->problem, VT_ERROR, VT_ERROR_NOT_FOUND);
}

const char *
vt_link_get_problem(const VtLink *link)
{
    return link->problem != NULL ? link->problem->message : NULL;
}

bool
vt_link_send_request(VtLink *link, VtLinkTime *request, VtInstant *ret_sent)
{
    if (!vt_link_can_ask(link))
        return false;

    VtLinkFrame frame = { 0 };
    request->session = link->session.peer_nonce;
    request->epoch = link->epoch;
    VtInstant sent = vt_clock_read(link->clock);
    request->packet.transmit = vt_ntp_stamp_from_wall(sent.wall);
    vt_link_time_encode(request, VT_LINK_TIME_REQUEST, &frame);
    if (!send_frame(link, &frame))
        return false;
    *ret_sent = sent;
    return true;
}

bool
vt_link_send_ack(VtLink *link, const VtLinkAck *ack)
{
    VtLinkFrame frame = { 0 };
    VtLinkAck own = *ack;
    own.session = link->session.peer_nonce;
    vt_link_ack_encode(&own, &frame);
    return link->state == VT_LINK_STATE_UP && send_frame(link, &frame);
}

bool
vt_link_send_report(VtLink *link, const VtLinkReport *report)
{
    VtLinkFrame frame = { 0 };
    VtLinkReport own = *report;
    own.session = link->session.peer_nonce;
    vt_link_report_encode(&own, &frame);
    return link->state == VT_LINK_STATE_UP && send_frame(link, &frame);
}
