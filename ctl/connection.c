/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/connection.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>

#include "base/error.h"
#include "bus/control-path.h"

/* A daemon answers from memory; one that is silent for so long hangs. */
#define TIMEOUT_SEC 5

typedef struct {
    const char *daemon;
    const char *interface;
    const char *object_path;
    const char *(*get_path)(void);
} Side;

static const Side sides[] = {
    [VT_SIDE_AGENT] = {
        .daemon = "virt-time-agent",
        .interface = "org.virttime.Agent1",
        .object_path = VT_AGENT_OBJECT_PATH,
        .get_path = vt_control_path_agent,
    },
    [VT_SIDE_HOST] = {
        .daemon = "virt-time-hostd",
        .interface = "org.virttime.Host1",
        .object_path = VT_HOST_OBJECT_PATH,
        .get_path = vt_control_path_host,
    },
};

static void
explain_no_connection(GError *cause, const char *daemon, const char *path, GError **error)
{
    if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
        g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
        g_set_error(error, VT_ERROR, VT_ERROR_NOT_FOUND,
                    "%s is not running (nobody answers on '%s'); "
                    "start it with 'systemctl start %s'",
                    daemon, path, daemon);
    else if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
        g_set_error(error, VT_ERROR, VT_ERROR_DENIED,
                    "no permission to ask %s on '%s'; try again as root", daemon, path);
    else
        g_set_error(error, VT_ERROR, VT_ERROR_FAILED, "cannot ask %s on '%s': %s", daemon, path,
                    cause->message);
}

static GDBusConnection *
connect_to(const char *path, GError **error)
{
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    g_autoptr(GSocket) socket = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, error);

    if (socket == NULL || !g_socket_connect(socket, address, NULL, error))
        return NULL;

    /* For the authentication; the connection itself may be idle for as long as it likes. */
    g_socket_set_timeout(socket, TIMEOUT_SEC);
    g_autoptr(GSocketConnection) stream = g_socket_connection_factory_create_connection(socket);
    GDBusConnection *connection = g_dbus_connection_new_sync(
        G_IO_STREAM(stream), NULL, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL,
        error);
    g_socket_set_timeout(socket, 0);
    return connection;
}

GDBusConnection *
vt_connection_open(VtSide side, const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (path == NULL)
        path = sides[side].get_path();
    GDBusConnection *connection = connect_to(path, &cause);
    if (connection == NULL)
        explain_no_connection(cause, sides[side].daemon, path, error);
    return connection;
}

static void
explain_no_answer(GError *cause, VtSide side, const char *method, GError **error)
{
    bool is_denied = g_error_matches(cause, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED);
    bool is_refused = g_error_matches(cause, G_DBUS_ERROR, G_DBUS_ERROR_FAILED);

    (void)g_dbus_error_strip_remote_error(cause); /* false: it was no remote one */
    if (is_denied || is_refused)
        g_set_error(error, VT_ERROR, is_denied ? VT_ERROR_DENIED : VT_ERROR_FAILED, "%s: %s",
                    sides[side].daemon, cause->message);
    else
        g_set_error(error, VT_ERROR, VT_ERROR_FAILED, "%s does not answer %s: %s",
                    sides[side].daemon, method, cause->message);
}

GVariant *
vt_connection_call(GDBusConnection *connection, VtSide side, const VtCall *call, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *reply_type = g_strdup_printf("(%s)", call->type != NULL ? call->type : "");
    g_autoptr(GVariant) reply = g_dbus_connection_call_sync(
        connection, NULL, sides[side].object_path, sides[side].interface, call->method,
        call->arguments, G_VARIANT_TYPE(reply_type), G_DBUS_CALL_FLAGS_NONE, TIMEOUT_SEC * 1000,
        NULL, &cause);
    if (reply == NULL) {
        explain_no_answer(cause, side, call->method, error);
        return NULL;
    }
    if (call->type == NULL)
        return g_steal_pointer(&reply);
    return g_variant_get_child_value(reply, 0);
}

GVariant *
vt_connection_ask(GDBusConnection *connection,
                  VtSide side,
                  const char *method,
                  const char *type,
                  GError **error)
{
    VtCall call = { .method = method, .type = type };
    return vt_connection_call(connection, side, &call, error);
}
