/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <grp.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "base/error.h"
#include "bus/bus-agent1.h"
#include "bus/control-path.h"
#include "bus/control-server.h"

/* As in control-server.c; the tests open exactly so many. */
#define MAX_PEERS    32
#define MAX_MESSAGES 256

typedef struct {
    char *folder;
    char *path;
    VtBusAgent1 *object;
    VtGate *gate;
    VtControlServer *server;
} Fixture;

static const VtGateRule no_rules[] = { { NULL } };

static gboolean
on_get_tracking(VtBusAgent1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    (void)user_data;
    GVariantDict tracking;

    g_variant_dict_init(&tracking, NULL);
    g_variant_dict_insert(&tracking, "offset-ns", "x", INT64_C(-1234));
    vt_bus_agent1_complete_get_tracking(object, invocation, g_variant_dict_end(&tracking));
    return TRUE;
}

static VtControlServer *
serve(Fixture *fixture, GError **error)
{
    return vt_control_server_new(fixture->path, 0666, fixture->gate, error);
}

static void
set_up(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    fixture->folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "agent", "control.socket", NULL);
    fixture->object = vt_bus_agent1_skeleton_new();
    g_signal_connect(fixture->object, "handle-get-tracking", G_CALLBACK(on_get_tracking), NULL);
    VtGateParams params = {
        .object = G_DBUS_INTERFACE_SKELETON(fixture->object),
        .object_path = VT_AGENT_OBJECT_PATH,
        .rules = no_rules,
    };
    fixture->gate = vt_gate_new(&params);
}

static void
tear_down(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    g_autofree char *subfolder = g_path_get_dirname(fixture->path);

    g_clear_pointer(&fixture->server, vt_control_server_free);
    /* What the daemon had under way when it ended must end by itself, touching nothing. */
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_unlink(fixture->path);
    g_rmdir(subfolder);
    g_rmdir(fixture->folder);
    vt_gate_free(fixture->gate);
    g_object_unref(fixture->object);
    g_free(fixture->path);
    g_free(fixture->folder);
}

static void
on_result(GObject *source, GAsyncResult *result, gpointer user_data)
{
    (void)source;
    GAsyncResult **slot = user_data;

    *slot = g_object_ref(result);
}

static GAsyncResult *
wait_for_result(GAsyncResult **slot)
{
    while (*slot == NULL)
        g_main_context_iteration(NULL, TRUE);
    return *slot;
}

static GDBusConnection *
connect_client(const char *path, GError **error)
{
    g_autofree char *address = vt_control_path_to_address(path);
    g_autoptr(GAsyncResult) result = NULL;

    g_dbus_connection_new_for_address(address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
                                      NULL, NULL, on_result, &result);
    return g_dbus_connection_new_for_address_finish(wait_for_result(&result), error);
}

static int64_t
ask_offset(GDBusConnection *client, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;

    g_dbus_connection_call(client, NULL, VT_AGENT_OBJECT_PATH, "org.virttime.Agent1",
                           "GetTracking", NULL, G_VARIANT_TYPE("(a{sv})"),
                           G_DBUS_CALL_FLAGS_NONE, 5000, NULL, on_result, &result);
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(client, wait_for_result(&result), error);
    if (reply == NULL)
        return 0;

    g_autoptr(GVariant) tracking = g_variant_get_child_value(reply, 0);
    int64_t offset_ns = 0;
    g_assert_true(g_variant_lookup(tracking, "offset-ns", "x", &offset_ns));
    return offset_ns;
}

/* Leaves a socket at @path that nobody listens on any more. */
static void
leave_dead_socket(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    g_autoptr(GSocket) socket = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, NULL);

    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_socket_bind(socket, address, FALSE, NULL));
    g_assert_true(g_socket_close(socket, NULL));
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void
test_answers_two_clients(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    g_autoptr(GError) error = NULL;
    fixture->server = serve(fixture, &error);
    g_assert_no_error(error);

    g_autoptr(GDBusConnection) first = connect_client(fixture->path, &error);
    g_assert_no_error(error);
    g_autoptr(GDBusConnection) second = connect_client(fixture->path, &error);
    g_assert_no_error(error);

    g_assert_cmpint(ask_offset(first, &error), ==, -1234);
    g_assert_no_error(error);
    g_assert_cmpint(ask_offset(second, &error), ==, -1234);
    g_assert_no_error(error);
}

static void
test_socket_has_the_mode(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    struct stat status;
    fixture->server = serve(fixture, NULL);

    g_assert_cmpint(lstat(fixture->path, &status), ==, 0);

    g_assert_cmpuint(status.st_mode & 07777, ==, 0666);
}

static void
test_replaces_dead_socket(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    g_autoptr(GError) error = NULL;
    leave_dead_socket(fixture->path);

    fixture->server = serve(fixture, &error);

    g_assert_no_error(error);
    g_autoptr(GDBusConnection) client = connect_client(fixture->path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(ask_offset(client, &error), ==, -1234);
}

static void
test_leaves_living_daemon_alone(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    g_autoptr(GError) error = NULL;
    fixture->server = serve(fixture, NULL);

    VtControlServer *second = serve(fixture, &error);

    g_assert_null(second);
    g_assert_error(error, VT_ERROR, VT_ERROR_BUSY);
    g_autoptr(GDBusConnection) client = connect_client(fixture->path, NULL);
    g_assert_cmpint(ask_offset(client, NULL), ==, -1234);
}

static void
test_leaves_what_is_no_socket_alone(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_path_get_dirname(fixture->path);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_true(g_file_set_contents(fixture->path, "kept", -1, NULL));

    fixture->server = serve(fixture, &error);

    g_assert_error(error, VT_ERROR, VT_ERROR_INVALID);
    g_assert_true(g_file_test(fixture->path, G_FILE_TEST_IS_REGULAR));
}

static void
test_free_removes_the_socket(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    fixture->server = serve(fixture, NULL);
    g_autoptr(GDBusConnection) client = connect_client(fixture->path, NULL);

    g_clear_pointer(&fixture->server, vt_control_server_free);

    g_assert_false(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
    while (!g_dbus_connection_is_closed(client))
        g_main_context_iteration(NULL, TRUE);
}

static void
test_free_leaves_another_socket_alone(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    fixture->server = serve(fixture, NULL);
    g_assert_cmpint(g_unlink(fixture->path), ==, 0);
    leave_dead_socket(fixture->path);

    g_clear_pointer(&fixture->server, vt_control_server_free);

    g_assert_true(g_file_test(fixture->path, G_FILE_TEST_EXISTS));
}

static void
test_free_forgets_half_made_clients(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    fixture->server = serve(fixture, NULL);
    g_autoptr(GSocketClient) socket_client = g_socket_client_new();
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(fixture->path);
    g_autoptr(GSocketConnection) mute =
        g_socket_client_connect(socket_client, G_SOCKET_CONNECTABLE(address), NULL, NULL);
    g_assert_nonnull(mute);
    /* Its turn comes before that of a client which connects later. */
    g_autoptr(GDBusConnection) client = connect_client(fixture->path, NULL);
    g_assert_nonnull(client);

    g_clear_pointer(&fixture->server, vt_control_server_free);

    char byte = 0;
    g_autoptr(GAsyncResult) result = NULL;
    g_input_stream_read_async(g_io_stream_get_input_stream(G_IO_STREAM(mute)), &byte, 1,
                              G_PRIORITY_DEFAULT, NULL, on_result, &result);
    gssize n_bytes = g_input_stream_read_finish(g_io_stream_get_input_stream(G_IO_STREAM(mute)),
                                                wait_for_result(&result), NULL);
    g_assert_cmpint(n_bytes, <=, 0);
}

static void
test_refuses_one_client_too_many(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    g_autoptr(GError) error = NULL;
    GDBusConnection *clients[MAX_PEERS] = { NULL };
    fixture->server = serve(fixture, NULL);
    for (unsigned i = 0; i < MAX_PEERS; i++) {
        clients[i] = connect_client(fixture->path, &error);
        g_assert_no_error(error);
        /* The answer shows that the server, too, has finished with the newcomer. */
        g_assert_cmpint(ask_offset(clients[i], &error), ==, -1234);
    }

    g_autoptr(GDBusConnection) refused = connect_client(fixture->path, &error);

    g_assert_null(refused);
    g_assert_nonnull(error);
    g_clear_error(&error);
    g_assert_cmpint(ask_offset(clients[0], &error), ==, -1234);
    g_assert_no_error(error);
    for (unsigned i = 0; i < MAX_PEERS; i++)
        g_clear_object(&clients[i]);
}

static void
test_closes_a_flooding_client(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    g_autoptr(GError) error = NULL;
    fixture->server = serve(fixture, NULL);
    g_autoptr(GDBusConnection) flooding = connect_client(fixture->path, &error);
    g_assert_no_error(error);
    g_dbus_connection_set_exit_on_close(flooding, FALSE);

    unsigned n_answers = 0;
    while (n_answers <= MAX_MESSAGES && ask_offset(flooding, &error) == -1234)
        n_answers++;

    g_assert_cmpuint(n_answers, ==, MAX_MESSAGES);
    g_assert_nonnull(error);
    g_clear_error(&error);
    g_autoptr(GDBusConnection) next = connect_client(fixture->path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(ask_offset(next, &error), ==, -1234);
}

static void
test_socket_is_given_to_a_group(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    g_autoptr(GError) error = NULL;
    struct stat status;
    /* The one group that whoever runs this can certainly give a file to. */
    const struct group *own = getgrgid(getegid());
    if (own == NULL) {
        g_test_skip("this group has no name");
        return;
    }
    g_autofree char *name = g_strdup(own->gr_name);
    fixture->server = serve(fixture, &error);
    g_assert_no_error(error);

    g_assert_true(vt_control_server_set_group(fixture->server, name, &error));

    g_assert_cmpint(stat(fixture->path, &status), ==, 0);
    g_assert_cmpuint(status.st_gid, ==, getegid());
}

static void
test_missing_group_is_told(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    g_autoptr(GError) error = NULL;
    fixture->server = serve(fixture, NULL);

    g_assert_false(vt_control_server_set_group(fixture->server, "no-such-group", &error));

    g_assert_error(error, VT_ERROR, VT_ERROR_NOT_FOUND);
}

#define ADD(name, function) \
    g_test_add("/bus/control-server/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("answers-two-clients", test_answers_two_clients);
    ADD("socket-has-the-mode", test_socket_has_the_mode);
    ADD("socket-is-given-to-a-group", test_socket_is_given_to_a_group);
    ADD("missing-group-is-told", test_missing_group_is_told);
    ADD("replaces-dead-socket", test_replaces_dead_socket);
    ADD("leaves-living-daemon-alone", test_leaves_living_daemon_alone);
    ADD("leaves-what-is-no-socket-alone", test_leaves_what_is_no_socket_alone);
    ADD("free-removes-the-socket", test_free_removes_the_socket);
    ADD("free-leaves-another-socket-alone", test_free_leaves_another_socket_alone);
    ADD("free-forgets-half-made-clients", test_free_forgets_half_made_clients);
    ADD("refuses-one-client-too-many", test_refuses_one_client_too_many);
    ADD("closes-a-flooding-client", test_closes_a_flooding_client);
    return g_test_run();
}
