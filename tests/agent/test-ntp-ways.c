/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other ways of asking a server: interleaved, with a key, at another address. */
#include <linux/net_tstamp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/agent/asked-server.h"

static VtNs
get_held(const AskedServer *fixture)
{
    return vt_wall_diff(fixture->reading.reference_sent_at,
                        fixture->reading.reference_received_at);
}

static void
test_interleaved_reply_is_read_at_once(AskedServer *fixture, gconstpointer is_local)
{
    (void)is_local;
    fixture->server.is_interleaving = true;
    fixture->server.held_ns = 40 * VT_NS_PER_US;
    fixture->kernel.read_cost_ns = 100 * VT_NS_PER_US; /* longer than it is held */

    asked_server_measure(fixture);
    g_assert_false(vt_provider_ntp_get_facts(&fixture->provider).is_interleaved);
    for (int i = 1; i <= 5; i++) {
        asked_server_measure(fixture);
        g_assert_true(vt_provider_ntp_get_facts(&fixture->provider).is_interleaved);
        g_assert_cmpuint(fixture->n_readings, ==, 1 + i);
        /* How long the last one was held is known only now; this one is not a poll old. */
        g_assert_cmpint(vt_ns_abs(get_held(fixture) - 40 * VT_NS_PER_US), <=, 2);
        g_assert_cmpint(vt_ns_abs(asked_server_get_offset(fixture)), <, VT_NS_PER_MS);
    }

    /* The reply after one that was lost is an ordinary one, or tells of the one before. */
    fixture->server.is_interleaving = false;
    asked_server_measure(fixture);
    g_assert_false(vt_provider_ntp_get_facts(&fixture->provider).is_interleaved);
    g_assert_cmpuint(fixture->n_readings, ==, 7);
}

/* The bits beyond the precision are drawn by lot, which is a microsecond here. */
static void
test_reply_may_seem_to_leave_before_the_request_came(AskedServer *fixture,
                                                     gconstpointer is_local)
{
    (void)is_local;
    fixture->server.is_interleaving = true;
    fixture->server.held_ns = -500;

    for (int i = 0; i < 5; i++) {
        asked_server_measure(fixture);
        g_assert_cmpuint(fixture->n_readings, ==, 1 + i);
        g_assert_cmpint(get_held(fixture), >=, 0);
        g_assert_cmpint(get_held(fixture), <=, 2);
    }
    g_assert_true(vt_provider_ntp_get_facts(&fixture->provider).is_interleaved);
}

/* The same without interleaving. */
static void
test_reply_out_of_order_by_its_precision_is_read(AskedServer *fixture, gconstpointer is_local)
{
    (void)is_local;
    fixture->server.manner = FAKE_NTP_FUZZY;

    asked_server_measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 1);
    g_assert_cmpint(get_held(fixture), ==, 0);
}

static VtNtpKeys *
make_keys(void)
{
    g_autoptr(GError) error = NULL;
    VtNtpKeys *keys = vt_ntp_keys_parse("1 AES128 HEX:000102030405060708090a0b0c0d0e0f\n"
                                        "2 AES128 HEX:ff0102030405060708090a0b0c0d0e0f\n",
                                        "keys", &error);
    g_assert_no_error(error);
    return keys;
}

/* The provider again, with that key. */
static void
start_with_key(AskedServer *fixture, const VtNtpKeys *keys, uint32_t key_id, bool is_local)
{
    VtProviderNtpParams params = { .is_local = is_local, .keys = keys, .key_id = key_id };
    vt_provider_clear(&fixture->provider);
    asked_server_start(fixture, &params);
    fixture->server.keys = keys;
}

static void
test_signed_reply_is_read(AskedServer *fixture, gconstpointer is_local)
{
    g_autoptr(VtNtpKeys) keys = make_keys();
    start_with_key(fixture, keys, 1, is_local != NULL);
    fixture->server.is_interleaving = true;

    asked_server_measure(fixture);
    asked_server_measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 2);
    g_assert_cmpuint(fixture->server.n_request_bytes, ==, 68);
    g_assert_true(vt_provider_ntp_get_facts(&fixture->provider).is_authenticated);
    vt_provider_clear(&fixture->provider);
}

static void
test_reply_that_is_not_signed_is_dropped(AskedServer *fixture, gconstpointer is_local)
{
    static const struct {
        FakeNtpManner manner;
        uint32_t key_id; /* the server signs with 1 */
    } rows[] = {
        { FAKE_NTP_UNSIGNED, 1 },
        { FAKE_NTP_WRONG_CODE, 1 },
        { FAKE_NTP_HONEST, 2 },
    };
    g_autoptr(VtNtpKeys) keys = make_keys();

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        start_with_key(fixture, keys, rows[i].key_id, is_local != NULL);
        fixture->server.manner = rows[i].manner;
        asked_server_measure(fixture);
        VtProviderNtpCounters counters = vt_provider_ntp_get_counters(&fixture->provider);
        g_assert_cmpuint(fixture->n_readings, ==, 0);
        g_assert_cmpuint(counters.n_by_check[VT_NTP_CHECK_CODE], ==, 1);
        g_assert_cmpuint(counters.n_timeouts, ==, 1);
    }
    vt_provider_clear(&fixture->provider);
}

#define MOST_FDS 256

/* How many sockets of this process ask for stamps. */
static unsigned
count_stamped_sockets(void)
{
    unsigned n_sockets = 0;
    for (int fd = 0; fd < MOST_FDS; fd++) {
        int flags = 0;
        socklen_t n_bytes = sizeof flags;
        n_sockets += getsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, &n_bytes) == 0 &&
                     (flags & SOF_TIMESTAMPING_RX_SOFTWARE) != 0;
    }
    return n_sockets;
}

/* The first reply that arrives while the kernel begins to stamp would wait for that. */
static void
test_stamps_are_held_between_exchanges(AskedServer *fixture, gconstpointer is_local)
{
    unsigned n_expected = is_local != NULL ? 1 : 0;
    g_assert_cmpuint(count_stamped_sockets(), ==, n_expected);

    asked_server_measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 1);
    g_assert_cmpuint(count_stamped_sockets(), ==, n_expected);
}

static void
test_another_address_is_another_server(AskedServer *fixture, gconstpointer is_local)
{
    FakeNtp other;
    (void)is_local;
    fake_ntp_init_at(&other, &fixture->kernel, 2, 0);
    g_autoptr(GSocketAddress) address =
        g_inet_socket_address_new_from_string("127.0.0.2", other.port);
    asked_server_measure(fixture);

    vt_provider_ntp_set_address(&fixture->provider, address);
    asked_server_measure(fixture);

    g_assert_cmpuint(other.n_requests, ==, 1);
    g_assert_cmpuint(fixture->server.n_requests, ==, 1);
    g_assert_cmpuint(vt_provider_ntp_get_facts(&fixture->provider).n_sent, ==, 1);
    g_assert_cmpuint(other.request.origin, ==, 0); /* nothing that the first one said */
    fake_ntp_clear(&other);
}

#define add(path, is_local, function)                                                         \
    g_test_add("/agent/ntp-ways/" path, AskedServer, is_local, asked_server_set_up, function, \
               asked_server_tear_down)
#define LOCAL   "local"
#define NETWORK NULL

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("interleaved-reply-is-read-at-once", NETWORK, test_interleaved_reply_is_read_at_once);
    add("reply-may-seem-to-leave-before-the-request-came", LOCAL,
        test_reply_may_seem_to_leave_before_the_request_came);
    add("reply-out-of-order-by-its-precision-is-read", NETWORK,
        test_reply_out_of_order_by_its_precision_is_read);
    add("signed-reply-is-read", NETWORK, test_signed_reply_is_read);
    add("reply-that-is-not-signed-is-dropped", LOCAL, test_reply_that_is_not_signed_is_dropped);
    add("stamps-are-held-where-exchanges-follow-each-other", LOCAL,
        test_stamps_are_held_between_exchanges);
    add("stamps-are-not-held-for-a-seldom-one", NETWORK,
        test_stamps_are_held_between_exchanges);
    add("another-address-is-another-server", LOCAL, test_another_address_is_another_server);
    return g_test_run();
}
