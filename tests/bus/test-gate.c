/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may call what, on a message bus with a polkit of the test's own and without a bus. */
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "bus/bus-host1.h"
#include "bus/control-path.h"
#include "bus/control-server.h"
#include "bus/system-bus.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"

static const char polkit_xml[] = "<node><interface name='org.freedesktop.PolicyKit1.Authority'>"
                                 "<method name='CheckAuthorization'>"
                                 "<arg type='(sa{sv})' direction='in'/>"
                                 "<arg type='s' direction='in'/>"
                                 "<arg type='a{ss}' direction='in'/>"
                                 "<arg type='u' direction='in'/>"
                                 "<arg type='s' direction='in'/>"
                                 "<arg type='(bba{ss})' direction='out'/>"
                                 "</method></interface></node>";

static const VtGateRule rules[] = {
    { "GetHost", VT_GATE_READ, "org.virttime.host1.read" },
    { "SetFrozen", VT_GATE_CHANGE, "org.virttime.host1.freeze-guests" },
    { NULL },
};

/* A bus, a daemon on it, a client, and polkit. */
typedef struct {
    GTestDBus *dbus;
    VtBusHost1 *object;
    VtGate *gate;
    VtSystemBus *bus;
    GDBusConnection *client;
    GDBusConnection *polkit; /* NULL: there is none */
    bool polkit_allows;
    bool polkit_is_slow; /* it answers when the test says so */
    GDBusMethodInvocation *question;
    char *action;
    char *subject;
    guint32 flags;
    unsigned n_questions;
} Fixture;

static bool
trust_nobody(const VtGateCaller *caller)
{
    (void)caller;
    return false;
}

/* The bus says who asks, and that is the user of this test. */
static bool
trust_own_user(const VtGateCaller *caller)
{
    for (size_t i = 0; i < caller->n_gids; i++) {
        if (caller->gids[i] == getgid())
            return caller->uid == getuid();
    }
    return false;
}

static gboolean
on_get_host(VtBusHost1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    (void)user_data;
    vt_bus_host1_complete_get_host(object, invocation,
                                   g_variant_new_parsed("{'uri': <'test:///'>}"));
    return TRUE;
}

static gboolean
on_set_frozen(VtBusHost1 *object,
              GDBusMethodInvocation *invocation,
              gboolean is_frozen,
              gpointer user_data)
{
    (void)is_frozen;
    (void)user_data;
    vt_bus_host1_complete_set_frozen(object, invocation);
    return TRUE;
}

static gboolean
on_get_counters(VtBusHost1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    (void)user_data;
    vt_bus_host1_complete_get_ntp_counters(object, invocation,
                                           g_variant_new_parsed("@a{sv} {}"));
    return TRUE;
}

static void
answer_question(Fixture *fixture)
{
    g_dbus_method_invocation_return_value(
        g_steal_pointer(&fixture->question),
        g_variant_new("((bba{ss}))", fixture->polkit_allows, FALSE, NULL));
}

static void
on_question(GDBusConnection *connection,
            const char *sender,
            const char *path,
            const char *interface,
            const char *method,
            GVariant *parameters,
            GDBusMethodInvocation *invocation,
            gpointer user_data)
{
    Fixture *fixture = user_data;
    const char *kind = NULL;
    g_autoptr(GVariant) details = NULL;
    (void)connection;
    (void)sender;
    (void)path;
    (void)interface;
    (void)method;

    g_free(fixture->action);
    g_free(fixture->subject);
    g_variant_get(parameters, "((&s@a{sv})sa{ss}us)", &kind, &details, &fixture->action, NULL,
                  &fixture->flags, NULL);
    g_assert_cmpstr(kind, ==, "system-bus-name");
    g_assert_true(g_variant_lookup(details, "name", "s", &fixture->subject));
    fixture->n_questions++;
    fixture->question = invocation;
    if (!fixture->polkit_is_slow)
        answer_question(fixture);
}

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

static GDBusConnection *
connect_to(const char *address, bool is_bus)
{
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    GDBusConnectionFlags flags = G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT;
    if (is_bus)
        flags |= G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION;
    g_dbus_connection_new_for_address(address, flags, NULL, NULL, on_result, &result);
    wait_for_result(&result);
    GDBusConnection *connection = g_dbus_connection_new_for_address_finish(result, &error);
    g_assert_no_error(error);
    return connection;
}

static void
start_polkit(Fixture *fixture)
{
    static const GDBusInterfaceVTable vtable = { .method_call = on_question };
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(polkit_xml, NULL);
    g_autoptr(GError) error = NULL;

    fixture->polkit = connect_to(g_test_dbus_get_bus_address(fixture->dbus), true);
    g_dbus_connection_register_object(fixture->polkit, "/org/freedesktop/PolicyKit1/Authority",
                                      node->interfaces[0], &vtable, fixture, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        fixture->polkit, "org.freedesktop.DBus", "/org/freedesktop/DBus",
        "org.freedesktop.DBus", "RequestName", g_variant_new("(su)", POLKIT_NAME, 0), NULL,
        G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
    g_assert_no_error(error);
}

static void
make_gate(Fixture *fixture, bool (*trusts)(const VtGateCaller *))
{
    VtGateParams params = {
        .object = G_DBUS_INTERFACE_SKELETON(fixture->object),
        .object_path = VT_HOST_OBJECT_PATH,
        .rules = rules,
        .trusts = trusts,
    };
    fixture->gate = vt_gate_new(&params);
}

static void
join_bus(Fixture *fixture)
{
    VtSystemBusParams params = {
        .address = g_test_dbus_get_bus_address(fixture->dbus),
        .name = VT_HOST_BUS_NAME,
        .retry_ms = 10,
    };
    fixture->bus = vt_system_bus_new(&params, fixture->gate);
}

static void
wait_for_name(Fixture *fixture)
{
    while (!vt_system_bus_has_name(fixture->bus))
        g_main_context_iteration(NULL, TRUE);
}

static void
start(Fixture *fixture, bool (*trusts)(const VtGateCaller *))
{
    g_test_dbus_up(fixture->dbus);
    make_gate(fixture, trusts);
    join_bus(fixture);
    wait_for_name(fixture);
    fixture->client = connect_to(g_test_dbus_get_bus_address(fixture->dbus), true);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->dbus = g_test_dbus_new(G_TEST_DBUS_NONE);
    fixture->object = vt_bus_host1_skeleton_new();
    g_signal_connect(fixture->object, "handle-get-host", G_CALLBACK(on_get_host), NULL);
    g_signal_connect(fixture->object, "handle-set-frozen", G_CALLBACK(on_set_frozen), NULL);
    g_signal_connect(fixture->object, "handle-get-ntp-counters", G_CALLBACK(on_get_counters),
                     NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_system_bus_free(fixture->bus);
    vt_gate_free(fixture->gate);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_clear_object(&fixture->client);
    g_clear_object(&fixture->polkit);
    if (g_test_dbus_get_bus_address(fixture->dbus) != NULL)
        g_test_dbus_stop(fixture->dbus);
    g_object_unref(fixture->dbus);
    g_object_unref(fixture->object);
    g_free(fixture->action);
    g_free(fixture->subject);
}

static void
begin_call(Fixture *fixture,
           const char *method,
           GVariant *arguments,
           GDBusCallFlags flags,
           GAsyncResult **ret_result)
{
    bool is_bus = g_dbus_connection_get_unique_name(fixture->client) != NULL;
    g_dbus_connection_call(fixture->client, is_bus ? VT_HOST_BUS_NAME : NULL,
                           VT_HOST_OBJECT_PATH, "org.virttime.Host1", method, arguments, NULL,
                           flags, 5000, NULL, on_result, ret_result);
}

static bool
end_call(Fixture *fixture, GAsyncResult **result, GError **error)
{
    wait_for_result(result);
    g_autoptr(GVariant) reply = g_dbus_connection_call_finish(fixture->client, *result, error);
    g_clear_object(result);
    return reply != NULL;
}

static bool
call(Fixture *fixture, const char *method, GError **error)
{
    GAsyncResult *result = NULL;
    GVariant *arguments = g_str_equal(method, "SetFrozen") ? g_variant_new("(b)", TRUE) : NULL;

    begin_call(fixture, method, arguments, G_DBUS_CALL_FLAGS_NONE, &result);
    return end_call(fixture, &result, error);
}

static void
assert_turned_away(Fixture *fixture, const char *method)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(call(fixture, method, &error));
    g_assert_error(error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED);
    g_assert_nonnull(strstr(error->message, "only root and members of the group"));
}

static void
test_trusted_caller_needs_no_polkit(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, trust_own_user);

    g_assert_true(call(fixture, "GetHost", NULL));
    g_assert_true(call(fixture, "SetFrozen", NULL));
}

static void
test_polkit_decides_about_others(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, trust_nobody);
    start_polkit(fixture);
    assert_turned_away(fixture, "SetFrozen");
    g_assert_cmpstr(fixture->action, ==, "org.virttime.host1.freeze-guests");
    g_assert_cmpstr(fixture->subject, ==, g_dbus_connection_get_unique_name(fixture->client));
    g_assert_cmpuint(fixture->flags, ==, 0);

    fixture->polkit_allows = true;

    g_assert_true(call(fixture, "SetFrozen", NULL));
    g_assert_true(call(fixture, "GetHost", NULL));
    g_assert_cmpstr(fixture->action, ==, "org.virttime.host1.read");
    g_assert_cmpuint(fixture->n_questions, ==, 3);
}

static void
test_caller_who_can_be_asked_is_asked(Fixture *fixture, gconstpointer data)
{
    GAsyncResult *result = NULL;
    (void)data;
    start(fixture, trust_nobody);
    start_polkit(fixture);
    fixture->polkit_allows = true;

    begin_call(fixture, "GetHost", NULL, G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
               &result);

    g_assert_true(end_call(fixture, &result, NULL));
    g_assert_cmpuint(fixture->flags, ==, 1);
}

static void
test_without_polkit_the_answer_is_no(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, trust_nobody);

    assert_turned_away(fixture, "SetFrozen");
    assert_turned_away(fixture, "GetHost");
    /* What no rule names is for everybody. */
    g_assert_true(call(fixture, "GetNtpCounters", NULL));
}

static void
test_slow_polkit_holds_nobody_else_up(Fixture *fixture, gconstpointer data)
{
    GAsyncResult *slow = NULL;
    (void)data;
    start(fixture, trust_nobody);
    start_polkit(fixture);
    fixture->polkit_is_slow = true;
    fixture->polkit_allows = true;

    begin_call(fixture, "GetHost", NULL, G_DBUS_CALL_FLAGS_NONE, &slow);
    while (fixture->question == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(call(fixture, "GetNtpCounters", NULL));
    g_assert_null(slow);

    answer_question(fixture);
    g_assert_true(end_call(fixture, &slow, NULL));
}

static void
test_who_waits_is_told_of_the_end(Fixture *fixture, gconstpointer data)
{
    GAsyncResult *slow = NULL;
    (void)data;
    start(fixture, trust_nobody);
    start_polkit(fixture);
    fixture->polkit_is_slow = true;
    begin_call(fixture, "GetHost", NULL, G_DBUS_CALL_FLAGS_NONE, &slow);
    while (fixture->question == NULL)
        g_main_context_iteration(NULL, TRUE);

    g_clear_pointer(&fixture->bus, vt_system_bus_free);
    g_clear_pointer(&fixture->gate, vt_gate_free);

    g_assert_false(end_call(fixture, &slow, NULL));
    answer_question(fixture);
}

static void
test_bus_that_comes_later_is_joined(Fixture *fixture, gconstpointer data)
{
    g_autofree char *folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    g_autofree char *address = g_strdup_printf("unix:path=%s/bus", folder);
    VtSystemBusParams params = { .address = address, .name = VT_HOST_BUS_NAME, .retry_ms = 10 };
    g_autoptr(GError) error = NULL;
    (void)data;
    make_gate(fixture, trust_own_user);
    fixture->bus = vt_system_bus_new(&params, fixture->gate);
    for (unsigned i = 0; i < 5; i++)
        g_main_context_iteration(NULL, TRUE);
    g_assert_false(vt_system_bus_has_name(fixture->bus));

    g_autofree char *address_option = g_strdup_printf("--address=%s", address);
    g_autoptr(GSubprocess) daemon =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, "dbus-daemon", "--session",
                         "--nofork", "--nopidfile", address_option, NULL);
    g_assert_no_error(error);
    wait_for_name(fixture);
    fixture->client = connect_to(address, true);
    g_assert_true(call(fixture, "SetFrozen", NULL));

    /* And when it ends, the daemon goes on without it. */
    g_subprocess_force_exit(daemon);
    while (vt_system_bus_has_name(fixture->bus))
        g_main_context_iteration(NULL, TRUE);
    g_autofree char *command = g_strdup_printf("rm -r '%s'", folder);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
}

/* Without a bus, on a socket in a folder of its own. */
static VtControlServer *
serve_privately(Fixture *fixture, const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "socket", NULL);
    g_autofree char *address = vt_control_path_to_address(path);
    g_autoptr(GError) error = NULL;
    VtControlServer *server = vt_control_server_new(path, 0600, fixture->gate, &error);

    g_assert_no_error(error);
    fixture->client = connect_to(address, false);
    return server;
}

static void
test_private_socket_tells_who_calls(Fixture *fixture, gconstpointer data)
{
    g_autofree char *folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    bool is_stranger = GPOINTER_TO_INT(data);
    make_gate(fixture, is_stranger ? trust_nobody : NULL);
    g_autoptr(VtControlServer) server = serve_privately(fixture, folder);

    /* The mode of the socket has decided about reading. The test is the daemon's own user. */
    g_assert_true(call(fixture, "GetHost", NULL));
    if (is_stranger)
        assert_turned_away(fixture, "SetFrozen");
    else
        g_assert_true(call(fixture, "SetFrozen", NULL));

    g_clear_pointer(&server, vt_control_server_free);
    g_assert_cmpint(g_remove(folder), ==, 0);
}

static void
test_root_owner_and_admins_are_known(void)
{
    static const gid_t none[] = { 5, 6 };
    static const gid_t admins[] = { 5, 700 };
    static const struct {
        VtGateCaller caller;
        uid_t owner;
        gid_t admin_gid;
        bool is_known;
    } rows[] = {
        { { 0, none, 2 }, 990, 700, true },
        { { 990, none, 2 }, 990, 700, true },
        { { 1000, none, 2 }, 990, 700, false },
        { { 1000, admins, 2 }, 990, 700, true },
        { { 1000, admins, 1 }, 990, 700, false },
        { { 1000, NULL, 0 }, 990, 700, false },
        { { 1000, admins, 2 }, 990, (gid_t)-1, false },
        { { (uid_t)-1, admins, 2 }, 990, 700, false },
        { { (uid_t)-1, none, 2 }, (uid_t)-1, 700, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(vt_gate_knows(&rows[i].caller, rows[i].owner, rows[i].admin_gid), ==,
                        rows[i].is_known);
}

#define ADD(name, test) g_test_add("/bus/gate/" name, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus/gate/root-owner-and-admins-are-known",
                    test_root_owner_and_admins_are_known);
    ADD("trusted-caller-needs-no-polkit", test_trusted_caller_needs_no_polkit);
    ADD("polkit-decides-about-others", test_polkit_decides_about_others);
    ADD("caller-who-can-be-asked-is-asked", test_caller_who_can_be_asked_is_asked);
    ADD("without-polkit-the-answer-is-no", test_without_polkit_the_answer_is_no);
    ADD("slow-polkit-holds-nobody-else-up", test_slow_polkit_holds_nobody_else_up);
    ADD("who-waits-is-told-of-the-end", test_who_waits_is_told_of_the_end);
    ADD("bus-that-comes-later-is-joined", test_bus_that_comes_later_is_joined);
    ADD("private-socket-tells-who-calls", test_private_socket_tells_who_calls);
    g_test_add("/bus/gate/private-socket-has-let-readers-in", Fixture, GINT_TO_POINTER(true),
               set_up, test_private_socket_tells_who_calls, tear_down);
    return g_test_run();
}
