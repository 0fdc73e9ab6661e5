/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-server.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "hostd/ntp-answer.h"
#include "hostd/ntp-lead.h"
#include "hostd/ntp-letter-box.h"
#include "hostd/ntp-listener.h"
#include "hostd/ntp-view.h"
#include "os/random.h"

/* An address that was taken may be given up; nobody waits for it by the second. */
#define RETRY_MS 10000

/* A gate that is shut is looked at even if nothing comes through. */
#define GATE_MS 1000

/* Of what signing a reply took, in the smoothed figure. */
#define SMOOTHING 8

struct VtNtpServer {
    VtClock *clock;
    VtNtpListener listeners[VT_NTP_SERVER_MOST_PLACES];
    size_t n_listeners;
    GThread *thread;
    VtFd wake_fd;
    atomic_bool is_ending;
    atomic_uint_least64_t counts[VT_NTP_N_COUNTS];
    VtNtpLetterBox policies; /* VtNtpPolicy */

    VtNtpView *view;
    VtNtpCardView *cards;
    /* The thread's. */
    VtNtpAnswer *answer;
    VtNtpTurn *turn;
    VtNtpGatekeeper *keeper;
    VtNtpLead lead;
    VtNs sign_cost_ns; /* of one reply */
    VtMono worked_at;  /* until then, last */
};

static void
count(VtNtpServer *server, VtNtpCount which, size_t by)
{
    /* One thread counts, so it need not be one operation. */
    uint64_t old = atomic_load_explicit(&server->counts[which], memory_order_relaxed);
    atomic_store_explicit(&server->counts[which], old + by, memory_order_relaxed);
}

static void
count_reply(VtNtpServer *server, const VtNtpReply *reply)
{
    count(server, reply->verdict, 1);
    if (reply->is_interleaved)
        count(server, VT_NTP_COUNT_INTERLEAVED, 1);
    if (reply->is_nak)
        count(server, VT_NTP_COUNT_NAK, 1);
    else if (reply->key_id != 0)
        count(server, VT_NTP_COUNT_AUTHENTICATED, 1);
}

static void
count_overflows(VtNtpServer *server, VtNtpListener *listener, const VtNtpDatagram *datagram)
{
    /* The kernel tells of them only once there are some, and counts modulo 2^32. */
    if (datagram->n_overflows == 0)
        return;
    count(server, VT_NTP_COUNT_OVERFLOWED, datagram->n_overflows - listener->n_overflows);
    listener->n_overflows = datagram->n_overflows;
}

/* Replies of one turn that leave by one call. */
typedef struct {
    size_t first; /* datagram */
    size_t n_datagrams;
    size_t n_replies;
    size_t n_signed;
    bool is_bunch; /* they leave as one message, and none is stamped as it does */
    VtNs idle_ns;  /* for how long nothing had happened before */
} Parcel;

/* Everything but the stamps. */
static void
encode_replies(VtNtpServer *server,
               const VtNtpListener *listener,
               const VtNtpReply *replies,
               size_t n_received)
{
    for (size_t i = 0; i < n_received; i++) {
        VtNtpDatagram *datagram = vt_ntp_turn_get(server->turn, i);
        if (replies[i].verdict != VT_NTP_COUNT_ANSWERED)
            continue;
        datagram->n_reply_bytes = vt_ntp_answer_encode(&replies[i], datagram->reply);
        datagram->wants_sent_stamp = replies[i].wants_sent_stamp;
        datagram->wants_card_stamp = listener->wanted.wants_card_stamps;
    }
}

static Parcel
pack(VtNtpServer *server,
     const VtNtpReply *replies,
     size_t first,
     size_t n_datagrams,
     VtMono boot_now)
{
    Parcel parcel = {
        .first = first,
        .n_datagrams = n_datagrams,
        .is_bunch = vt_ntp_turn_is_bunch(server->turn, first, n_datagrams) &&
                    !vt_ntp_lead_is_due(&server->lead, VT_NTP_LEAD_BATCH, boot_now),
    };
    for (size_t i = first; i < first + n_datagrams; i++) {
        if (vt_ntp_turn_get(server->turn, i)->n_reply_bytes == 0)
            continue;
        parcel.n_replies++;
        parcel.n_signed += vt_ntp_reply_is_signed(&replies[i]) ? 1 : 0;
    }
    return parcel;
}

/* The stamps are the last thing before the wire: one reading of the clock, and what it takes from
 * there until each reply leaves. */
static void
stamp(VtNtpServer *server, const VtNtpReply *replies, const Parcel *parcel, VtMono boot_now)
{
    size_t index = 0;
    /* A bunch leaves as soon as a single one. */
    VtNtpLeadKind kind = parcel->is_bunch
                             ? VT_NTP_LEAD_SINGLE
                             : vt_ntp_lead_judge(parcel->n_replies, parcel->idle_ns);
    VtWall begun_at = vt_clock_read_wall(server->clock);
    VtWall ready_at = vt_wall_add(begun_at, (VtNs)parcel->n_signed * server->sign_cost_ns);

    for (size_t i = parcel->first; i < parcel->first + parcel->n_datagrams; i++) {
        VtNtpDatagram *datagram = vt_ntp_turn_get(server->turn, i);
        if (datagram->n_reply_bytes == 0)
            continue;
        VtWall leaves_at = vt_wall_add(ready_at, vt_ntp_lead_get(&server->lead, kind, index));
        VtNtpLeadSample sample = {
            .receive = replies[i].packet.receive,
            .written = leaves_at,
            .index = index,
            .kind = kind,
        };
        vt_ntp_answer_stamp(&replies[i], server->policies.current, leaves_at, datagram->reply);
        if (parcel->is_bunch)
            continue;
        index++;
        datagram->wants_sent_stamp |=
            vt_ntp_lead_wants(&server->lead, &sample, parcel->n_replies, boot_now);
    }
    if (parcel->n_signed > 0) {
        VtNs took_ns = vt_wall_diff(vt_clock_read_wall(server->clock), begun_at);
        server->sign_cost_ns +=
            (took_ns / (VtNs)parcel->n_signed - server->sign_cost_ns) / SMOOTHING;
    }
}

/* A full turn leaves by one call, which is cheapest. What is less has the time for a stamp each. */
static void
send_replies(VtNtpServer *server,
             int fd,
             const VtNtpReply *replies,
             size_t n_received,
             VtMono boot_now)
{
    size_t n_each = n_received == VT_NTP_SOCKET_BATCH ? n_received : 1;
    VtNs idle_ns = vt_mono_diff(boot_now, server->worked_at);

    for (size_t first = 0; first < n_received; first += n_each) {
        Parcel parcel = pack(server, replies, first, n_each, boot_now);
        if (parcel.n_replies == 0)
            continue;
        parcel.idle_ns = idle_ns;
        stamp(server, replies, &parcel, boot_now);
        size_t n_sent = vt_ntp_turn_send(server->turn, fd, first, n_each);
        count(server, VT_NTP_COUNT_UNSENT, parcel.n_replies - n_sent);
        idle_ns = 0;
    }
}

static void
forget_stamps(VtNtpServer *server, VtMono boot_now)
{
    vt_ntp_answer_forget_stamps(server->answer);
    vt_ntp_lead_forget(&server->lead);
    vt_ntp_card_view_forget(server->cards, boot_now);
}

/* The card knows better than the kernel when a request came. */
static bool
take_card_stamp(VtNtpServer *server, VtNtpDatagram *datagram, VtMono boot_now)
{
    return datagram->has_card_stamp && datagram->has_stamp &&
           vt_ntp_card_view_find_received(server->cards, &datagram->card, datagram->received_at,
                                          boot_now, &datagram->received_at);
}

static void
tend_gate(VtNtpServer *server, VtNtpListener *listener, bool was_full, VtMono now)
{
    const VtNtpPolicy *policy = server->policies.current;
    VtNtpGateView view = {
        .clients = vt_ntp_answer_get_clients(server->answer),
        .interval_ns = policy->limit.interval_ns,
        .now = now,
    };
    vt_ntp_gate_tend(&listener->gate, server->keeper, listener->fd, was_full, &view);
    atomic_store_explicit(&listener->is_flooded, listener->gate.level > 0,
                          memory_order_relaxed);
}

/* One batch of one socket: requests in, replies out. */
static void
serve(VtNtpServer *server, VtNtpListener *listener)
{
    VtNtpReply replies[VT_NTP_SOCKET_BATCH];
    size_t n_received = vt_ntp_turn_receive(server->turn, listener->fd);
    if (n_received == 0)
        return;

    VtNtpSight sight = vt_ntp_view_look(server->view);
    if (sight.was_set)
        forget_stamps(server, sight.boot_at);
    VtNtpCircumstances circumstances = {
        .policy = vt_ntp_letter_box_take(&server->policies),
        .sight = &sight,
        .now = vt_clock_read_wall(server->clock),
    };
    for (size_t i = 0; i < n_received; i++) {
        VtNtpDatagram *datagram = vt_ntp_turn_get(server->turn, i);
        bool is_of_card = take_card_stamp(server, datagram, sight.boot_at);
        replies[i] = vt_ntp_answer_prepare(server->answer, &circumstances, datagram);
        count_reply(server, &replies[i]);
        if (is_of_card && replies[i].verdict == VT_NTP_COUNT_ANSWERED)
            count(server, VT_NTP_COUNT_CARD_RECEIVED, 1);
        count_overflows(server, listener, datagram);
    }
    encode_replies(server, listener, replies, n_received);
    send_replies(server, listener->fd, replies, n_received, sight.boot_at);
    tend_gate(server, listener, n_received == VT_NTP_SOCKET_BATCH, sight.boot_at);
    server->worked_at = sight.boot_at;
}

/* False for one that the card alone has stamped, when its clock cannot be told. */
static bool
find_sent_at(VtNtpServer *server, VtNtpSent *sent)
{
    if (!sent->has_card_stamp)
        return true;
    VtNtpCardMoment now = {
        .boot_at = vt_clock_read_boot(server->clock),
        .wall_at = vt_clock_read_wall(server->clock),
    };
    if (!vt_ntp_card_view_find_sent(server->cards, &sent->card, &now, &sent->sent_at))
        return false;
    count(server, VT_NTP_COUNT_CARD_SENT, 1);
    return true;
}

static void
read_sent(VtNtpServer *server, int fd)
{
    VtNtpSent sent[VT_NTP_SOCKET_BATCH];
    size_t n_sent = vt_ntp_socket_read_sent(fd, sent);
    for (size_t i = 0; i < n_sent; i++) {
        if (!find_sent_at(server, &sent[i]))
            continue;
        if (!vt_ntp_lead_learn(&server->lead, sent[i].plain_receive, sent[i].sent_at))
            (void)vt_ntp_lead_learn(&server->lead, sent[i].authenticated_receive,
                                    sent[i].sent_at);
        vt_ntp_answer_sent(server->answer, &sent[i]);
    }
}

static void
on_ready(VtNtpServer *server, VtNtpListener *listener, short events)
{
    /* First when earlier replies left: the request that asks for it may have come already. */
    if ((events & POLLERR) != 0)
        read_sent(server, listener->fd);
    if ((events & POLLIN) != 0)
        serve(server, listener);
}

static bool
retry_listeners(VtNtpServer *server)
{
    bool is_complete = true;
    for (size_t i = 0; i < server->n_listeners; i++)
        is_complete &= vt_ntp_listener_retry(&server->listeners[i]);
    return is_complete;
}

static size_t
fill_polled(VtNtpServer *server, struct pollfd polled[VT_NTP_SERVER_MOST_PLACES + 1])
{
    polled[0] = (struct pollfd){ .fd = server->wake_fd, .events = POLLIN };
    for (size_t i = 0; i < server->n_listeners; i++)
        polled[i + 1] = (struct pollfd){ .fd = server->listeners[i].fd, .events = POLLIN };
    return server->n_listeners + 1;
}

/* For how long nothing needs to be looked at; -1: for ever. */
static int
get_timeout_ms(const VtNtpServer *server, bool is_complete)
{
    for (size_t i = 0; i < server->n_listeners; i++) {
        if (server->listeners[i].gate.level > 0)
            return GATE_MS;
    }
    return is_complete ? -1 : RETRY_MS;
}

static void
tend_gates(VtNtpServer *server)
{
    VtMono now = vt_clock_read_boot(server->clock);
    for (size_t i = 0; i < server->n_listeners; i++) {
        if (server->listeners[i].fd >= 0)
            tend_gate(server, &server->listeners[i], false, now);
    }
}

static void *
run(void *user_data)
{
    VtNtpServer *server = user_data;
    struct pollfd polled[VT_NTP_SERVER_MOST_PLACES + 1];
    bool is_complete = retry_listeners(server);
    size_t n_polled = fill_polled(server, polled);

    while (!atomic_load(&server->is_ending)) {
        eventfd_t n_wakes;
        int n_ready = poll(polled, n_polled, get_timeout_ms(server, is_complete));
        if (n_ready == 0 || polled[0].revents != 0) {
            /* Nothing to read is as good: it is looked at again either way. */
            (void)eventfd_read(server->wake_fd, &n_wakes);
            is_complete = retry_listeners(server);
            (void)fill_polled(server, polled);
            tend_gates(server);
            continue;
        }
        for (size_t i = 0; n_ready > 0 && i < server->n_listeners; i++)
            on_ready(server, &server->listeners[i], polled[i + 1].revents);
    }
    return NULL;
}

VtNtpServer *
vt_ntp_server_new(const VtNtpServerPlace *places,
                  size_t n_places,
                  VtNtpPolicy *policy,
                  VtClock *clock)
{
    VtNtpServer *server = g_new0(VtNtpServer, 1);
    g_assert(n_places <= VT_NTP_SERVER_MOST_PLACES);

    server->clock = clock;
    server->n_listeners = n_places;
    server->view = vt_ntp_view_new(clock);
    server->cards = vt_ntp_card_view_new();
    vt_ntp_letter_box_init(&server->policies, policy, (GDestroyNotify)vt_ntp_policy_free);
    server->answer = vt_ntp_answer_new(vt_random_nonce());
    server->turn = vt_ntp_turn_new();
    server->keeper = vt_ntp_gatekeeper_new(vt_random_nonce());
    vt_ntp_lead_init(&server->lead);
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    /* The first try here, so that its outcome is known to whoever began the service. */
    for (size_t i = 0; i < n_places; i++)
        vt_ntp_listener_init(&server->listeners[i], &places[i].place, places[i].fd);
    server->thread = g_thread_new("ntp-server", run, server);
    return server;
}

static void
wake(VtNtpServer *server)
{
    (void)eventfd_write(server->wake_fd, 1); /* fails when it is full: then it wakes anyway */
}

void
vt_ntp_server_free(VtNtpServer *server)
{
    if (server == NULL)
        return;
    atomic_store(&server->is_ending, true);
    wake(server);
    g_thread_join(server->thread);
    for (size_t i = 0; i < server->n_listeners; i++)
        vt_ntp_listener_clear(&server->listeners[i]);
    vt_fd_close(&server->wake_fd);
    vt_ntp_letter_box_clear(&server->policies);
    vt_ntp_answer_free(server->answer);
    vt_ntp_turn_free(server->turn);
    vt_ntp_gatekeeper_free(server->keeper);
    vt_ntp_card_view_free(server->cards);
    vt_ntp_view_free(server->view);
    g_free(server);
}

void
vt_ntp_server_set_host_clock(VtNtpServer *server, const VtHostClock *host)
{
    vt_ntp_view_post(server->view, host);
}

void
vt_ntp_server_set_cards(VtNtpServer *server, const VtNtpCardStates *states)
{
    vt_ntp_card_view_post(server->cards, states);
}

void
vt_ntp_server_set_policy(VtNtpServer *server, VtNtpPolicy *policy)
{
    vt_ntp_letter_box_post(&server->policies, policy);
}

void
vt_ntp_server_look_again(VtNtpServer *server)
{
    wake(server);
}

size_t
vt_ntp_server_get_n_places(const VtNtpServer *server)
{
    return server->n_listeners;
}

VtNtpPlace
vt_ntp_server_get_place(VtNtpServer *server, size_t index, int *ret_error_number)
{
    VtNtpListener *listener = &server->listeners[index];
    VtNtpPlace place = listener->wanted;

    *ret_error_number = atomic_load(&listener->error_number);
    if (*ret_error_number == 0)
        vt_ntp_address_set_port(&place.address, (uint16_t)atomic_load(&listener->port));
    return place;
}

bool
vt_ntp_server_is_flooded(const VtNtpServer *server, size_t index)
{
    return atomic_load(&server->listeners[index].is_flooded);
}

VtNtpCounters
vt_ntp_server_get_counters(const VtNtpServer *server)
{
    VtNtpCounters counters;
    for (size_t i = 0; i < VT_NTP_N_COUNTS; i++)
        counters.counts[i] = atomic_load_explicit(&server->counts[i], memory_order_relaxed);
    return counters;
}

size_t
vt_ntp_server_copy_clients(const VtNtpServer *server, VtNtpClient *ret_clients, size_t most)
{
    return vt_ntp_clients_copy(vt_ntp_answer_get_clients(server->answer), ret_clients, most);
}
