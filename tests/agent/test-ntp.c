/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client against servers honest and hostile, over sockets of loopback. */
#include "tests/agent/asked-server.h"

#define KISS_RATE UINT32_C(0x52415445)
#define KISS_DENY UINT32_C(0x44454e59)
#define LOOPBACK  UINT32_C(0x7f000001)

static void
test_reads_the_server(AskedServer *fixture, gconstpointer is_local)
{
    (void)is_local;
    fixture->server.ahead_ns = 5 * VT_NS_PER_SEC;
    fixture->server.leap = VT_NTP_LEAP_INSERT;

    asked_server_measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 1);
    g_assert_cmpint(vt_reading_check(&fixture->reading), ==, VT_READING_OK);
    g_assert_cmpint(vt_ns_abs(asked_server_get_offset(fixture) - 5 * VT_NS_PER_SEC), <,
                    VT_NS_PER_MS);
    g_assert_true(fixture->reading.reference_synchronised);
    g_assert_cmpint(fixture->reading.leap, ==, VT_NTP_LEAP_INSERT);
    g_assert_cmpint(fixture->reading.stratum, ==, 2);
    g_assert_cmpuint(fixture->reading.n_to_step, ==, 4);
    g_assert_null(vt_provider_ntp_get_problem(&fixture->provider));
}

static void
test_request_tells_nothing_and_repeats_nothing(AskedServer *fixture, gconstpointer is_local)
{
    (void)is_local;
    asked_server_measure(fixture);
    VtNtpPacket first = fixture->server.request;
    uint16_t first_port = fixture->server.client_port;
    bool has_moved = false;

    for (int i = 0; i < 8; i++) {
        asked_server_measure(fixture);
        has_moved |= fixture->server.client_port != first_port;
        g_assert_cmpuint(fixture->server.request.transmit, !=, first.transmit);
    }

    g_assert_true(has_moved);
    g_assert_cmpint(first.mode, ==, VT_NTP_MODE_CLIENT);
    g_assert_cmpint(first.version, ==, VT_NTP_VERSION);
    g_assert_cmpuint(first.origin, ==, 0);
    g_assert_cmpuint(first.receive, ==, 0);
    g_assert_cmpuint(first.reference, ==, 0);
    g_assert_cmpuint(first.reference_id, ==, 0);
    /* Nor is the transmit stamp the clock: it is farther off than any clock would be. */
    VtNtpStamp now = vt_ntp_stamp_from_wall(fixture->kernel.wall);
    g_assert_cmpuint(first.transmit >> 32, !=, now >> 32);
}

static void
test_silence_is_no_reading(AskedServer *fixture, gconstpointer is_local)
{
    (void)is_local;
    fixture->server.manner = FAKE_NTP_SILENT;

    asked_server_measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 0);
    g_assert_cmpstr(vt_provider_ntp_get_problem(&fixture->provider), ==, "no answer");
    g_assert_cmpuint(vt_provider_ntp_get_counters(&fixture->provider).n_timeouts, ==, 1);
}

static void
test_hostile_replies_are_dropped(AskedServer *fixture, gconstpointer is_local)
{
    static const struct {
        FakeNtpManner manner;
        int check; /* that counts it; -1: it never gets so far */
    } rows[] = {
        { FAKE_NTP_WRONG_ORIGIN, VT_NTP_CHECK_ORIGIN },
        { FAKE_NTP_SHORT, VT_NTP_CHECK_SHORT },
        { FAKE_NTP_OTHER_PORT, -1 },
    };
    (void)is_local;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        fixture->server.manner = rows[i].manner;
        asked_server_measure(fixture);
        VtProviderNtpCounters counters = vt_provider_ntp_get_counters(&fixture->provider);
        g_assert_cmpuint(fixture->n_readings, ==, 0);
        g_assert_cmpuint(counters.n_timeouts, ==, i + 1);
        if (rows[i].check >= 0)
            g_assert_cmpuint(counters.n_by_check[rows[i].check], ==, 1);
    }
}

static void
test_forgery_does_not_keep_the_truth_out(AskedServer *fixture, gconstpointer is_local)
{
    (void)is_local;
    fixture->server.manner = FAKE_NTP_FORGED_FIRST;

    asked_server_measure(fixture);

    VtProviderNtpCounters counters = vt_provider_ntp_get_counters(&fixture->provider);
    g_assert_cmpuint(fixture->n_readings, ==, 1);
    g_assert_cmpint(vt_ns_abs(asked_server_get_offset(fixture)), <, VT_NS_PER_MS);
    g_assert_cmpuint(counters.n_by_check[VT_NTP_CHECK_ORIGIN], ==, 2);
    g_assert_cmpuint(counters.n_kisses, ==, 0);
    g_assert_cmpuint(fixture->n_kisses[VT_NTP_KISS_REFUSED], ==, 0);
}

static void
test_replay_is_no_reading(AskedServer *fixture, gconstpointer is_local)
{
    (void)is_local;
    asked_server_measure(fixture);
    fixture->server.manner = FAKE_NTP_REPLAY_FIRST;
    fixture->server.ahead_ns = VT_NS_PER_SEC;

    asked_server_measure(fixture);

    VtProviderNtpCounters counters = vt_provider_ntp_get_counters(&fixture->provider);
    g_assert_cmpuint(counters.n_by_check[VT_NTP_CHECK_ORIGIN], ==, 1);
    g_assert_cmpint(vt_ns_abs(asked_server_get_offset(fixture) - VT_NS_PER_SEC), <,
                    VT_NS_PER_MS);
}

static void
test_kiss_is_passed_on(AskedServer *fixture, gconstpointer is_local)
{
    static const struct {
        uint32_t code;
        unsigned n_slower;
        unsigned n_refused;
    } rows[] = {
        { KISS_RATE, 1, 0 },
        { KISS_DENY, 1, 1 },
        { 0x494e4954 /* INIT */, 1, 1 },
    };
    (void)is_local;
    fixture->server.manner = FAKE_NTP_KISS;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        fixture->server.reference_id = rows[i].code;
        asked_server_measure(fixture);
        g_assert_cmpuint(fixture->n_readings, ==, 0);
        g_assert_cmpuint(fixture->n_kisses[VT_NTP_KISS_SLOWER], ==, rows[i].n_slower);
        g_assert_cmpuint(fixture->n_kisses[VT_NTP_KISS_REFUSED], ==, rows[i].n_refused);
        g_assert_nonnull(vt_provider_ntp_get_problem(&fixture->provider));
    }
}

/* What hostd says of a host that is not synchronised. */
static void
make_unsynchronised(FakeNtp *server)
{
    server->leap = VT_NTP_LEAP_UNSYNCHRONISED;
    server->stratum = 0;
    server->reference_id = 0;
}

static void
test_unsynchronised_network_server_is_of_no_use(AskedServer *fixture, gconstpointer is_local)
{
    (void)is_local;
    make_unsynchronised(&fixture->server);

    asked_server_measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 0);
    g_assert_cmpstr(vt_provider_ntp_get_problem(&fixture->provider), ==,
                    "the server is not synchronised");
}

static void
test_unsynchronised_local_server_is_a_stopwatch(AskedServer *fixture, gconstpointer is_local)
{
    (void)is_local;
    make_unsynchronised(&fixture->server);

    asked_server_measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 1);
    g_assert_false(fixture->reading.reference_synchronised);
}

static void
test_server_that_follows_us_is_of_no_use(AskedServer *fixture, gconstpointer is_local)
{
    (void)is_local;
    fixture->server.reference_id = LOOPBACK;

    asked_server_measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 0);
    g_assert_cmpuint(vt_provider_ntp_get_counters(&fixture->provider).n_loops, ==, 1);
}

static void
test_closed_port_fails_at_once(AskedServer *fixture, gconstpointer is_local)
{
    (void)is_local;
    vt_fd_close(&fixture->server.fd);
    g_source_destroy(fixture->server.source);

    asked_server_measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 0);
    g_assert_cmpstr(vt_provider_ntp_get_problem(&fixture->provider), ==, "Connection refused");
    g_assert_cmpuint(vt_provider_ntp_get_counters(&fixture->provider).n_timeouts, ==, 0);
}

static void
test_flawed_answer_is_no_reading(AskedServer *fixture, gconstpointer is_local)
{
    static const struct {
        FakeNtpManner manner;
        const char *tests;
        const char *problem;
    } rows[] = {
        { FAKE_NTP_TIMELESS, "110 111 1111", "the answer lacks its times" },
        { FAKE_NTP_FAR, "111 110 1111", "the server is too far from true time" },
        { FAKE_NTP_BACKWARD, "111 111 1011", "the answer's times are out of order" },
        { FAKE_NTP_SET_LATER, "111 111 1101", "the server was set after it was asked" },
    };
    (void)is_local;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        fixture->server.manner = rows[i].manner;
        asked_server_measure(fixture);
        VtNtpFacts facts = vt_provider_ntp_get_facts(&fixture->provider);
        g_autofree char *tests = vt_ntp_facts_format_tests(&facts);
        g_assert_cmpuint(fixture->n_readings, ==, 0);
        g_assert_cmpstr(tests, ==, rows[i].tests);
        g_assert_cmpstr(vt_provider_ntp_get_problem(&fixture->provider), ==, rows[i].problem);
    }
}

static void
test_frozen_clock_is_no_reading(AskedServer *fixture, gconstpointer is_local)
{
    (void)is_local;
    asked_server_measure(fixture);
    fixture->server.manner = FAKE_NTP_FROZEN;

    asked_server_measure(fixture);

    VtNtpFacts facts = vt_provider_ntp_get_facts(&fixture->provider);
    g_autofree char *tests = vt_ntp_facts_format_tests(&facts);
    g_assert_cmpuint(fixture->n_readings, ==, 1);
    g_assert_cmpstr(tests, ==, "011 111 1111");
    g_assert_cmpuint(vt_provider_ntp_get_counters(&fixture->provider).n_repeated, ==, 1);
}

static void
test_clearing_in_the_midst_is_harmless(AskedServer *fixture, gconstpointer is_local)
{
    vt_provider_begin(&fixture->provider);
    vt_provider_begin(&fixture->provider);
    vt_provider_clear(&fixture->provider);
    VtProviderNtpParams params = { .is_local = is_local != NULL };
    asked_server_start(fixture, &params);
    vt_provider_begin(&fixture->provider);
    vt_provider_clear(&fixture->provider);

    for (int i = 0; i < 20; i++)
        g_main_context_iteration(NULL, FALSE);

    g_assert_cmpuint(fixture->n_results, ==, 0);
}

#define add(path, is_local, function)                                                    \
    g_test_add("/agent/ntp/" path, AskedServer, is_local, asked_server_set_up, function, \
               asked_server_tear_down)
#define LOCAL   "local"
#define NETWORK NULL

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("reads-the-server", NETWORK, test_reads_the_server);
    add("request-tells-nothing-and-repeats-nothing", NETWORK,
        test_request_tells_nothing_and_repeats_nothing);
    add("silence-is-no-reading", LOCAL, test_silence_is_no_reading);
    add("hostile-replies-are-dropped", LOCAL, test_hostile_replies_are_dropped);
    add("forgery-does-not-keep-the-truth-out", NETWORK,
        test_forgery_does_not_keep_the_truth_out);
    add("replay-is-no-reading", NETWORK, test_replay_is_no_reading);
    add("kiss-is-passed-on", NETWORK, test_kiss_is_passed_on);
    add("unsynchronised-network-server-is-of-no-use", NETWORK,
        test_unsynchronised_network_server_is_of_no_use);
    add("unsynchronised-local-server-is-a-stopwatch", LOCAL,
        test_unsynchronised_local_server_is_a_stopwatch);
    add("server-that-follows-us-is-of-no-use", NETWORK,
        test_server_that_follows_us_is_of_no_use);
    add("closed-port-fails-at-once", NETWORK, test_closed_port_fails_at_once);
    add("flawed-answer-is-no-reading", NETWORK, test_flawed_answer_is_no_reading);
    add("frozen-clock-is-no-reading", NETWORK, test_frozen_clock_is_no_reading);
    add("clearing-in-the-midst-is-harmless", NETWORK, test_clearing_in_the_midst_is_harmless);
    return g_test_run();
}
