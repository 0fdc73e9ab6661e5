/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When a socket's gate is shut, for whom, and when it is opened again. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "hostd/ntp-gate.h"
#include "os/fd.h"

#define SEED        42
#define INTERVAL_NS (125 * VT_NS_PER_MS)
#define GOOD        0x7f010001
#define FLOODING    0x7f010002
#define STRANGER    0x7f010003
#define N_TURNS     4
#define QUEUE_BYTES 16384
#define N_MANY      200
/* More than twenty thousand a second. */
#define N_FLOOD  11000
#define FLOOD_NS (510 * VT_NS_PER_MS)

typedef struct {
    VtNtpClients *clients;
    VtNtpGatekeeper *keeper;
    VtNtpGate gate;
    VtMono now;
    VtFd server;
    struct sockaddr_in address;
} Fixture;

static struct sockaddr_in
address_of(uint32_t host_order)
{
    return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(host_order) };
}

static void
remember(Fixture *fixture, uint32_t source, VtNs known_ns, uint64_t n_refused)
{
    struct sockaddr_in address = address_of(source);
    VtNtpPeer peer = { .address =
                           vt_ntp_peer_address_from_socket((struct sockaddr *)&address) };
    VtNtpClient client;
    size_t index = vt_ntp_clients_find(fixture->clients, &peer, fixture->now, &client);
    client.first_at = vt_mono_add(fixture->now, -known_ns);
    client.n_requests = 1000;
    client.n_answered = client.n_requests - n_refused;
    client.n_refused = n_refused;
    vt_ntp_clients_store(fixture->clients, index, &client);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    int n_queue_bytes = QUEUE_BYTES;
    socklen_t n_bytes = sizeof fixture->address;
    fixture->now = (VtMono){ .ns = 1000 * VT_NS_PER_SEC };
    fixture->clients = vt_ntp_clients_new(SEED);
    fixture->keeper = vt_ntp_gatekeeper_new(SEED);
    remember(fixture, GOOD, 60 * VT_NS_PER_SEC, 0);
    remember(fixture, FLOODING, 60 * VT_NS_PER_SEC, 700);

    fixture->address = address_of(INADDR_LOOPBACK);
    struct sockaddr *address = (struct sockaddr *)&fixture->address;
    fixture->server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(fixture->server, address, sizeof fixture->address), ==, 0);
    g_assert_cmpint(getsockname(fixture->server, address, &n_bytes), ==, 0);
    g_assert_cmpint(setsockopt(fixture->server, SOL_SOCKET, SO_RCVBUF, &n_queue_bytes,
                               sizeof n_queue_bytes),
                    ==, 0);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_ntp_clients_free(fixture->clients);
    vt_ntp_gatekeeper_free(fixture->keeper);
    vt_fd_close(&fixture->server);
}

static void
send_from(Fixture *fixture, uint32_t source, unsigned n_sent)
{
    struct sockaddr_in own = address_of(source);
    uint8_t byte = 0;
    g_auto(VtFd) fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&own, sizeof own), ==, 0);
    for (unsigned i = 0; i < n_sent; i++)
        g_assert_cmpint(sendto(fd, &byte, sizeof byte, 0, (struct sockaddr *)&fixture->address,
                               sizeof fixture->address),
                        ==, sizeof byte);
}

static unsigned
drain(Fixture *fixture)
{
    uint8_t byte;
    unsigned n_received = 0;
    while (recv(fixture->server, &byte, sizeof byte, 0) == sizeof byte)
        n_received++;
    return n_received;
}

/* So many turns that the queue is looked at, @after_ns from now. */
static void
tend(Fixture *fixture, bool was_full, VtNs after_ns)
{
    fixture->now = vt_mono_add(fixture->now, after_ns);
    VtNtpGateView view = {
        .clients = fixture->clients,
        .interval_ns = INTERVAL_NS,
        .now = fixture->now,
    };
    for (int i = 0; i < N_TURNS; i++)
        vt_ntp_gate_tend(&fixture->gate, fixture->keeper, fixture->server, was_full, &view);
}

/* Until it is shut to @level. */
static void
shut(Fixture *fixture, unsigned level)
{
    send_from(fixture, STRANGER, N_MANY);
    while (fixture->gate.level < level)
        tend(fixture, true, 100 * VT_NS_PER_MS);
    (void)drain(fixture);
}

static unsigned
count_passed(Fixture *fixture, uint32_t source)
{
    send_from(fixture, source, 10);
    return drain(fixture);
}

static void
test_short_queue_leaves_it_open(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    tend(fixture, true, VT_NS_PER_SEC);

    g_assert_cmpuint(fixture->gate.level, ==, 0);
    g_assert_cmpuint(count_passed(fixture, FLOODING), ==, 10);
}

static void
test_long_queue_keeps_floods_out(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    shut(fixture, 1);

    g_assert_cmpuint(count_passed(fixture, FLOODING), <, 5);
    g_assert_cmpuint(count_passed(fixture, GOOD), ==, 10);
    g_assert_cmpuint(count_passed(fixture, STRANGER), ==, 10);
}

static void
test_longer_flood_keeps_strangers_out_and_no_client(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    shut(fixture, 13);

    g_assert_cmpuint(count_passed(fixture, STRANGER), <, 5);
    g_assert_cmpuint(count_passed(fixture, GOOD), ==, 10);
}

/* More of those known for three seconds than the filter has room for. */
static void
test_best_known_clients_go_before(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    for (uint32_t i = 0; i < 4 * VT_NTP_FILTER_MOST_SOURCES; i++)
        remember(fixture, 0x7f040000 + i, 3 * VT_NS_PER_SEC, 0);

    shut(fixture, 13);

    g_assert_cmpuint(count_passed(fixture, GOOD), ==, 10);
}

static void
test_gate_opens_when_the_flood_is_over(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    shut(fixture, 5);

    for (int i = 0; i < 3; i++)
        tend(fixture, false, 20 * VT_NS_PER_SEC);

    g_assert_cmpuint(fixture->gate.level, ==, 0);
    g_assert_cmpuint(count_passed(fixture, STRANGER), ==, 10);
    g_assert_cmpuint(count_passed(fixture, FLOODING), ==, 10);
}

/* Opening would fill the queue of all others. */
static void
test_known_flood_that_goes_on_is_not_let_in_to_see(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    shut(fixture, 1);

    for (int i = 0; i < 2; i++) {
        send_from(fixture, FLOODING, N_FLOOD);
        (void)drain(fixture);
        tend(fixture, false, FLOOD_NS);
        g_assert_cmpuint(fixture->gate.level, ==, 1);
    }

    tend(fixture, false, VT_NS_PER_SEC);
    g_assert_cmpuint(fixture->gate.level, ==, 0);
}

/* Two milliseconds of it are enough to see that less does not do. */
static void
test_opening_that_does_not_do_is_ended_at_once(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    shut(fixture, 2);
    /* A rate at which it is worth trying. */
    send_from(fixture, FLOODING, N_FLOOD);
    (void)drain(fixture);
    tend(fixture, false, FLOOD_NS);
    g_assert_cmpuint(fixture->gate.level, ==, 1);

    send_from(fixture, STRANGER, N_MANY);
    tend(fixture, true, 3 * VT_NS_PER_MS);

    g_assert_cmpuint(fixture->gate.level, ==, 2);
}

#define add(path, function) \
    g_test_add("/hostd/ntp-gate/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("short-queue-leaves-it-open", test_short_queue_leaves_it_open);
    add("long-queue-keeps-floods-out", test_long_queue_keeps_floods_out);
    add("longer-flood-keeps-strangers-out-and-no-client",
        test_longer_flood_keeps_strangers_out_and_no_client);
    add("best-known-clients-go-before", test_best_known_clients_go_before);
    add("known-flood-that-goes-on-is-not-let-in-to-see",
        test_known_flood_that_goes_on_is_not_let_in_to_see);
    add("opening-that-does-not-do-is-ended-at-once",
        test_opening_that_does_not_do_is_ended_at_once);
    add("gate-opens-when-the-flood-is-over", test_gate_opens_when_the_flood_is_over);
    return g_test_run();
}
