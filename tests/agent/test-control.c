/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's D-Bus face, asked for real on its private socket. */
#include <netinet/in.h>
#include <string.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "agent/control.h"
#include "bus/control-path.h"
#include "tests/agent/served-agent.h"

typedef struct {
    ServedAgent served;
    char *path;
    VtDaemon daemon;
    VtAgentConfig config;
    VtReload *reload;
    VtAgentControl *control;
    GDBusConnection *client;
} Fixture;

static void
on_result(GObject *source, GAsyncResult *result, gpointer user_data)
{
    (void)source;
    GAsyncResult **slot = user_data;
    *slot = g_object_ref(result);
}

static void
wait_for_result(GAsyncResult **slot)
{
    while (*slot == NULL)
        g_main_context_iteration(NULL, TRUE);
}

static void
start(Fixture *fixture)
{
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *address = NULL;

    served_agent_start_without_link(&fixture->served);
    fixture->control =
        vt_agent_control_new(fixture->served.agent, fixture->reload, fixture->path, &error);
    g_assert_no_error(error);
    address = vt_control_path_to_address(fixture->path);
    g_dbus_connection_new_for_address(address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
                                      NULL, NULL, on_result, &result);
    wait_for_result(&result);
    fixture->client = g_dbus_connection_new_for_address_finish(result, &error);
    g_assert_no_error(error);
    wait_until_following(fixture->served.agent, "office");
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    served_agent_set_up(&fixture->served, data);
    g_autofree char *folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    fixture->path = g_build_filename(folder, "control.socket", NULL);
    fixture->daemon.rules = (VtSettingsRules){ .options = vt_agent_config_get_table(),
                                               .check = vt_agent_config_check };
    fixture->daemon.chosen_file = g_build_filename(folder, "agent.conf", NULL);
    g_assert_true(g_file_set_contents(fixture->daemon.chosen_file, "", -1, NULL));
    g_assert_true(vt_daemon_load_settings(&fixture->daemon, &fixture->config, NULL));
    fixture->reload = vt_reload_new(&fixture->daemon, &fixture->config, sizeof fixture->config);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_autofree char *folder = g_path_get_dirname(fixture->path);
    g_clear_object(&fixture->client);
    vt_agent_control_free(fixture->control);
    served_agent_tear_down(&fixture->served, data);
    vt_reload_free(fixture->reload);
    vt_agent_config_clear(&fixture->config);
    g_unlink(fixture->daemon.chosen_file);
    vt_daemon_clear(&fixture->daemon);
    g_rmdir(folder);
    g_free(fixture->path);
}

/* NULL and @error on failure. */
static GVariant *
call(Fixture *fixture, const char *method, GVariant *arguments, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;

    g_dbus_connection_call(fixture->client, NULL, VT_AGENT_OBJECT_PATH, "org.virttime.Agent1",
                           method, arguments, NULL, G_DBUS_CALL_FLAGS_NONE, 5000, NULL,
                           on_result, &result);
    wait_for_result(&result);
    return g_dbus_connection_call_finish(fixture->client, result, error);
}

static void
assert_works(Fixture *fixture, const char *method, GVariant *arguments)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = call(fixture, method, arguments, &error);
    g_assert_no_error(error);
}

static void
assert_refused(Fixture *fixture, const char *method, GVariant *arguments, const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = call(fixture, method, arguments, &error);
    g_assert_error(error, G_DBUS_ERROR, G_DBUS_ERROR_FAILED);
    g_dbus_error_strip_remote_error(error);
    g_assert_cmpstr(error->message, ==, reason);
}

static void
test_offline_source_is_left_alone_until_online(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture);

    assert_works(fixture, "SetOnline", g_variant_new("(sb)", "office", FALSE));
    g_autoptr(GVariant) offline = served_agent_get_source(&fixture->served, "office");
    gboolean is_online = TRUE;
    g_assert_true(g_variant_lookup(offline, "online", "b", &is_online));
    g_assert_false(is_online);
    unsigned n_requests = fixture->served.server.n_requests;
    assert_refused(fixture, "Burst", g_variant_new("(s)", "office"),
                   "nothing can be asked now: see PROBLEM of 'virt-timectl sources'");
    g_assert_cmpuint(fixture->served.server.n_requests, ==, n_requests);

    assert_works(fixture, "SetOnline", g_variant_new("(sb)", "", TRUE));
    wait_for_count(&fixture->served.server.n_requests, n_requests + 1);
}

/* The fixture's server is on this machine; the other one nobody can reach. */
static void
test_routes_tell_who_is_asked(Fixture *fixture, gconstpointer data)
{
    /* A broadcast has no way for a client of NTP. */
    static const VtServerConfig nowhere = { .name = (char *)"nowhere",
                                            .address = (char *)"255.255.255.255",
                                            .port = 123,
                                            .is_local = true };
    (void)data;
    g_ptr_array_add(fixture->served.servers, (gpointer)&nowhere);
    start(fixture);
    assert_works(fixture, "SetOnline", g_variant_new("(sb)", "office", FALSE));

    assert_works(fixture, "CheckRoutes", NULL);

    g_autoptr(GVariant) near = served_agent_get_source(&fixture->served, "office");
    g_autoptr(GVariant) far = served_agent_get_source(&fixture->served, "nowhere");
    gboolean is_near_online = FALSE, is_far_online = TRUE;
    g_assert_true(g_variant_lookup(near, "online", "b", &is_near_online));
    g_assert_true(g_variant_lookup(far, "online", "b", &is_far_online));
    g_assert_true(is_near_online);
    g_assert_false(is_far_online);
}

/* No network stands before the link: who means it names it. */
static void
test_offline_leaves_the_host_out(Fixture *fixture, gconstpointer data)
{
    gboolean is_online = FALSE;
    (void)data;
    start(fixture);

    assert_works(fixture, "SetOnline", g_variant_new("(sb)", "", FALSE));
    g_autoptr(GVariant) meant = served_agent_get_source(&fixture->served, "link");
    g_assert_true(g_variant_lookup(meant, "online", "b", &is_online));
    g_assert_true(is_online);

    assert_works(fixture, "SetOnline", g_variant_new("(sb)", "link", FALSE));
    g_autoptr(GVariant) named = served_agent_get_source(&fixture->served, "link");
    g_assert_true(g_variant_lookup(named, "online", "b", &is_online));
    g_assert_false(is_online);
}

static void
test_burst_asks_at_once(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture);
    unsigned n_requests = fixture->served.server.n_requests;

    assert_works(fixture, "Burst", g_variant_new("(s)", ""));

    wait_for_count(&fixture->served.server.n_requests, n_requests + 1);
}

/* hostd on the same machine tells its clients so. */
static void
test_followed_server_is_told_as_ntp_calls_it(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    uint32_t reference_id = 0;
    (void)data;
    start(fixture);

    g_autoptr(GVariant) reply = call(fixture, "GetTracking", NULL, &error);
    g_assert_no_error(error);
    g_autoptr(GVariant) tracking = g_variant_get_child_value(reply, 0);
    g_assert_true(g_variant_lookup(tracking, "reference-id", "u", &reference_id));
    g_assert_cmphex(reference_id, ==, INADDR_LOOPBACK);
}

static void
test_unknown_source_is_told(Fixture *fixture, gconstpointer data)
{
    static const char reason[] =
        "no source has the name or address 'nobody': see 'virt-timectl sources'";
    (void)data;
    start(fixture);

    assert_refused(fixture, "Burst", g_variant_new("(s)", "nobody"), reason);
    assert_refused(fixture, "SetOnline", g_variant_new("(sb)", "nobody", FALSE), reason);
}

static void
test_operator_is_the_witness_of_a_backward_step(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture);
    unsigned n_steps = fixture->served.kernel.n_steps;
    fixture->served.server.ahead_ns -= 10 * VT_NS_PER_SEC;
    unsigned n_requests = fixture->served.server.n_requests;
    wait_for_count(&fixture->served.server.n_requests, n_requests + 8);
    g_assert_cmpuint(fixture->served.kernel.n_steps, ==, n_steps);
    g_assert_cmpint(vt_ns_abs(served_agent_get_error(&fixture->served)), >, 9 * VT_NS_PER_SEC);

    assert_works(fixture, "MakeStep", NULL);
    wait_for_count(&fixture->served.kernel.n_steps, n_steps + 1);
    wait_until_following(fixture->served.agent, "office");

    g_assert_cmpint(vt_ns_abs(served_agent_get_error(&fixture->served)), <, 100 * VT_NS_PER_MS);
}

static bool
put_in_force(const void *config, void *user_data, GError **error)
{
    const VtAgentConfig *agent = config;
    VtAgentChange change = {
        .mode = (VtAgentMode)agent->mode,
        .host_error_ns = agent->host_error_ns,
        .servers = { agent->servers, agent->pools, NULL },
    };
    (void)error;
    vt_agent_reconfigure(user_data, &change);
    return true;
}

static void
test_reload_changes_the_mode_alone(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture);
    uint64_t n_readings = vt_agent_look(fixture->served.agent).status.n_readings;
    unsigned n_steps = fixture->served.kernel.n_steps;
    vt_reload_set_func(fixture->reload, put_in_force, fixture->served.agent);

    g_assert_true(
        g_file_set_contents(fixture->daemon.chosen_file, "[agent]\nmode=monitor\n", -1, NULL));
    assert_works(fixture, "Reload", NULL);
    VtAgentView view = vt_agent_look(fixture->served.agent);
    g_assert_cmpint(view.authority.role, ==, VT_ROLE_MONITOR);
    g_assert_cmpuint(view.status.n_readings, >=, n_readings);
    g_assert_cmpuint(fixture->served.kernel.n_steps, ==, n_steps);

    g_assert_true(
        g_file_set_contents(fixture->daemon.chosen_file, "[agent]\nmode=auto\n", -1, NULL));
    assert_works(fixture, "Reload", NULL);
    g_assert_cmpint(vt_agent_look(fixture->served.agent).authority.role, ==, VT_ROLE_OWN);
}

static void
test_wrong_settings_are_told_with_their_line(Fixture *fixture, gconstpointer data)
{
    g_autofree char *reason =
        g_strdup_printf("'%s', line 2: [agent] mode: ", fixture->daemon.chosen_file);
    g_autoptr(GError) error = NULL;
    (void)data;
    start(fixture);
    vt_reload_set_func(fixture->reload, put_in_force, fixture->served.agent);
    g_assert_true(
        g_file_set_contents(fixture->daemon.chosen_file, "[agent]\nmode=perhaps\n", -1, NULL));

    g_autoptr(GVariant) reply = call(fixture, "Reload", NULL, &error);

    g_assert_error(error, G_DBUS_ERROR, G_DBUS_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, reason));
    g_assert_cmpint(vt_agent_look(fixture->served.agent).authority.role, ==, VT_ROLE_OWN);
}

#define ADD(name, test) \
    g_test_add("/agent/control/" name, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(served_agent_write_log, NULL, NULL);
    ADD("offline-source-is-left-alone-until-online",
        test_offline_source_is_left_alone_until_online);
    ADD("routes-tell-who-is-asked", test_routes_tell_who_is_asked);
    ADD("offline-leaves-the-host-out", test_offline_leaves_the_host_out);
    ADD("burst-asks-at-once", test_burst_asks_at_once);
    ADD("followed-server-is-told-as-ntp-calls-it",
        test_followed_server_is_told_as_ntp_calls_it);
    ADD("unknown-source-is-told", test_unknown_source_is_told);
    ADD("operator-is-the-witness-of-a-backward-step",
        test_operator_is_the_witness_of_a_backward_step);
    ADD("reload-changes-the-mode-alone", test_reload_changes_the_mode_alone);
    ADD("wrong-settings-are-told-with-their-line",
        test_wrong_settings_are_told_with_their_line);
    return g_test_run();
}
