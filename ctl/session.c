/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/session.h"

#include <stdbool.h>

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>

#include "base/error.h"
#include "bus/control-path.h"

/* A daemon answers from memory; one that is silent for so long hangs. */
#define TIMEOUT_SEC 5

/* Below what a daemon answers on one connection. */
#define MOST_CALLS 100

/* On the bus somebody may have to type a password first. */
#define BUS_TIMEOUT_SEC 120

struct VtSession {
    VtSide side;
    char *path;                  /* NULL: by default, and the system bus may stand in */
    GDBusConnection *connection; /* NULL: none (any more) */
    bool is_bus;
    unsigned n_calls; /* on this connection */
};

typedef struct {
    const char *daemon;
    const char *interface;
    const char *object_path;
    const char *bus_name;
    const char *(*get_path)(void);
} Side;

static const Side sides[] = {
    [VT_SIDE_AGENT] = {
        .daemon = "virt-time-agent",
        .interface = "org.virttime.Agent1",
        .object_path = VT_AGENT_OBJECT_PATH,
        .bus_name = VT_AGENT_BUS_NAME,
        .get_path = vt_control_path_agent,
    },
    [VT_SIDE_HOST] = {
        .daemon = "virt-time-hostd",
        .interface = "org.virttime.Host1",
        .object_path = VT_HOST_OBJECT_PATH,
        .bus_name = VT_HOST_BUS_NAME,
        .get_path = vt_control_path_host,
    },
};

static const char *
get_path(const VtSession *session)
{
    return session->path != NULL ? session->path : sides[session->side].get_path();
}

static void
explain_no_connection(const VtSession *session, GError *cause, GError **error)
{
    const char *daemon = sides[session->side].daemon;
    const char *path = get_path(session);

    if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
        g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
        g_set_error(error, VT_ERROR, VT_ERROR_NOT_FOUND,
                    "%s is not running (nobody answers on '%s'); "
                    "start it with 'systemctl start %s'",
                    daemon, path, daemon);
    else if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
        g_set_error(error, VT_ERROR, VT_ERROR_DENIED,
                    "no permission to ask %s on '%s'; become a member of the group '%s', or "
                    "try again with sudo",
                    daemon, path, VT_ADMIN_GROUP);
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

/* The bus, if the daemon is on it; NULL without a word if not. Transfer full. */
static GDBusConnection *
connect_to_bus(VtSide side)
{
    g_autoptr(GDBusConnection) bus = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, NULL);
    if (bus == NULL)
        return NULL;

    g_dbus_connection_set_exit_on_close(bus, FALSE);
    g_autoptr(GVariant) owner = g_dbus_connection_call_sync(
        bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "GetNameOwner", g_variant_new("(s)", sides[side].bus_name), G_VARIANT_TYPE("(s)"),
        G_DBUS_CALL_FLAGS_NONE, TIMEOUT_SEC * 1000, NULL, NULL);
    return owner != NULL ? g_steal_pointer(&bus) : NULL;
}

static bool
switch_to_bus(VtSession *session)
{
    if (session->path != NULL || session->is_bus)
        return false;
    GDBusConnection *bus = connect_to_bus(session->side);
    if (bus == NULL)
        return false;
    g_clear_object(&session->connection);
    session->connection = bus;
    session->is_bus = true;
    return true;
}

static bool
open_session(VtSession *session, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (session->connection != NULL && (g_dbus_connection_is_closed(session->connection) ||
                                        (!session->is_bus && session->n_calls >= MOST_CALLS)))
        g_clear_object(&session->connection);
    if (session->connection != NULL)
        return true;
    session->is_bus = false;
    session->n_calls = 0;
    session->connection = connect_to(get_path(session), &cause);
    if (session->connection != NULL || switch_to_bus(session))
        return true;
    explain_no_connection(session, cause, error);
    return false;
}

VtSession *
vt_session_new(VtSide side, const char *path)
{
    VtSession *session = g_new0(VtSession, 1);
    session->side = side;
    session->path = g_strdup(path);
    return session;
}

void
vt_session_free(VtSession *session)
{
    if (session == NULL)
        return;
    g_clear_object(&session->connection);
    g_free(session->path);
    g_free(session);
}

static void
explain_no_answer(const VtSession *session, GError *cause, const char *method, GError **error)
{
    bool is_denied = g_error_matches(cause, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED);
    bool is_refused = g_error_matches(cause, G_DBUS_ERROR, G_DBUS_ERROR_FAILED);

    (void)g_dbus_error_strip_remote_error(cause); /* false: it was no remote one */
    if (is_denied || is_refused)
        g_set_error(error, VT_ERROR, is_denied ? VT_ERROR_DENIED : VT_ERROR_FAILED, "%s: %s",
                    sides[session->side].daemon, cause->message);
    else
        g_set_error(error, VT_ERROR, VT_ERROR_FAILED, "%s does not answer %s: %s",
                    sides[session->side].daemon, method, cause->message);
}

static GVariant *
send_call(const VtSession *session, const VtCall *call, GError **error)
{
    const Side *side = &sides[session->side];
    g_autofree char *reply_type = g_strdup_printf("(%s)", call->type != NULL ? call->type : "");

    return g_dbus_connection_call_sync(
        session->connection, session->is_bus ? side->bus_name : NULL, side->object_path,
        side->interface, call->method, call->arguments, G_VARIANT_TYPE(reply_type),
        session->is_bus ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION
                        : G_DBUS_CALL_FLAGS_NONE,
        (session->is_bus ? BUS_TIMEOUT_SEC : TIMEOUT_SEC) * 1000, NULL, error);
}

static GVariant *
talk(VtSession *session, const VtCall *call, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GVariant) reply = send_call(session, call, &cause);

    session->n_calls++;
    /* Who may not on the socket may still know a password. */
    if (g_error_matches(cause, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED) &&
        switch_to_bus(session)) {
        g_clear_error(&cause);
        reply = send_call(session, call, &cause);
    }
    if (reply != NULL)
        return g_steal_pointer(&reply);
    explain_no_answer(session, cause, call->method, error);
    if (!g_error_matches(cause, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
        g_clear_object(&session->connection); /* what comes next begins anew */
    return NULL;
}

GVariant *
vt_session_call(VtSession *session, const VtCall *call, GError **error)
{
    /* Kept for a second try on the bus. */
    g_autoptr(GVariant) arguments =
        call->arguments != NULL ? g_variant_ref_sink(call->arguments) : NULL;

    if (!open_session(session, error))
        return NULL;
    g_autoptr(GVariant) reply = talk(session, call, error);
    if (reply == NULL)
        return NULL;
    if (call->type == NULL)
        return g_steal_pointer(&reply);
    return g_variant_get_child_value(reply, 0);
}

GVariant *
vt_session_ask(VtSession *session, const char *method, const char *type, GError **error)
{
    VtCall call = { .method = method, .type = type };
    return vt_session_call(session, &call, error);
}
