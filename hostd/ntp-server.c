/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-server.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "hostd/ntp-socket.h"
#include "hostd/responder.h"

/* An address that was taken may be given up; nobody waits for it by the second. */
#define RETRY_MS 10000

/* A request that has waited longer was answered too late, or the clock was set meanwhile. */
#define MOST_WAIT_NS VT_NS_PER_SEC

typedef struct {
    VtHostClock host;
    VtMono boot_at;
} Snapshot;

typedef struct {
    VtNtpAddress wanted;
    VtFd fd;                 /* the thread's, once that runs */
    atomic_int error_number; /* 0: served */
    atomic_uint port;        /* in force, host order */
} Listener;

enum {
    COUNT_ANSWERED,
    COUNT_SHORT,
    COUNT_NOT_CLIENT,
    COUNT_TO_MANY,
    COUNT_FROM_NOBODY,
    COUNT_STALE,
    COUNT_UNSENT,
    N_COUNTS,
};

struct VtNtpServer {
    VtClock *clock;
    Listener listeners[VT_NTP_SERVER_MAX_ADDRESSES];
    size_t n_listeners;
    GThread *thread;
    VtFd wake_fd;
    atomic_bool is_ending;
    atomic_uint_least64_t counts[N_COUNTS];
    /* A letter box with one slot: whoever takes the snapshot out owns it. */
    _Atomic(Snapshot *) posted;
    Snapshot *current; /* the thread's */
};

static void
count(VtNtpServer *server, int which, size_t by)
{
    atomic_fetch_add_explicit(&server->counts[which], by, memory_order_relaxed);
}

static void
open_listener(Listener *listener)
{
    int error_number = 0;
    listener->fd = vt_ntp_socket_open(&listener->wanted, &error_number);
    if (listener->fd < 0) {
        atomic_store(&listener->error_number, error_number);
        return;
    }
    VtNtpAddress address = vt_ntp_socket_get_address(listener->fd);
    atomic_store(&listener->port, vt_ntp_address_get_port(&address));
    atomic_store(&listener->error_number, 0);
}

static const Snapshot *
take_snapshot(VtNtpServer *server)
{
    Snapshot *posted = atomic_exchange(&server->posted, NULL);
    if (posted != NULL) {
        g_free(server->current);
        server->current = posted;
    }
    return server->current;
}

static VtHostClock
look_at_host(VtNtpServer *server)
{
    const Snapshot *snapshot = take_snapshot(server);
    VtNs age_ns = vt_mono_diff(vt_clock_read_boot(server->clock), snapshot->boot_at);
    return vt_host_clock_age(&snapshot->host, age_ns);
}

/* The kind of drop to count, or COUNT_ANSWERED. */
static int
check_request(const VtNtpDatagram *datagram, VtWall now)
{
    if (datagram->is_to_many)
        return COUNT_TO_MANY;
    if (vt_ntp_address_get_port(&datagram->peer) == 0)
        return COUNT_FROM_NOBODY;
    if (datagram->n_bytes < VT_NTP_PACKET_BYTES)
        return COUNT_SHORT;
    VtNs waited_ns = vt_wall_diff(now, datagram->received_at);
    if (datagram->has_stamp && (waited_ns < 0 || waited_ns > MOST_WAIT_NS))
        return COUNT_STALE;
    return COUNT_ANSWERED;
}

static int
prepare_reply(const VtNtpDatagram *datagram,
              const VtHostClock *host,
              VtWall now,
              VtNtpPacket *ret_reply)
{
    VtNtpPacket request;
    int verdict = check_request(datagram, now);
    if (verdict != COUNT_ANSWERED)
        return verdict;
    if (!vt_ntp_packet_decode(datagram->bytes, datagram->n_bytes, &request))
        return COUNT_SHORT;
    VtWall received_at = datagram->has_stamp ? datagram->received_at : now;
    if (!vt_responder_reply(&request, host, received_at, ret_reply))
        return COUNT_NOT_CLIENT;
    return COUNT_ANSWERED;
}

/* One batch of one socket: requests in, replies out. */
static void
serve(VtNtpServer *server, int fd)
{
    VtNtpDatagram datagrams[VT_NTP_SOCKET_BATCH];
    VtNtpPacket replies[VT_NTP_SOCKET_BATCH];
    size_t n_replies = 0;

    size_t n_received = vt_ntp_socket_receive(fd, datagrams);
    VtHostClock host = look_at_host(server);
    for (size_t i = 0; i < n_received; i++) {
        VtWall now = vt_clock_read_wall(server->clock);
        int verdict = prepare_reply(&datagrams[i], &host, now, &replies[n_replies]);
        if (verdict != COUNT_ANSWERED) {
            count(server, verdict, 1);
            continue;
        }
        datagrams[n_replies] = datagrams[i];
        n_replies++;
    }
    /* All else is done: the stamp, the bytes, the wire. */
    for (size_t i = 0; i < n_replies; i++) {
        replies[i].transmit = vt_ntp_stamp_from_wall(vt_clock_read_wall(server->clock));
        vt_ntp_packet_encode(&replies[i], datagrams[i].bytes);
        datagrams[i].n_bytes = VT_NTP_PACKET_BYTES;
    }
    count(server, COUNT_ANSWERED, n_replies);
    size_t n_sent = vt_ntp_socket_send(fd, datagrams, n_replies);
    count(server, COUNT_UNSENT, n_replies - n_sent);
}

static bool
retry_listeners(VtNtpServer *server)
{
    bool is_complete = true;
    for (size_t i = 0; i < server->n_listeners; i++) {
        if (server->listeners[i].fd < 0)
            open_listener(&server->listeners[i]);
        is_complete &= server->listeners[i].fd >= 0;
    }
    return is_complete;
}

static void *
run(void *user_data)
{
    VtNtpServer *server = user_data;
    struct pollfd polled[VT_NTP_SERVER_MAX_ADDRESSES + 1];
    bool is_complete = retry_listeners(server);

    while (!atomic_load(&server->is_ending)) {
        polled[0] = (struct pollfd){ .fd = server->wake_fd, .events = POLLIN };
        for (size_t i = 0; i < server->n_listeners; i++)
            polled[i + 1] = (struct pollfd){ .fd = server->listeners[i].fd, .events = POLLIN };

        int n_ready = poll(polled, server->n_listeners + 1, is_complete ? -1 : RETRY_MS);
        if (n_ready == 0)
            is_complete = retry_listeners(server);
        for (size_t i = 0; n_ready > 0 && i < server->n_listeners; i++) {
            if (polled[i + 1].revents != 0)
                serve(server, server->listeners[i].fd);
        }
    }
    return NULL;
}

VtNtpServer *
vt_ntp_server_new(const VtNtpAddress *addresses, size_t n_addresses, VtClock *clock)
{
    VtNtpServer *server = g_new0(VtNtpServer, 1);
    g_assert(n_addresses <= VT_NTP_SERVER_MAX_ADDRESSES);

    server->clock = clock;
    server->n_listeners = n_addresses;
    server->current = g_new0(Snapshot, 1);
    server->current->host =
        vt_host_clock_judge(VT_HOST_CLOCK_UNSYNCHRONISED, NULL, (VtWall){ 0 });
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    /* The first try here, so that its outcome is known to whoever began the service. */
    for (size_t i = 0; i < n_addresses; i++) {
        server->listeners[i].wanted = addresses[i];
        open_listener(&server->listeners[i]);
    }
    server->thread = g_thread_new("ntp-server", run, server);
    return server;
}

void
vt_ntp_server_free(VtNtpServer *server)
{
    if (server == NULL)
        return;
    atomic_store(&server->is_ending, true);
    (void)eventfd_write(server->wake_fd, 1); /* cannot fail: nobody has written before */
    g_thread_join(server->thread);
    for (size_t i = 0; i < server->n_listeners; i++)
        vt_fd_close(&server->listeners[i].fd);
    vt_fd_close(&server->wake_fd);
    g_free(atomic_load(&server->posted));
    g_free(server->current);
    g_free(server);
}

void
vt_ntp_server_set_host_clock(VtNtpServer *server, const VtHostClock *host)
{
    Snapshot *snapshot = g_new0(Snapshot, 1);
    snapshot->host = *host;
    snapshot->boot_at = vt_clock_read_boot(server->clock);
    /* One that nobody has taken yet is out of date. */
    g_free(atomic_exchange(&server->posted, snapshot));
}

size_t
vt_ntp_server_get_n_addresses(const VtNtpServer *server)
{
    return server->n_listeners;
}

VtNtpAddress
vt_ntp_server_get_address(VtNtpServer *server, size_t index, int *ret_error_number)
{
    Listener *listener = &server->listeners[index];
    VtNtpAddress address = listener->wanted;

    *ret_error_number = atomic_load(&listener->error_number);
    if (*ret_error_number == 0)
        vt_ntp_address_set_port(&address, (uint16_t)atomic_load(&listener->port));
    return address;
}

VtNtpServerCounters
vt_ntp_server_get_counters(const VtNtpServer *server)
{
    uint64_t counts[N_COUNTS];
    for (size_t i = 0; i < N_COUNTS; i++)
        counts[i] = atomic_load_explicit(&server->counts[i], memory_order_relaxed);
    return (VtNtpServerCounters){
        .n_answered = counts[COUNT_ANSWERED],
        .n_short = counts[COUNT_SHORT],
        .n_not_client = counts[COUNT_NOT_CLIENT],
        .n_to_many = counts[COUNT_TO_MANY],
        .n_from_nobody = counts[COUNT_FROM_NOBODY],
        .n_stale = counts[COUNT_STALE],
        .n_unsent = counts[COUNT_UNSENT],
    };
}
