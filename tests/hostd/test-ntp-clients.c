/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-clients.h"

#define SEED        UINT64_C(0x0123456789abcdef)
#define N_SPOOFED   100000
#define NO_LEAK     1 /* a number that lets nothing through beyond the limit */
#define MOST_BYTES  (8 << 20)
#define V6_NETWORK  UINT64_C(0x20010db800000000)
#define N_INTERVALS 1000

static const VtNtpLimit limit = { .interval_ns = VT_NS_PER_SEC, .burst = 8 };

static VtNtpPeer
peer_v4(uint32_t number)
{
    uint32_t bytes = GUINT32_TO_BE(UINT32_C(0x0a000000) + number);
    return (VtNtpPeer){
        .address = vt_ntp_peer_address_from_v4((const uint8_t *)&bytes),
        .interface_index = 1,
    };
}

/* Asks once at @now; returns whether it may be answered. */
static bool
ask(VtNtpClients *clients, const VtNtpPeer *peer, VtNs now_ns)
{
    VtNtpClient client;
    VtMono now = { .ns = now_ns };
    size_t index = vt_ntp_clients_find(clients, peer, now, &client);
    bool is_admitted = vt_ntp_client_admit(&client, &limit, now, NO_LEAK);
    vt_ntp_clients_store(clients, index, &client);
    return is_admitted;
}

static void
test_burst_passes_and_then_one_for_each_interval(void)
{
    g_autoptr(VtNtpClients) clients = vt_ntp_clients_new(SEED);
    VtNtpPeer peer = peer_v4(1);
    unsigned n_passed = 0;

    for (unsigned i = 0; i < 20; i++)
        n_passed += ask(clients, &peer, VT_NS_PER_SEC + i);
    g_assert_cmpuint(n_passed, ==, limit.burst);

    for (unsigned i = 2; i < 10; i++)
        g_assert_true(ask(clients, &peer, i * VT_NS_PER_SEC));
    g_assert_false(ask(clients, &peer, 9 * VT_NS_PER_SEC + 1));

    /* Long silence fills the bucket, and no more than that. */
    n_passed = 0;
    for (unsigned i = 0; i < 20; i++)
        n_passed += ask(clients, &peer, 1000 * VT_NS_PER_SEC + i);
    g_assert_cmpuint(n_passed, ==, limit.burst);
}

static void
test_one_in_four_beyond_the_limit_is_answered(void)
{
    VtNtpClient client = { .credit_ns = 0 };
    unsigned n_passed = 0;

    for (uint64_t random = 0; random < 1000; random++)
        n_passed += vt_ntp_client_admit(&client, &limit, (VtMono){ 0 }, random);

    g_assert_cmpuint(n_passed, ==, 250);
    g_assert_cmpuint(client.n_requests, ==, 1000);
    g_assert_cmpuint(client.n_refused, ==, 750);
}

static void
test_interval_0_is_no_limit(void)
{
    VtNtpLimit none = { .interval_ns = 0, .burst = 1 };
    VtNtpClient client = { .credit_ns = VT_NS_MAX };
    for (unsigned i = 0; i < 1000; i++)
        g_assert_true(vt_ntp_client_admit(&client, &none, (VtMono){ 0 }, NO_LEAK));
}

static void
test_one_client_does_not_use_up_another(void)
{
    g_autoptr(VtNtpClients) clients = vt_ntp_clients_new(SEED);
    VtNtpPeer greedy = peer_v4(1);
    VtNtpPeer modest = peer_v4(2);
    VtNtpPeer same_elsewhere = peer_v4(1);
    same_elsewhere.interface_index = 2;

    for (unsigned i = 0; i < 100; i++)
        (void)ask(clients, &greedy, VT_NS_PER_SEC);

    g_assert_false(ask(clients, &greedy, VT_NS_PER_SEC));
    g_assert_true(ask(clients, &modest, VT_NS_PER_SEC));
    g_assert_true(ask(clients, &same_elsewhere, VT_NS_PER_SEC));
}

static void
test_addresses_of_one_v6_network_are_one_client(void)
{
    g_autoptr(VtNtpClients) clients = vt_ntp_clients_new(SEED);
    VtNtpClient copies[4];
    for (uint64_t i = 0; i < 100; i++) {
        VtNtpPeer peer = { .address = { .high = V6_NETWORK, .low = i << 32 | 1 } };
        (void)ask(clients, &peer, VT_NS_PER_SEC);
    }
    g_assert_cmpuint(vt_ntp_clients_copy(clients, copies, 4), ==, 1);
    g_assert_cmpuint(copies[0].n_requests, ==, 100);
}

static void
test_interval_is_smoothed(void)
{
    g_autoptr(VtNtpClients) clients = vt_ntp_clients_new(SEED);
    VtNtpPeer peer = peer_v4(1);
    VtNtpClient copy;
    for (int64_t i = 1; i <= N_INTERVALS; i++)
        (void)ask(clients, &peer, i * 16 * VT_NS_PER_SEC);

    g_assert_cmpuint(vt_ntp_clients_copy(clients, &copy, 1), ==, 1);
    g_assert_cmpint(copy.gap_ns, ==, 16 * VT_NS_PER_SEC);
    g_assert_cmpint(copy.first_at.ns, ==, 16 * VT_NS_PER_SEC);
    g_assert_cmpint(copy.last_at.ns, ==, N_INTERVALS * 16 * VT_NS_PER_SEC);
}

/* A flood from a hundred thousand addresses leaves who asks now and then in the table, and the
 * table as it was. */
static void
test_flood_of_addresses_does_not_grow_the_table(void)
{
    g_autoptr(VtNtpClients) clients = vt_ntp_clients_new(SEED);
    g_autofree VtNtpClient *copies = g_new(VtNtpClient, VT_NTP_CLIENTS_MOST + 1);
    VtNtpPeer good = peer_v4(0);
    VtNs now_ns = 0;
    bool is_remembered = false;

    for (uint32_t i = 1; i <= N_SPOOFED; i++) {
        VtNtpPeer peer = peer_v4(i);
        now_ns += VT_NS_PER_US;
        (void)ask(clients, &peer, now_ns);
        if (i % 100 == 0)
            (void)ask(clients, &good, now_ns);
    }

    size_t n_copied = vt_ntp_clients_copy(clients, copies, VT_NTP_CLIENTS_MOST + 1);
    g_assert_cmpuint(n_copied, <=, VT_NTP_CLIENTS_MOST);
    g_assert_cmpuint(n_copied, >, VT_NTP_CLIENTS_MOST / 2);
    for (size_t i = 0; i < n_copied; i++)
        is_remembered |= copies[i].address.low == good.address.low &&
                         copies[i].n_requests == N_SPOOFED / 100;
    g_assert_true(is_remembered);
    g_assert_cmpuint(VT_NTP_CLIENTS_MOST * (sizeof(VtNtpClient) + 16), <=, MOST_BYTES);
}

static void *
copy_often(void *data)
{
    VtNtpClients *clients = data;
    VtNtpClient copies[2];
    for (unsigned i = 0; i < 200; i++) {
        size_t n_copied = vt_ntp_clients_copy(clients, copies, 2);
        /* The writer keeps these equal: half a record would show. */
        for (size_t j = 0; j < n_copied; j++)
            g_assert_cmpuint(copies[j].n_requests, ==, copies[j].transmit);
    }
    return NULL;
}

static void
test_copy_beside_a_writer_is_whole(void)
{
    g_autoptr(VtNtpClients) clients = vt_ntp_clients_new(SEED);
    VtNtpPeer peer = peer_v4(1);
    GThread *reader = g_thread_new("reader", copy_often, clients);
    VtNtpClient client;

    size_t index = vt_ntp_clients_find(clients, &peer, (VtMono){ 0 }, &client);
    for (uint64_t i = 0; i < 100000; i++) {
        client.n_requests = i;
        client.transmit = i;
        vt_ntp_clients_store(clients, index, &client);
    }
    g_thread_join(reader);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostd/ntp-clients/burst-passes-and-then-one-for-each-interval",
                    test_burst_passes_and_then_one_for_each_interval);
    g_test_add_func("/hostd/ntp-clients/one-in-four-beyond-the-limit-is-answered",
                    test_one_in_four_beyond_the_limit_is_answered);
    g_test_add_func("/hostd/ntp-clients/interval-0-is-no-limit", test_interval_0_is_no_limit);
    g_test_add_func("/hostd/ntp-clients/one-client-does-not-use-up-another",
                    test_one_client_does_not_use_up_another);
    g_test_add_func("/hostd/ntp-clients/addresses-of-one-v6-network-are-one-client",
                    test_addresses_of_one_v6_network_are_one_client);
    g_test_add_func("/hostd/ntp-clients/interval-is-smoothed", test_interval_is_smoothed);
    g_test_add_func("/hostd/ntp-clients/flood-of-addresses-does-not-grow-the-table",
                    test_flood_of_addresses_does_not_grow_the_table);
    g_test_add_func("/hostd/ntp-clients/copy-beside-a-writer-is-whole",
                    test_copy_beside_a_writer_is_whole);
    return g_test_run();
}
