/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's NTP client and hostd's NTP server over loopback: what one says the other believes. */
#include "agent/providers/ntp.h"
#include "hostd/ntp-server.h"

/* Only ends a test that would wait for ever. */
#define TIMEOUT_SEC 10

typedef struct {
    VtClock *clock;
    VtNtpServer *server;
    VtProvider provider;
    bool has_result;
    bool has_reading;
    VtReading reading;
} Fixture;

static void
on_reading(const VtReading *reading, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->has_result = true;
    fixture->has_reading = reading != NULL;
    if (reading != NULL)
        fixture->reading = *reading;
}

static void
on_kiss(VtNtpKiss kiss, void *user_data)
{
    (void)kiss;
    (void)user_data;
    g_assert_not_reached();
}

static const VtProviderNtpListener listener = { on_reading, on_kiss };

static void
set_up(Fixture *fixture, gconstpointer data)
{
    VtNtpServerPlace place = { .fd = VT_FD_NONE };
    VtNtpPolicy *policy = vt_ntp_policy_new();
    int error_number;
    (void)data; /* no parameters */

    fixture->clock = vt_clock_new_system();
    g_assert_true(vt_ntp_address_parse("127.0.0.1", 0, &place.place.address, NULL));
    g_assert_true(vt_ntp_access_add(policy->access, "127.0.0.1", true, NULL));
    fixture->server = vt_ntp_server_new(&place, 1, policy, fixture->clock);
    place.place = vt_ntp_server_get_place(fixture->server, 0, &error_number);
    g_assert_cmpint(error_number, ==, 0);
    VtProviderNtpParams params = { .is_local = true };
    g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string(
        "127.0.0.1", vt_ntp_address_get_port(&place.place.address));
    fixture->provider = vt_provider_ntp_new(&params, fixture->clock, &listener, fixture);
    vt_provider_ntp_set_address(&fixture->provider, address);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_provider_clear(&fixture->provider);
    vt_ntp_server_free(fixture->server);
    vt_clock_free(fixture->clock);
}

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

/* False when the machine was so busy that the reply came after the time limit. */
static bool
measure(Fixture *fixture)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);

    fixture->has_result = false;
    vt_provider_begin(&fixture->provider);
    while (!fixture->has_result && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_true(fixture->has_result);
    return fixture->has_reading;
}

static void
measure_in_the_end(Fixture *fixture)
{
    for (int i = 0; i < 10; i++) {
        if (measure(fixture))
            return;
    }
    g_assert_not_reached();
}

static void
test_one_clock_read_twice_is_the_same(Fixture *fixture, gconstpointer data)
{
    VtHostClock host = {
        .is_synchronised = true,
        .leap = VT_NTP_LEAP_INSERT,
        .stratum = 3,
        .precision_log2_sec = -24,
        .root_delay_ns = VT_NS_PER_MS,
        .root_dispersion_ns = 2 * VT_NS_PER_MS,
    };
    (void)data; /* no parameters */
    vt_ntp_server_set_host_clock(fixture->server, &host);

    measure_in_the_end(fixture);

    const VtReading *reading = &fixture->reading;
    g_assert_cmpint(vt_reading_check(reading), ==, VT_READING_OK);
    /* Both stamp with this machine's clock, so the order of the four is plain. */
    g_assert_cmpint(vt_wall_diff(reading->reference_received_at, reading->sent.wall), >=, -1);
    g_assert_cmpint(vt_wall_diff(reading->received.wall, reading->reference_sent_at), >=, -1);
    g_assert_true(reading->reference_synchronised);
    g_assert_cmpint(reading->leap, ==, VT_NTP_LEAP_INSERT);
    g_assert_cmpint(reading->stratum, ==, 3);
    g_assert_cmpint(reading->root_delay_ns, >=, VT_NS_PER_MS);
    g_assert_cmpint(reading->root_dispersion_ns, >=, 2 * VT_NS_PER_MS);
}

static void
test_unsynchronised_host_is_a_stopwatch(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    measure_in_the_end(fixture);

    g_assert_false(fixture->reading.reference_synchronised);
    g_assert_cmpint(vt_reading_check(&fixture->reading), ==, VT_READING_OK);
}

#define add(path, function) \
    g_test_add("/hostd/ntp-pair/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("one-clock-read-twice-is-the-same", test_one_clock_read_twice_is_the_same);
    add("unsynchronised-host-is-a-stopwatch", test_unsynchronised_host_is_a_stopwatch);
    return g_test_run();
}
