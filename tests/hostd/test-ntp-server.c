/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The service over sockets of loopback. What is not answered is proved by what is: one socket
 * keeps its order, so a reply to a later request shows that the earlier one has none.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "hostd/ntp-server.h"
#include "os/fd.h"

#define TIMEOUT_SEC  10
#define MOST_BYTES   1500
#define N_MANY       100
#define BROADCAST    "127.255.255.255"
#define SECOND_LOCAL "127.0.0.5"

typedef struct {
    VtClock *clock;
    VtNtpServer *server;
    VtFd client;
} Fixture;

static VtHostClock
good_clock(void)
{
    return (VtHostClock){
        .is_synchronised = true,
        .leap = VT_NTP_LEAP_DELETE,
        .stratum = 3,
        .precision_log2_sec = -24,
        .reference_id = 0x0a000001,
        .root_delay_ns = VT_NS_PER_MS,
        .root_dispersion_ns = 2 * VT_NS_PER_MS,
        .reference_at = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC },
    };
}

static VtNtpAddress
parse(const char *text)
{
    VtNtpAddress address;
    g_assert_true(vt_ntp_address_parse(text, 0, &address, NULL));
    return address;
}

static VtNtpServerPlace
place_at(VtNtpAddress address)
{
    return (VtNtpServerPlace){ .place.address = address, .fd = VT_FD_NONE };
}

static VtNtpAddress
get_served(VtNtpServer *server)
{
    int error_number;
    VtNtpAddress address = vt_ntp_server_get_place(server, 0, &error_number).address;
    g_assert_cmpint(error_number, ==, 0);
    g_assert_cmpint(vt_ntp_address_get_port(&address), !=, 0);
    return address;
}

static VtNtpPolicy *
allow(const char *network)
{
    VtNtpPolicy *policy = vt_ntp_policy_new();
    g_assert_true(vt_ntp_access_add(policy->access, network, true, NULL));
    return policy;
}

static uint64_t
get_count(VtNtpServer *server, VtNtpCount which)
{
    return vt_ntp_server_get_counters(server).counts[which];
}

static VtFd
connect_to(const VtNtpAddress *address)
{
    struct timeval timeout = { .tv_sec = TIMEOUT_SEC };
    int on = 1;
    VtFd fd = socket(address->socket_address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), ==, 0);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on), ==, 0);
    g_assert_cmpint(
        connect(fd, (const struct sockaddr *)&address->socket_address, address->n_bytes), ==,
        0);
    return fd;
}

static void
start(Fixture *fixture, const char *listen)
{
    VtNtpServerPlace place = place_at(parse(listen));
    VtHostClock host = good_clock();
    fixture->server = vt_ntp_server_new(&place, 1, allow("all"), fixture->clock);
    vt_ntp_server_set_host_clock(fixture->server, &host);
}

static void
set_up(Fixture *fixture, gconstpointer listen)
{
    fixture->clock = vt_clock_new_system();
    start(fixture, listen);
    VtNtpAddress address = get_served(fixture->server);
    fixture->client = connect_to(&address);
}

static void
tear_down(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    vt_fd_close(&fixture->client);
    vt_ntp_server_free(fixture->server);
    vt_clock_free(fixture->clock);
}

static void
send_bytes(int fd, const uint8_t *bytes, size_t n_bytes)
{
    g_assert_cmpint(send(fd, bytes, n_bytes, 0), ==, n_bytes);
}

/* A request of @n_bytes, named by @transmit; what follows the header is one field. */
static void
send_request(int fd, uint64_t transmit, size_t n_bytes)
{
    uint8_t bytes[MOST_BYTES] = { 0 };
    VtNtpPacket request = {
        .version = VT_NTP_VERSION,
        .mode = VT_NTP_MODE_CLIENT,
        .poll_log2_sec = 6,
        .transmit = transmit,
    };
    vt_ntp_packet_encode(&request, bytes);
    if (n_bytes >= VT_NTP_PACKET_BYTES) {
        bytes[VT_NTP_PACKET_BYTES + 2] = (uint8_t)((n_bytes - VT_NTP_PACKET_BYTES) >> 8);
        bytes[VT_NTP_PACKET_BYTES + 3] = (uint8_t)(n_bytes - VT_NTP_PACKET_BYTES);
    }
    send_bytes(fd, bytes, n_bytes);
}

static VtNtpPacket
receive_reply(int fd)
{
    uint8_t bytes[MOST_BYTES];
    VtNtpPacket reply = { 0 };
    ssize_t n_bytes = recv(fd, bytes, sizeof bytes, 0);
    g_assert_cmpint(n_bytes, ==, VT_NTP_PACKET_BYTES);
    g_assert_true(vt_ntp_packet_decode(bytes, (size_t)n_bytes, &reply));
    return reply;
}

/* Nobody has keys here. */
static void
receive_nak(int fd)
{
    static const uint8_t nak[VT_NTP_KEY_ID_BYTES];
    uint8_t bytes[MOST_BYTES];
    ssize_t n_bytes = recv(fd, bytes, sizeof bytes, 0);
    g_assert_cmpint(n_bytes, ==, VT_NTP_PACKET_BYTES + sizeof nak);
    g_assert_cmpmem(bytes + VT_NTP_PACKET_BYTES, sizeof nak, nak, sizeof nak);
}

static VtNtpPacket
exchange(int fd, uint64_t transmit)
{
    send_request(fd, transmit, VT_NTP_PACKET_BYTES);
    return receive_reply(fd);
}

static void
test_client_is_told_the_time(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    VtNtpStamp before = vt_ntp_stamp_from_wall(vt_clock_read_wall(fixture->clock));
    VtNtpPacket reply = exchange(fixture->client, 0x1122334455667788);
    VtNtpStamp after = vt_ntp_stamp_from_wall(vt_clock_read_wall(fixture->clock));

    g_assert_cmpuint(reply.origin, ==, 0x1122334455667788);
    g_assert_cmpint(reply.mode, ==, VT_NTP_MODE_SERVER);
    g_assert_cmpint(reply.leap, ==, VT_NTP_LEAP_DELETE);
    g_assert_cmpint(reply.stratum, ==, 3);
    g_assert_cmpint(reply.poll_log2_sec, ==, 6);
    g_assert_cmpuint(reply.reference_id, ==, 0x0a000001);
    g_assert_cmpuint(reply.root_delay, ==, vt_ntp_short_from_ns(VT_NS_PER_MS));
    g_assert_cmpuint(reply.root_dispersion, >=, vt_ntp_short_from_ns(2 * VT_NS_PER_MS));
    /* Whoever steps the clock of this machine meanwhile fails the test. */
    g_assert_cmpint(vt_ntp_stamp_diff(reply.receive, before), >=, 0);
    g_assert_cmpint(vt_ntp_stamp_diff(reply.transmit, reply.receive), >=, 0);
    g_assert_cmpint(vt_ntp_stamp_diff(after, reply.transmit), >=, 0);
    g_assert_cmpuint(get_count(fixture->server, VT_NTP_COUNT_ANSWERED), ==, 1);
}

static void
test_every_length_is_answered_by_48_bytes_or_not_at_all(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    for (size_t n_bytes = 0; n_bytes <= MOST_BYTES; n_bytes++) {
        /* Behind those that get none, one that gets its reply. */
        bool is_code =
            n_bytes == VT_NTP_PACKET_BYTES + 20 || n_bytes == VT_NTP_PACKET_BYTES + 24;
        bool is_field = n_bytes >= VT_NTP_PACKET_BYTES + 28 && n_bytes % 4 == 0;
        send_request(fixture->client, n_bytes + 1, n_bytes);
        if (is_code)
            receive_nak(fixture->client);
        else if (n_bytes == VT_NTP_PACKET_BYTES || is_field)
            g_assert_cmpuint(receive_reply(fixture->client).origin, ==, n_bytes + 1);
    }
    g_assert_cmpuint(exchange(fixture->client, UINT64_MAX).origin, ==, UINT64_MAX);
    g_assert_cmpuint(get_count(fixture->server, VT_NTP_COUNT_SHORT), ==, VT_NTP_PACKET_BYTES);
}

static void
test_only_clients_of_known_versions_are_answered(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    unsigned n_answered = 0;
    for (unsigned first = 0; first < 256; first++) {
        uint8_t bytes[VT_NTP_PACKET_BYTES] = { [47] = 1 };
        unsigned version = first >> 3 & 7;
        bytes[0] = (uint8_t)first;
        bytes[46] = (uint8_t)first;
        send_bytes(fixture->client, bytes, sizeof bytes);
        if ((first & 7) != VT_NTP_MODE_CLIENT || version < 1 || version > 4)
            continue;
        VtNtpPacket reply = receive_reply(fixture->client);
        g_assert_cmpuint(reply.origin, ==, first << 8 | 1);
        g_assert_cmpuint(reply.version, ==, version);
        n_answered++;
    }
    g_assert_cmpuint(n_answered, ==, 16);
    /* What came last is known to have been looked at only after something that is answered. */
    exchange(fixture->client, 1);
    g_assert_cmpuint(get_count(fixture->server, VT_NTP_COUNT_NOT_CLIENT), ==, 256 - 16);
}

static void
test_more_than_a_batch_is_answered(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    for (unsigned i = 1; i <= N_MANY; i++)
        send_request(fixture->client, i, VT_NTP_PACKET_BYTES);
    for (unsigned i = 1; i <= N_MANY; i++)
        g_assert_cmpuint(receive_reply(fixture->client).origin, ==, i);
}

static void
test_new_state_is_told_from_the_next_request_on(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    VtHostClock host =
        vt_host_clock_judge(VT_HOST_CLOCK_UNSYNCHRONISED, NULL, (VtWall){ .ns = 1 });
    g_assert_cmpint(exchange(fixture->client, 1).leap, ==, VT_NTP_LEAP_DELETE);

    vt_ntp_server_set_host_clock(fixture->server, &host);

    VtNtpPacket reply = exchange(fixture->client, 2);
    g_assert_cmpint(reply.leap, ==, VT_NTP_LEAP_UNSYNCHRONISED);
    g_assert_cmpint(reply.stratum, ==, 0);
    g_assert_cmpuint(reply.reference, ==, 0);
}

static void
test_reply_comes_from_the_address_asked(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    VtNtpAddress second = parse(SECOND_LOCAL);
    VtNtpAddress served = get_served(fixture->server);
    vt_ntp_address_set_port(&second, vt_ntp_address_get_port(&served));

    /* A connected socket takes replies from no other address. */
    g_auto(VtFd) client = connect_to(&second);

    g_assert_cmpuint(exchange(client, 5).origin, ==, 5);
}

static void
test_broadcast_is_not_answered(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    VtNtpAddress broadcast = parse(BROADCAST);
    VtNtpAddress served = get_served(fixture->server);
    vt_ntp_address_set_port(&broadcast, vt_ntp_address_get_port(&served));
    g_auto(VtFd) client = connect_to(&broadcast);

    send_request(client, 1, VT_NTP_PACKET_BYTES);
    exchange(fixture->client, 2);

    g_assert_cmpuint(get_count(fixture->server, VT_NTP_COUNT_TO_MANY), ==, 1);
    g_assert_cmpuint(get_count(fixture->server, VT_NTP_COUNT_ANSWERED), ==, 1);
}

static void
test_taken_address_leaves_the_others_served(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    VtNtpAddress addresses[] = { get_served(fixture->server), parse("127.0.0.1") };
    VtNtpServerPlace places[] = { place_at(addresses[0]), place_at(addresses[1]) };
    int error_number;

    g_autoptr(VtNtpServer) server =
        vt_ntp_server_new(places, G_N_ELEMENTS(places), allow("all"), fixture->clock);

    VtNtpAddress taken = vt_ntp_server_get_place(server, 0, &error_number).address;
    g_assert_cmpint(error_number, ==, EADDRINUSE);
    g_assert_cmpint(vt_ntp_address_get_port(&taken), ==,
                    vt_ntp_address_get_port(&addresses[0]));
    VtNtpAddress served = vt_ntp_server_get_place(server, 1, &error_number).address;
    g_assert_cmpint(error_number, ==, 0);
    g_auto(VtFd) client = connect_to(&served);
    /* Nobody has told it about the host's clock yet. */
    g_assert_cmpint(exchange(client, 1).leap, ==, VT_NTP_LEAP_UNSYNCHRONISED);
}

static void
test_new_policy_holds_from_the_next_request_on(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    exchange(fixture->client, 1);
    vt_ntp_server_set_policy(fixture->server, allow("192.0.2.0/24"));
    send_request(fixture->client, 2, VT_NTP_PACKET_BYTES);
    /* Else this request could meet the policy that is made after it. */
    gint64 until_us = g_get_monotonic_time() + TIMEOUT_SEC * G_USEC_PER_SEC;
    while (get_count(fixture->server, VT_NTP_COUNT_DENIED) == 0 &&
           g_get_monotonic_time() < until_us)
        g_thread_yield();
    vt_ntp_server_set_policy(fixture->server, allow("127.0.0.0/8"));

    g_assert_cmpuint(exchange(fixture->client, 3).origin, ==, 3);
    g_assert_cmpuint(get_count(fixture->server, VT_NTP_COUNT_DENIED), ==, 1);
}

static void
test_interleaved_client_is_told_when_the_last_reply_left(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    VtNtpPacket last = exchange(fixture->client, 1);
    VtNtpPacket reply = { 0 };
    uint64_t cookie = 100;
    unsigned n_interleaved = 0;

    /* RFC 9769: the third request can be answered so, if the kernel has told by then. */
    for (unsigned i = 0; i < N_MANY && n_interleaved == 0; i++) {
        uint8_t bytes[VT_NTP_PACKET_BYTES];
        VtNtpPacket request = {
            .version = VT_NTP_VERSION,
            .mode = VT_NTP_MODE_CLIENT,
            .origin = last.receive,
            .receive = cookie,
            .transmit = cookie + 1,
        };
        vt_ntp_packet_encode(&request, bytes);
        send_bytes(fixture->client, bytes, sizeof bytes);
        reply = receive_reply(fixture->client);
        n_interleaved += reply.origin == cookie ? 1 : 0;
        if (n_interleaved == 0)
            last = reply;
        cookie += 2;
    }

    g_assert_cmpuint(n_interleaved, ==, 1);
    /* The last reply left after the stamp in it, and before this request came. */
    g_assert_cmpint(vt_ntp_stamp_diff(reply.transmit, last.receive), >, 0);
    g_assert_cmpint(vt_ntp_stamp_diff(reply.receive, reply.transmit), >, 0);
    g_assert_cmpuint(get_count(fixture->server, VT_NTP_COUNT_INTERLEAVED), ==, 1);
}

static void
test_clients_are_remembered(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    VtNtpClient clients[2];
    exchange(fixture->client, 5);
    exchange(fixture->client, 7);

    g_assert_cmpuint(vt_ntp_server_copy_clients(fixture->server, clients, 2), ==, 1);
    g_autofree char *address = vt_ntp_peer_address_format(clients[0].address);
    g_assert_cmpstr(address, ==, "127.0.0.1");
    g_assert_cmpuint(clients[0].n_requests, ==, 2);
    g_assert_cmpuint(clients[0].n_answered, ==, 2);
    g_assert_cmpuint(clients[0].transmit, ==, 7);
    g_assert_cmpint(clients[0].poll_log2_sec, ==, 6);
    g_assert_cmpint(vt_mono_diff(clients[0].last_at, clients[0].first_at), >=, 0);
}

static void
test_socket_of_an_interface_is_that_interfaces_alone(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    VtNtpServerPlace places[] = { place_at(parse("0.0.0.0")), place_at(parse("0.0.0.0")) };
    int error_number;
    g_strlcpy(places[0].place.interface, "lo", IF_NAMESIZE);
    g_strlcpy(places[1].place.interface, "nosuchbridge", IF_NAMESIZE);

    g_autoptr(VtNtpServer) server = vt_ntp_server_new(places, 2, allow("all"), fixture->clock);

    (void)vt_ntp_server_get_place(server, 1, &error_number);
    g_assert_cmpint(error_number, ==, ENODEV);
    VtNtpAddress served = parse("127.0.0.1");
    VtNtpAddress wildcard = get_served(server);
    vt_ntp_address_set_port(&served, vt_ntp_address_get_port(&wildcard));
    g_auto(VtFd) client = connect_to(&served);
    g_assert_cmpuint(exchange(client, 1).origin, ==, 1);
}

static bool
has_ipv6(void)
{
    VtNtpAddress loopback = parse("::1");
    g_auto(VtFd) fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return fd >= 0 &&
           bind(fd, (const struct sockaddr *)&loopback.socket_address, loopback.n_bytes) == 0;
}

#define add(path, listen, function) \
    g_test_add("/hostd/ntp-server/" path, Fixture, listen, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("client-is-told-the-time", "127.0.0.1", test_client_is_told_the_time);
    if (has_ipv6())
        add("client-is-told-the-time-over-ipv6", "::1", test_client_is_told_the_time);
    add("every-length-is-answered-by-48-bytes-or-not-at-all", "127.0.0.1",
        test_every_length_is_answered_by_48_bytes_or_not_at_all);
    add("only-clients-of-known-versions-are-answered", "127.0.0.1",
        test_only_clients_of_known_versions_are_answered);
    add("more-than-a-batch-is-answered", "127.0.0.1", test_more_than_a_batch_is_answered);
    add("new-state-is-told-from-the-next-request-on", "127.0.0.1",
        test_new_state_is_told_from_the_next_request_on);
    add("reply-comes-from-the-address-asked", "0.0.0.0",
        test_reply_comes_from_the_address_asked);
    add("broadcast-is-not-answered", "0.0.0.0", test_broadcast_is_not_answered);
    add("new-policy-holds-from-the-next-request-on", "127.0.0.1",
        test_new_policy_holds_from_the_next_request_on);
    add("interleaved-client-is-told-when-the-last-reply-left", "127.0.0.1",
        test_interleaved_client_is_told_when_the_last_reply_left);
    if (has_ipv6())
        add("interleaved-client-is-told-over-ipv6", "::1",
            test_interleaved_client_is_told_when_the_last_reply_left);
    add("clients-are-remembered", "127.0.0.1", test_clients_are_remembered);
    add("socket-of-an-interface-is-that-interfaces-alone", "127.0.0.1",
        test_socket_of_an_interface_is_that_interfaces_alone);
    add("taken-address-leaves-the-others-served", "127.0.0.1",
        test_taken_address_leaves_the_others_served);
    return g_test_run();
}
