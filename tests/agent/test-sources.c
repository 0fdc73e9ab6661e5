/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole agent with more than one clock to follow: the link, and a server of loopback. */
#include "agent/agent.h"
#include "tests/agent/fake-host.h"
#include "tests/agent/fake-ntp.h"

/* Only ends a test that would wait for ever. */
#define TIMEOUT_SEC 10

/* The fake kernel's time runs ahead of ours, so that nobody waits for a poll. */
#define PASS_EVERY_MS 2
#define PASS_NS       (40 * VT_NS_PER_MS)

#define KISS_RATE UINT32_C(0x52415445)

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    FakeHost host;
    FakeNtp server;
    VtServerConfig server_config;
    GPtrArray *servers;
    VtClock *clock;
    VtAgent *agent;
    guint pass_id;
} Fixture;

static gboolean
on_pass(gpointer user_data)
{
    Fixture *fixture = user_data;
    fake_kernel_pass(&fixture->kernel, PASS_NS);
    return G_SOURCE_CONTINUE;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->kernel.read_cost_ns = VT_NS_PER_US;
    fake_host_init(&fixture->host, &fixture->kernel);
    fake_ntp_init(&fixture->server, &fixture->kernel);
    fixture->server_config = (VtServerConfig){
        .name = g_strdup("office"),
        .address = g_strdup("127.0.0.1"),
        .port = fixture->server.port,
        .is_local = true,
    };
    fixture->servers = g_ptr_array_new();
    g_ptr_array_add(fixture->servers, &fixture->server_config);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->pass_id = g_timeout_add(PASS_EVERY_MS, on_pass, fixture);
}

static void
start(Fixture *fixture)
{
    VtAgentParams params = {
        .places = fake_host_get_places(&fixture->host),
        .tick_ns = 5 * VT_NS_PER_MS,
        .servers = fixture->servers,
    };
    fixture->agent = vt_agent_new(&params, fixture->clock);
}

/* There has never been a port. */
static void
start_without_link(Fixture *fixture)
{
    VtAgentParams params = {
        .places = { .sysfs_path = "/nonexistent", .device_path = "/nonexistent" },
        .tick_ns = 5 * VT_NS_PER_MS,
        .servers = fixture->servers,
    };
    fixture->agent = vt_agent_new(&params, fixture->clock);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_agent_free(fixture->agent);
    g_source_remove(fixture->pass_id);
    vt_clock_free(fixture->clock);
    g_ptr_array_unref(fixture->servers);
    g_free(fixture->server_config.name);
    g_free(fixture->server_config.address);
    fake_ntp_clear(&fixture->server);
    fake_host_clear(&fixture->host);
}

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

static bool
is_following(Fixture *fixture, const char *reference)
{
    VtAgentView view = vt_agent_look(fixture->agent);
    return view.synchronised && g_str_equal(view.reference, reference);
}

/* Synchronised with what is called @reference. */
static void
wait_until_following(Fixture *fixture, const char *reference)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (!has_timed_out && !is_following(fixture, reference))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_cmpstr(vt_agent_look(fixture->agent).reference, ==, reference);
    g_assert_true(vt_agent_look(fixture->agent).synchronised);
}

static void
wait_for(const unsigned *value, unsigned wanted)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (*value < wanted && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_cmpuint(*value, >=, wanted);
}

/* What the guest's clock is off by the server's. */
static VtNs
get_error(const Fixture *fixture)
{
    VtNs span_ns = vt_mono_diff(fixture->kernel.raw, fixture->server.raw_at_start);
    VtWall truth = vt_wall_add(true_wall, span_ns + fixture->server.ahead_ns);
    return vt_ns_abs(vt_wall_diff(truth, fixture->kernel.wall));
}

static GVariant *
get_source(Fixture *fixture, const char *name)
{
    g_autoptr(GVariant) sources = g_variant_ref_sink(vt_agent_get_sources(fixture->agent));
    for (size_t i = 0; i < g_variant_n_children(sources); i++) {
        g_autoptr(GVariant) source = g_variant_get_child_value(sources, i);
        const char *found = NULL;
        g_assert_true(g_variant_lookup(source, "name", "&s", &found));
        if (g_str_equal(found, name))
            return g_steal_pointer(&source);
    }
    g_assert_not_reached();
}

static bool
is_selected(Fixture *fixture, const char *name)
{
    g_autoptr(GVariant) source = get_source(fixture, name);
    gboolean selected = FALSE;
    g_assert_true(g_variant_lookup(source, "selected", "b", &selected));
    return selected;
}

static void
test_server_alone_sets_the_clock(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->server.ahead_ns = 30 * VT_NS_PER_SEC;

    start_without_link(fixture);
    wait_until_following(fixture, "office");

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 1);
    g_assert_cmpuint(fixture->server.n_requests, >=, 6);
    g_assert_cmpint(get_error(fixture), <, 5 * VT_NS_PER_MS);
    g_assert_true(vt_agent_look(fixture->agent).synchronised);
    g_assert_cmpint(fixture->kernel.status & STA_UNSYNC, ==, 0);
}

static void
test_unannounced_pause_is_found_by_the_server(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    start_without_link(fixture);
    wait_until_following(fixture, "office");

    fixture->server.ahead_ns = 60 * VT_NS_PER_SEC;
    wait_for(&fixture->kernel.n_steps, 1);
    wait_until_following(fixture, "office");

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 1);
    g_assert_cmpuint(vt_agent_look(fixture->agent).status.n_disruptions, ==, 1);
    g_assert_cmpint(get_error(fixture), <, 5 * VT_NS_PER_MS);
}

static void
test_link_is_followed_before_an_equal_server(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    start(fixture);

    wait_until_following(fixture, "link");
    wait_for(&fixture->server.n_requests, 5);

    g_assert_true(is_selected(fixture, "link"));
    g_assert_false(is_selected(fixture, "office"));
    g_assert_cmpstr(vt_agent_look(fixture->agent).reference, ==, "link");
}

static void
test_synchronised_server_is_followed_before_a_wrong_host(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->host.is_synchronised = false;
    fixture->host.ahead_ns = 3 * VT_NS_PER_SEC;

    start(fixture);
    wait_until_following(fixture, "office");

    g_assert_true(vt_agent_look(fixture->agent).synchronised);
    g_assert_cmpint(get_error(fixture), <, 5 * VT_NS_PER_MS);
}

/* Follows the server; the host is 3 s ahead and says that it is not synchronised. */
static void
follow_beside_a_wrong_host(Fixture *fixture)
{
    fixture->host.is_synchronised = false;
    fixture->host.ahead_ns = 3 * VT_NS_PER_SEC;
    start(fixture);
    wait_until_following(fixture, "office");
    unsigned n_requests = fixture->host.n_requests;
    wait_for(&fixture->host.n_requests, n_requests + 3);
}

static void
test_wrong_host_knows_how_long_the_guest_stood_still(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    follow_beside_a_wrong_host(fixture);
    unsigned n_steps = fixture->kernel.n_steps;

    /* A minute's pause, after which the server is silent: only the host is left. */
    fixture->server.manner = FAKE_NTP_SILENT;
    fixture->server.ahead_ns += 60 * VT_NS_PER_SEC;
    fixture->host.ahead_ns += 60 * VT_NS_PER_SEC;
    fixture->host.epoch += 1;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, 1);
    wait_for(&fixture->host.n_acks, 1);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, n_steps + 1);
    g_assert_cmpint(fixture->host.ack.action, ==, VT_LINK_ACTION_STEPPED);
    g_assert_cmpstr(fixture->host.ack.reference, ==, "link");
    g_assert_cmpint(vt_ns_abs(fixture->host.ack.offset_ns - 60 * VT_NS_PER_SEC), <,
                    100 * VT_NS_PER_MS);
    g_assert_cmpint(get_error(fixture), <, 100 * VT_NS_PER_MS);

    /* And the server has the last word again. */
    fixture->server.manner = FAKE_NTP_HONEST;
    wait_until_following(fixture, "office");
    g_assert_cmpuint(fixture->kernel.n_steps, ==, n_steps + 1);
}

static void
test_host_that_was_set_is_no_stopwatch(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    follow_beside_a_wrong_host(fixture);
    unsigned n_steps = fixture->kernel.n_steps;

    fixture->host.ahead_ns += 3600 * VT_NS_PER_SEC;
    fixture->host.epoch += 1;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_HOST_CLOCK_STEPPED, 1);
    wait_for(&fixture->host.n_acks, 1);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, n_steps);
    g_assert_cmpstr(fixture->host.ack.reference, ==, "office");
    g_assert_cmpint(get_error(fixture), <, 100 * VT_NS_PER_MS);
}

static void
test_server_takes_over_when_the_link_is_gone(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    start(fixture);
    wait_until_following(fixture, "link");
    wait_for(&fixture->server.n_requests, 2);

    fake_host_hang_up(&fixture->host);
    wait_until_following(fixture, "office");

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    g_assert_cmpuint(vt_agent_look(fixture->agent).status.n_disruptions, ==, 0);
}

static void
test_told_address_stands_in_for_the_link(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_ptr_array_set_size(fixture->servers, 0);
    fixture->host.n_addresses = 1;
    fixture->host.addresses[0] = (VtLinkAddress){
        .family = 4,
        .port = fixture->server.port,
        .address = { 127, 0, 0, 1 },
    };
    start(fixture);
    wait_until_following(fixture, "link");
    wait_for(&fixture->host.n_requests, 20);
    g_assert_cmpuint(fixture->server.n_requests, ==, 0);

    fake_host_hang_up(&fixture->host);
    wait_until_following(fixture, "host-ntp-1");

    g_assert_cmpuint(fixture->server.n_requests, >=, 1);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
}

static void
test_observing_agent_follows_and_moves_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->host.mode = VT_LINK_MODE_OBSERVE;
    fixture->server.ahead_ns = 30 * VT_NS_PER_SEC;
    fixture->host.ahead_ns = 30 * VT_NS_PER_SEC;

    start(fixture);
    wait_for(&fixture->server.n_requests, 10);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    g_assert_cmpuint(fixture->kernel.n_slews, ==, 0);
}

static void
iterate(int n_times)
{
    for (int i = 0; i < n_times; i++)
        g_main_context_iteration(NULL, TRUE);
}

static void
test_mode_off_asks_no_server(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->host.mode = VT_LINK_MODE_OFF;
    start(fixture);
    wait_for(&fixture->host.n_reports, 1);
    /* What was on its way when the host forbade it arrives. */
    iterate(50);
    unsigned n_requests = fixture->server.n_requests;

    iterate(50);

    g_assert_cmpuint(fixture->server.n_requests, ==, n_requests);
}

static void
test_kiss_is_shown_and_heeded(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->server.manner = FAKE_NTP_KISS;
    fixture->server.reference_id = KISS_RATE;

    start(fixture);
    wait_until_following(fixture, "link");
    wait_for(&fixture->server.n_requests, 3);

    g_autoptr(GVariant) source = get_source(fixture, "office");
    const char *problem = NULL;
    gboolean usable = TRUE;
    g_assert_true(g_variant_lookup(source, "problem", "&s", &problem));
    g_assert_true(g_variant_lookup(source, "usable", "b", &usable));
    g_assert_cmpstr(problem, ==, "the server asks for fewer requests");
    g_assert_false(usable);
}

static void
test_sources_have_every_documented_key(Fixture *fixture, gconstpointer data)
{
    static const char *const keys[] = {
        "name",         "kind",     "address",  "usable",           "selected",
        "offset-ns",    "delay-ns", "error-ns", "root-distance-ns", "stratum",
        "readings",     "failures", "problem",  "reachability",     "last-reading-age-ns",
        "synchronised",
    };
    (void)data; /* no parameters */
    start(fixture);
    wait_until_following(fixture, "link");

    g_autoptr(GVariant) source = get_source(fixture, "link");

    g_assert_cmpuint(g_variant_n_children(source), ==, G_N_ELEMENTS(keys));
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autoptr(GVariant) value = g_variant_lookup_value(source, keys[i], NULL);
        g_test_message("%s", keys[i]);
        g_assert_nonnull(value);
    }
}

#define add(path, function) \
    g_test_add("/agent/sources/" path, Fixture, NULL, set_up, function, tear_down)

/* What the agent tells its log is no line of the test's. */
static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    if ((level & G_LOG_LEVEL_WARNING) != 0)
        return g_log_writer_default(level, fields, n_fields, user_data);
    return G_LOG_WRITER_HANDLED;
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(write_log, NULL, NULL);
    add("server-alone-sets-the-clock", test_server_alone_sets_the_clock);
    add("unannounced-pause-is-found-by-the-server",
        test_unannounced_pause_is_found_by_the_server);
    add("link-is-followed-before-an-equal-server",
        test_link_is_followed_before_an_equal_server);
    add("synchronised-server-is-followed-before-a-wrong-host",
        test_synchronised_server_is_followed_before_a_wrong_host);
    add("wrong-host-knows-how-long-the-guest-stood-still",
        test_wrong_host_knows_how_long_the_guest_stood_still);
    add("host-that-was-set-is-no-stopwatch", test_host_that_was_set_is_no_stopwatch);
    add("server-takes-over-when-the-link-is-gone",
        test_server_takes_over_when_the_link_is_gone);
    add("told-address-stands-in-for-the-link", test_told_address_stands_in_for_the_link);
    add("observing-agent-follows-and-moves-nothing",
        test_observing_agent_follows_and_moves_nothing);
    add("mode-off-asks-no-server", test_mode_off_asks_no_server);
    add("kiss-is-shown-and-heeded", test_kiss_is_shown_and_heeded);
    add("sources-have-every-documented-key", test_sources_have_every_documented_key);
    return g_test_run();
}
