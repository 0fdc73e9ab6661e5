/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An agent of the test's own on a private socket, and what hostd makes of its word. */
#include <glib/gstdio.h>

#include "bus/bus-agent1.h"
#include "bus/control-path.h"
#include "bus/control-server.h"
#include "hostd/agent-watch.h"
#include "hostd/host-watch.h"
#include "tests/os/fake-kernel.h"

#define UPSTREAM       UINT32_C(0xc612000b) /* 198.18.0.11 */
#define NOBODY         UINT32_C(0x7f7f0101)
#define STALE_AFTER_NS (6 * VT_NS_PER_SEC)
/* More than an agent answers on one connection. */
#define MANY_CALLS 300

typedef struct {
    FakeKernel kernel;
    VtClock *clock;
    char *folder;
    char *path;
    VtBusAgent1 *object;
    VtGate *gate;
    VtControlServer *server; /* NULL: the agent does not run */
    const char *tracking;
    unsigned n_calls;
    VtAgentWatch *watch;
} Fixture;

static gboolean
on_get_tracking(VtBusAgent1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    Fixture *fixture = user_data;
    g_autoptr(GError) error = NULL;
    GVariant *tracking =
        g_variant_parse(G_VARIANT_TYPE_VARDICT, fixture->tracking, NULL, NULL, &error);

    g_assert_no_error(error);
    fixture->n_calls += 1;
    vt_bus_agent1_complete_get_tracking(object, invocation, tracking);
    return TRUE;
}

static void
start_agent(Fixture *fixture)
{
    static const VtGateRule no_rules[] = { { 0 } };
    g_autoptr(GError) error = NULL;
    VtGateParams params = {
        .object = G_DBUS_INTERFACE_SKELETON(fixture->object),
        .object_path = VT_AGENT_OBJECT_PATH,
        .rules = no_rules,
    };
    fixture->gate = vt_gate_new(&params);
    fixture->server = vt_control_server_new(fixture->path, 0600, fixture->gate, &error);
    g_assert_no_error(error);
}

static void
end_agent(Fixture *fixture)
{
    g_clear_pointer(&fixture->server, vt_control_server_free);
    g_clear_pointer(&fixture->gate, vt_gate_free);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_init(&fixture->kernel, (VtWall){ .ns = VT_NS_PER_SEC });
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->folder = g_dir_make_tmp("vt-agent-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "control.socket", NULL);
    fixture->object = vt_bus_agent1_skeleton_new();
    fixture->tracking = "{'synchronised': <true>, 'role': <'own'>, 'stratum': <uint32 3>, "
                        "'reference-id': <uint32 0xc612000b>}";
    g_signal_connect(fixture->object, "handle-get-tracking", G_CALLBACK(on_get_tracking),
                     fixture);
    fixture->watch = vt_agent_watch_new(fixture->path, fixture->clock);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_agent_watch_free(fixture->watch);
    end_agent(fixture);
    g_object_unref(fixture->object);
    g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
    vt_clock_free(fixture->clock);
    g_free(fixture->path);
    g_free(fixture->folder);
}

/*
 * Until what the watch knows has changed to that; a test that waits for ever is ended by its
 * runner.
 */
static VtAgentWord
ask_until(Fixture *fixture, bool is_known)
{
    VtAgentWord word = { 0 };

    vt_agent_watch_ask(fixture->watch);
    while (vt_agent_watch_get(fixture->watch, &word) != is_known)
        g_main_context_iteration(NULL, TRUE);
    return word;
}

static void
test_agent_tells_stratum_and_reference(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_agent(fixture);

    VtAgentWord word = ask_until(fixture, true);

    g_assert_cmpuint(word.stratum, ==, 3);
    g_assert_cmphex(word.reference_id, ==, UPSTREAM);
}

static void
test_nobody_is_no_word(Fixture *fixture, gconstpointer data)
{
    VtAgentWord word;
    (void)data;

    vt_agent_watch_ask(fixture->watch);
    while (g_main_context_iteration(NULL, FALSE))
        continue;

    g_assert_false(vt_agent_watch_get(fixture->watch, &word));
}

static void
test_word_of_no_use_takes_the_last_one_back(Fixture *fixture, gconstpointer data)
{
    static const char *const words[] = {
        "{'synchronised': <false>, 'role': <'own'>, 'stratum': <uint32 3>}",
        "{'synchronised': <true>, 'role': <'assist'>, 'stratum': <uint32 3>}",
        "{'synchronised': <true>, 'role': <'own'>, 'stratum': <uint32 0>}",
        "{'synchronised': <true>, 'role': <'own'>, 'stratum': <uint32 16>}",
        "{'synchronised': <'yes'>, 'role': <true>, 'stratum': <'3'>}",
        "@a{sv} {}",
    };
    const char *good = fixture->tracking;
    (void)data;
    start_agent(fixture);

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        fixture->tracking = good;
        (void)ask_until(fixture, true);
        fixture->tracking = words[i];
        (void)ask_until(fixture, false);
    }
}

static void
test_word_of_an_agent_that_ended_grows_old(Fixture *fixture, gconstpointer data)
{
    VtAgentWord word;
    (void)data;
    start_agent(fixture);
    (void)ask_until(fixture, true);
    end_agent(fixture);
    g_assert_true(vt_agent_watch_get(fixture->watch, &word));

    fake_kernel_pass(&fixture->kernel, STALE_AFTER_NS);

    g_assert_false(vt_agent_watch_get(fixture->watch, &word));
}

static void
test_agent_that_comes_again_is_asked_again(Fixture *fixture, gconstpointer data)
{
    VtAgentWord word;
    (void)data;
    start_agent(fixture);
    (void)ask_until(fixture, true);
    end_agent(fixture);
    fake_kernel_pass(&fixture->kernel, STALE_AFTER_NS);
    start_agent(fixture);

    /* The first question may go to the connection that has ended, and find out. */
    while (!vt_agent_watch_get(fixture->watch, &word)) {
        vt_agent_watch_ask(fixture->watch);
        g_main_context_iteration(NULL, TRUE);
    }

    g_assert_cmpuint(word.stratum, ==, 3);
}

static void
test_agent_never_hangs_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_agent(fixture);

    for (unsigned i = 0; i < MANY_CALLS; i++) {
        fake_kernel_pass(&fixture->kernel, STALE_AFTER_NS);
        (void)ask_until(fixture, true);
    }

    g_assert_cmpuint(fixture->n_calls, ==, MANY_CALLS);
}

static void
on_judged(const VtHostClock *host, void *user_data)
{
    (void)host;
    (void)user_data;
}

static void
on_event(const VtHostEvent *event, void *user_data)
{
    (void)event;
    (void)user_data;
}

static void
test_host_clock_has_the_agents_stratum(Fixture *fixture, gconstpointer data)
{
    static const VtHostWatchListener listener = {
        .on_judged = on_judged,
        .on_event = on_event,
        .on_released = on_event,
    };
    VtHostWatchParams params = { .trust = VT_HOST_CLOCK_AUTO, .agent_path = fixture->path };
    (void)data;
    start_agent(fixture);
    fixture->kernel.maxerror_us = 1000;

    g_autoptr(VtHostWatch) host =
        vt_host_watch_new(&params, fixture->clock, &listener, fixture);
    g_assert_cmphex(vt_host_watch_get_clock(host)->reference_id, ==, NOBODY);
    while (vt_host_watch_get_clock(host)->stratum != 3) {
        g_main_context_iteration(NULL, TRUE);
        vt_host_watch_tick(host);
    }

    g_assert_cmphex(vt_host_watch_get_clock(host)->reference_id, ==, UPSTREAM);
    g_assert_cmpint(vt_host_watch_get_clock(host)->root_dispersion_ns, ==, VT_NS_PER_MS);
}

#define add(path, function) \
    g_test_add("/hostd/agent-watch/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("agent-tells-stratum-and-reference", test_agent_tells_stratum_and_reference);
    add("nobody-is-no-word", test_nobody_is_no_word);
    add("word-of-no-use-takes-the-last-one-back", test_word_of_no_use_takes_the_last_one_back);
    add("word-of-an-agent-that-ended-grows-old", test_word_of_an_agent_that_ended_grows_old);
    add("agent-that-comes-again-is-asked-again", test_agent_that_comes_again_is_asked_again);
    add("agent-never-hangs-up", test_agent_never_hangs_up);
    add("host-clock-has-the-agents-stratum", test_host_clock_has_the_agents_stratum);
    return g_test_run();
}
