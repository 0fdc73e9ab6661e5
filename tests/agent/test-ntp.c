/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client against servers honest and hostile, over sockets of loopback. */
#include "agent/providers/ntp.h"
#include "tests/agent/fake-ntp.h"

/* Only ends a test that would wait for ever. */
#define TIMEOUT_SEC 5

#define KISS_RATE UINT32_C(0x52415445)
#define KISS_DENY UINT32_C(0x44454e59)
#define LOOPBACK  UINT32_C(0x7f000001)

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    FakeNtp server;
    VtClock *clock;
    VtProvider provider;
    unsigned n_results;
    unsigned n_readings;
    VtReading reading; /* the last */
    unsigned n_kisses[2];
} Fixture;

static void
on_reading(const VtReading *reading, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_results++;
    if (reading == NULL)
        return;
    fixture->n_readings++;
    fixture->reading = *reading;
}

static void
on_kiss(VtNtpKiss kiss, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_kisses[kiss]++;
}

static const VtProviderNtpListener listener = { on_reading, on_kiss };

static void
start(Fixture *fixture, const char *host, bool is_local)
{
    VtProviderNtpParams params = {
        .host = host,
        .port = fixture->server.port,
        .is_local = is_local,
    };
    fixture->provider = vt_provider_ntp_new(&params, fixture->clock, &listener, fixture);
}

/* @is_local: a local server, whose silence costs 200 ms, not a second. */
static void
set_up(Fixture *fixture, gconstpointer is_local)
{
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->kernel.read_cost_ns = VT_NS_PER_US;
    fake_ntp_init(&fixture->server, &fixture->kernel);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    start(fixture, "127.0.0.1", is_local != NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer is_local)
{
    (void)is_local;
    vt_provider_clear(&fixture->provider);
    vt_clock_free(fixture->clock);
    fake_ntp_clear(&fixture->server);
}

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

static void
measure(Fixture *fixture)
{
    unsigned n_before = fixture->n_results;
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);

    vt_provider_begin(&fixture->provider);
    g_assert_cmpuint(fixture->n_results, ==, n_before);
    while (fixture->n_results == n_before && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_cmpuint(fixture->n_results, ==, n_before + 1);
}

static VtNs
get_offset(const Fixture *fixture)
{
    const VtReading *reading = &fixture->reading;
    return vt_wall_diff(reading->reference_sent_at, reading->received.wall);
}

static void
test_reads_the_server(Fixture *fixture, gconstpointer is_local)
{
    (void)is_local;
    fixture->server.ahead_ns = 5 * VT_NS_PER_SEC;
    fixture->server.leap = VT_NTP_LEAP_INSERT;

    measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 1);
    g_assert_cmpint(vt_reading_check(&fixture->reading), ==, VT_READING_OK);
    g_assert_cmpint(vt_ns_abs(get_offset(fixture) - 5 * VT_NS_PER_SEC), <, VT_NS_PER_MS);
    g_assert_true(fixture->reading.reference_synchronised);
    g_assert_cmpint(fixture->reading.leap, ==, VT_NTP_LEAP_INSERT);
    g_assert_cmpint(fixture->reading.stratum, ==, 2);
    g_assert_cmpuint(fixture->reading.n_to_step, ==, 4);
    g_assert_null(vt_provider_ntp_get_problem(&fixture->provider));
}

static void
test_request_tells_nothing_and_repeats_nothing(Fixture *fixture, gconstpointer is_local)
{
    (void)is_local;
    measure(fixture);
    VtNtpPacket first = fixture->server.request;
    uint16_t first_port = fixture->server.client_port;
    bool has_moved = false;

    for (int i = 0; i < 8; i++) {
        measure(fixture);
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
test_silence_is_no_reading(Fixture *fixture, gconstpointer is_local)
{
    (void)is_local;
    fixture->server.manner = FAKE_NTP_SILENT;

    measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 0);
    g_assert_cmpstr(vt_provider_ntp_get_problem(&fixture->provider), ==, "no answer");
    g_assert_cmpuint(vt_provider_ntp_get_counters(&fixture->provider).n_timeouts, ==, 1);
}

static void
test_hostile_replies_are_dropped(Fixture *fixture, gconstpointer is_local)
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
        measure(fixture);
        VtProviderNtpCounters counters = vt_provider_ntp_get_counters(&fixture->provider);
        g_assert_cmpuint(fixture->n_readings, ==, 0);
        g_assert_cmpuint(counters.n_timeouts, ==, i + 1);
        if (rows[i].check >= 0)
            g_assert_cmpuint(counters.n_by_check[rows[i].check], ==, 1);
    }
}

static void
test_forgery_does_not_keep_the_truth_out(Fixture *fixture, gconstpointer is_local)
{
    (void)is_local;
    fixture->server.manner = FAKE_NTP_FORGED_FIRST;

    measure(fixture);

    VtProviderNtpCounters counters = vt_provider_ntp_get_counters(&fixture->provider);
    g_assert_cmpuint(fixture->n_readings, ==, 1);
    g_assert_cmpint(vt_ns_abs(get_offset(fixture)), <, VT_NS_PER_MS);
    g_assert_cmpuint(counters.n_by_check[VT_NTP_CHECK_ORIGIN], ==, 2);
    g_assert_cmpuint(counters.n_kisses, ==, 0);
    g_assert_cmpuint(fixture->n_kisses[VT_NTP_KISS_REFUSED], ==, 0);
}

static void
test_replay_is_no_reading(Fixture *fixture, gconstpointer is_local)
{
    (void)is_local;
    measure(fixture);
    fixture->server.manner = FAKE_NTP_REPLAY_FIRST;
    fixture->server.ahead_ns = VT_NS_PER_SEC;

    measure(fixture);

    VtProviderNtpCounters counters = vt_provider_ntp_get_counters(&fixture->provider);
    g_assert_cmpuint(counters.n_by_check[VT_NTP_CHECK_ORIGIN], ==, 1);
    g_assert_cmpint(vt_ns_abs(get_offset(fixture) - VT_NS_PER_SEC), <, VT_NS_PER_MS);
}

static void
test_kiss_is_passed_on(Fixture *fixture, gconstpointer is_local)
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
        measure(fixture);
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
test_unsynchronised_network_server_is_of_no_use(Fixture *fixture, gconstpointer is_local)
{
    (void)is_local;
    make_unsynchronised(&fixture->server);

    measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 0);
    g_assert_cmpstr(vt_provider_ntp_get_problem(&fixture->provider), ==,
                    "the server is not synchronised");
}

static void
test_unsynchronised_local_server_is_a_stopwatch(Fixture *fixture, gconstpointer is_local)
{
    (void)is_local;
    make_unsynchronised(&fixture->server);

    measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 1);
    g_assert_false(fixture->reading.reference_synchronised);
}

static void
test_server_that_follows_us_is_of_no_use(Fixture *fixture, gconstpointer is_local)
{
    (void)is_local;
    fixture->server.reference_id = LOOPBACK;

    measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 0);
    g_assert_cmpuint(vt_provider_ntp_get_counters(&fixture->provider).n_loops, ==, 1);
}

static void
test_closed_port_fails_at_once(Fixture *fixture, gconstpointer is_local)
{
    (void)is_local;
    vt_fd_close(&fixture->server.fd);
    g_source_destroy(fixture->server.source);

    measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 0);
    g_assert_cmpstr(vt_provider_ntp_get_problem(&fixture->provider), ==, "Connection refused");
    g_assert_cmpuint(vt_provider_ntp_get_counters(&fixture->provider).n_timeouts, ==, 0);
}

static void
test_host_name_is_resolved(Fixture *fixture, gconstpointer is_local)
{
    vt_provider_clear(&fixture->provider);
    start(fixture, "localhost", is_local != NULL);
    g_assert_null(vt_provider_ntp_dup_address(&fixture->provider));

    /* Where localhost is ::1 first, that address refuses, and the other one is tried in time. */
    for (int i = 0; i < 5 && fixture->n_readings == 0; i++)
        measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 1);
    g_autofree char *address = vt_provider_ntp_dup_address(&fixture->provider);
    g_assert_true(g_str_has_prefix(address, "127.0.0.1:"));
}

static void
test_name_that_is_no_host_is_told(Fixture *fixture, gconstpointer is_local)
{
    vt_provider_clear(&fixture->provider);
    /* Refused before anybody on a network is asked. */
    start(fixture, "not a host", is_local != NULL);

    measure(fixture);

    g_assert_cmpuint(fixture->n_readings, ==, 0);
    g_assert_nonnull(vt_provider_ntp_get_problem(&fixture->provider));
}

static void
test_clearing_in_the_midst_is_harmless(Fixture *fixture, gconstpointer is_local)
{
    vt_provider_begin(&fixture->provider);
    vt_provider_begin(&fixture->provider);
    vt_provider_clear(&fixture->provider);
    start(fixture, "localhost", is_local != NULL);
    vt_provider_begin(&fixture->provider);
    vt_provider_clear(&fixture->provider);

    for (int i = 0; i < 20; i++)
        g_main_context_iteration(NULL, FALSE);

    g_assert_cmpuint(fixture->n_results, ==, 0);
}

#define add(path, is_local, function) \
    g_test_add("/agent/ntp/" path, Fixture, is_local, set_up, function, tear_down)
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
    add("host-name-is-resolved", NETWORK, test_host_name_is_resolved);
    add("name-that-is-no-host-is-told", NETWORK, test_name_that_is_no_host_is_told);
    add("clearing-in-the-midst-is-harmless", NETWORK, test_clearing_in_the_midst_is_harmless);
    return g_test_run();
}
