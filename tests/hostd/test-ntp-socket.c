/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batches of one socket: whose replies they are, one datagram each, whichever way they leave. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "hostd/ntp-socket.h"

#define N_CLIENTS  2
#define TIMEOUT_MS 10000

typedef struct {
    VtFd server;
    VtFd clients[N_CLIENTS];
    VtNtpTurn *turn;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer listen)
{
    VtNtpPlace place = { .wants_card_stamps = false };
    int error_number = 0;

    g_assert_true(vt_ntp_address_parse(listen, 0, &place.address, NULL));
    fixture->server = vt_ntp_socket_open(&place, &error_number);
    g_assert_cmpint(error_number, ==, 0);
    VtNtpAddress address = vt_ntp_socket_get_address(fixture->server);
    for (size_t i = 0; i < N_CLIENTS; i++) {
        fixture->clients[i] =
            socket(address.socket_address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        g_assert_cmpint(connect(fixture->clients[i],
                                (const struct sockaddr *)&address.socket_address,
                                address.n_bytes),
                        ==, 0);
    }
    fixture->turn = vt_ntp_turn_new();
}

static void
tear_down(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    vt_ntp_turn_free(fixture->turn);
    vt_fd_close(&fixture->server);
    for (size_t i = 0; i < N_CLIENTS; i++)
        vt_fd_close(&fixture->clients[i]);
}

/* The number of the request is its content. */
static void
ask(Fixture *fixture, size_t client, uint8_t number)
{
    uint8_t bytes[VT_NTP_PACKET_BYTES] = { number };
    g_assert_cmpint(send(fixture->clients[client], bytes, sizeof bytes, 0), ==, sizeof bytes);
}

static void
receive_batch(Fixture *fixture, size_t n_requests)
{
    struct pollfd polled = { .fd = fixture->server, .events = POLLIN };
    g_assert_cmpint(poll(&polled, 1, TIMEOUT_MS), ==, 1);
    /* Over loopback what was sent is there. */
    g_assert_cmpuint(vt_ntp_turn_receive(fixture->turn, fixture->server), ==, n_requests);
}

static VtNtpDatagram *
answer(Fixture *fixture, size_t index, size_t n_bytes)
{
    VtNtpDatagram *datagram = vt_ntp_turn_get(fixture->turn, index);
    memset(datagram->reply, datagram->bytes[0], n_bytes);
    datagram->n_reply_bytes = n_bytes;
    return datagram;
}

static void
answer_all(Fixture *fixture)
{
    for (size_t i = 0; i < VT_NTP_SOCKET_BATCH; i++)
        (void)answer(fixture, i, VT_NTP_PACKET_BYTES);
}

static void
check_reply(Fixture *fixture, size_t client, uint8_t number, size_t n_bytes)
{
    uint8_t wanted[VT_NTP_REPLY_MOST_BYTES];
    uint8_t bytes[2048];
    struct pollfd polled = { .fd = fixture->clients[client], .events = POLLIN };

    memset(wanted, number, sizeof wanted);
    g_assert_cmpint(poll(&polled, 1, TIMEOUT_MS), ==, 1);
    ssize_t n_received = recv(fixture->clients[client], bytes, sizeof bytes, 0);
    g_assert_cmpmem(bytes, n_received, wanted, n_bytes);
}

static void
check_nothing(Fixture *fixture)
{
    uint8_t byte;
    for (size_t i = 0; i < N_CLIENTS; i++)
        g_assert_cmpint(recv(fixture->clients[i], &byte, 1, MSG_DONTWAIT), ==, -1);
}

static bool
is_bunch(Fixture *fixture)
{
    return vt_ntp_turn_is_bunch(fixture->turn, 0, VT_NTP_SOCKET_BATCH);
}

static size_t
send_all(Fixture *fixture)
{
    return vt_ntp_turn_send(fixture->turn, fixture->server, 0, VT_NTP_SOCKET_BATCH);
}

static void
test_one_clients_batch_is_as_many_datagrams(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    for (uint8_t i = 0; i < VT_NTP_SOCKET_BATCH; i++)
        ask(fixture, 0, i);
    receive_batch(fixture, VT_NTP_SOCKET_BATCH);
    answer_all(fixture);
    g_assert_true(is_bunch(fixture));

    g_assert_cmpuint(send_all(fixture), ==, VT_NTP_SOCKET_BATCH);

    for (uint8_t i = 0; i < VT_NTP_SOCKET_BATCH; i++)
        check_reply(fixture, 0, i, VT_NTP_PACKET_BYTES);
    check_nothing(fixture);
}

static void
test_each_client_gets_its_own(Fixture *fixture, gconstpointer listen)
{
    static const size_t whose[VT_NTP_SOCKET_BATCH] = { 0, 0, 1, 1, 1, 0, 1, 0 };
    (void)listen;
    for (uint8_t i = 0; i < VT_NTP_SOCKET_BATCH; i++)
        ask(fixture, whose[i], i);
    receive_batch(fixture, VT_NTP_SOCKET_BATCH);
    answer_all(fixture);
    g_assert_false(is_bunch(fixture));

    g_assert_cmpuint(send_all(fixture), ==, VT_NTP_SOCKET_BATCH);

    for (uint8_t i = 0; i < VT_NTP_SOCKET_BATCH; i++)
        check_reply(fixture, whose[i], i, VT_NTP_PACKET_BYTES);
    check_nothing(fixture);
}

static void
test_gaps_and_other_lengths_are_kept(Fixture *fixture, gconstpointer listen)
{
    (void)listen;
    for (uint8_t i = 0; i < VT_NTP_SOCKET_BATCH; i++)
        ask(fixture, 0, i);
    receive_batch(fixture, VT_NTP_SOCKET_BATCH);
    /* One in three with a code, one in four not answered, one stamped as it leaves. */
    for (size_t i = 0; i < VT_NTP_SOCKET_BATCH; i++) {
        if (i % 4 != 3)
            (void)answer(fixture, i,
                         i % 3 == 0 ? VT_NTP_REPLY_MOST_BYTES : VT_NTP_PACKET_BYTES);
    }
    vt_ntp_turn_get(fixture->turn, 5)->wants_sent_stamp = true;
    g_assert_false(is_bunch(fixture));

    g_assert_cmpuint(send_all(fixture), ==, VT_NTP_SOCKET_BATCH * 3 / 4);

    for (uint8_t i = 0; i < VT_NTP_SOCKET_BATCH; i++) {
        if (i % 4 != 3)
            check_reply(fixture, 0, i,
                        i % 3 == 0 ? VT_NTP_REPLY_MOST_BYTES : VT_NTP_PACKET_BYTES);
    }
    check_nothing(fixture);
}

/* The kernel cuts nothing for a socket that sends without check sums, as for some devices. */
static void
test_kernel_that_does_not_cut_is_given_one_by_one(Fixture *fixture, gconstpointer listen)
{
    int yes = 1;
    (void)listen;
    g_assert_cmpint(setsockopt(fixture->server, SOL_SOCKET, SO_NO_CHECK, &yes, sizeof yes), ==,
                    0);
    for (int turn = 0; turn < 2; turn++) {
        for (uint8_t i = 0; i < VT_NTP_SOCKET_BATCH; i++)
            ask(fixture, 0, i);
        receive_batch(fixture, VT_NTP_SOCKET_BATCH);
        answer_all(fixture);
        g_assert_true(is_bunch(fixture) == (turn == 0));

        g_assert_cmpuint(send_all(fixture), ==, VT_NTP_SOCKET_BATCH);

        for (uint8_t i = 0; i < VT_NTP_SOCKET_BATCH; i++)
            check_reply(fixture, 0, i, VT_NTP_PACKET_BYTES);
        check_nothing(fixture);
    }
}

#define add(path, listen, function) \
    g_test_add("/hostd/ntp-socket/" path, Fixture, listen, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("v4/one-clients-batch-is-as-many-datagrams", "127.0.0.1",
        test_one_clients_batch_is_as_many_datagrams);
    add("v6/one-clients-batch-is-as-many-datagrams", "::1",
        test_one_clients_batch_is_as_many_datagrams);
    add("each-client-gets-its-own", "127.0.0.1", test_each_client_gets_its_own);
    add("gaps-and-other-lengths-are-kept", "127.0.0.1", test_gaps_and_other_lengths_are_kept);
    add("v4/kernel-that-does-not-cut-is-given-one-by-one", "127.0.0.1",
        test_kernel_that_does_not_cut_is_given_one_by_one);
    return g_test_run();
}
