/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/gate.h"

#include <errno.h>
#include <grp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/polkit.h"

/* Each holds a call and its arguments: whoever floods the gate is sent away. */
#define MOST_WAITING 32
#define MOST_GROUPS  128
#define BUS_MS       5000

struct VtGate {
    GDBusInterfaceSkeleton *object;
    char *object_path;
    const VtGateRule *rules;
    bool (*trusts)(const VtGateCaller *caller); /* NULL: as vt_gate_knows says */
    gid_t admin_gid;                            /* (gid_t)-1: there is no such group */
    GCancellable *cancellable;
    unsigned n_waiting;
};

/* A call that is not decided yet. */
typedef struct {
    VtGate *gate;
    GDBusMethodInvocation *invocation; /* owned until it is answered */
    const VtGateRule *rule;
} Waiting;

static gid_t
find_admin_group(void)
{
    const struct group *entry = getgrnam(VT_ADMIN_GROUP);
    return entry != NULL ? entry->gr_gid : (gid_t)-1;
}

VtGate *
vt_gate_new(const VtGateParams *params)
{
    VtGate *gate = g_new0(VtGate, 1);
    gate->object = g_object_ref(params->object);
    gate->object_path = g_strdup(params->object_path);
    gate->rules = params->rules;
    gate->trusts = params->trusts;
    gate->admin_gid = find_admin_group();
    gate->cancellable = g_cancellable_new();
    return gate;
}

void
vt_gate_free(VtGate *gate)
{
    if (gate == NULL)
        return;
    g_cancellable_cancel(gate->cancellable);
    g_object_unref(gate->cancellable);
    g_object_unref(gate->object);
    g_free(gate->object_path);
    g_free(gate);
}

bool
vt_gate_knows(const VtGateCaller *caller, uid_t owner, gid_t admin_gid)
{
    if (caller->uid == (uid_t)-1)
        return false;
    if (caller->uid == 0 || caller->uid == owner)
        return true;
    for (size_t i = 0; admin_gid != (gid_t)-1 && i < caller->n_gids; i++) {
        if (caller->gids[i] == admin_gid)
            return true;
    }
    return false;
}

static bool
is_trusted(const VtGate *gate, const VtGateCaller *caller)
{
    if (gate->trusts != NULL)
        return gate->trusts(caller);
    return vt_gate_knows(caller, geteuid(), gate->admin_gid);
}

/* The object itself handles it, and answers. */
static void
let_through(VtGate *gate, GDBusMethodInvocation *invocation)
{
    const GDBusInterfaceVTable *vtable = g_dbus_interface_skeleton_get_vtable(gate->object);

    vtable->method_call(g_dbus_method_invocation_get_connection(invocation),
                        g_dbus_method_invocation_get_sender(invocation),
                        g_dbus_method_invocation_get_object_path(invocation),
                        g_dbus_method_invocation_get_interface_name(invocation),
                        g_dbus_method_invocation_get_method_name(invocation),
                        g_dbus_method_invocation_get_parameters(invocation), invocation,
                        gate->object);
}

static void
turn_away(GDBusMethodInvocation *invocation)
{
    g_dbus_method_invocation_return_error_literal(
        invocation, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED,
        "only root and members of the group '" VT_ADMIN_GROUP "' may do that; try again with "
        "sudo");
}

static void
decide(VtGate *gate, GDBusMethodInvocation *invocation, bool is_allowed)
{
    if (is_allowed)
        let_through(gate, invocation);
    else
        turn_away(invocation);
}

/* Groups as the kernel keeps them for the socket: no look into a directory that may hang. */
static size_t
read_groups(GDBusConnection *connection, gid_t gids[MOST_GROUPS])
{
    GIOStream *stream = g_dbus_connection_get_stream(connection);
    socklen_t n_bytes = MOST_GROUPS * sizeof gids[0];

    if (!G_IS_SOCKET_CONNECTION(stream))
        return 0;
    GSocket *socket = g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream));
    if (getsockopt(g_socket_get_fd(socket), SOL_SOCKET, SO_PEERGROUPS, gids, &n_bytes) < 0)
        return 0;
    return n_bytes / sizeof gids[0];
}

/* Only the primary group is not among them. */
static gid_t
read_primary_group(GDBusConnection *connection)
{
    GIOStream *stream = g_dbus_connection_get_stream(connection);
    struct ucred credentials;
    socklen_t n_bytes = sizeof credentials;

    if (!G_IS_SOCKET_CONNECTION(stream))
        return (gid_t)-1;
    GSocket *socket = g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream));
    if (getsockopt(g_socket_get_fd(socket), SOL_SOCKET, SO_PEERCRED, &credentials, &n_bytes) <
        0)
        return (gid_t)-1;
    return credentials.gid;
}

static bool
knows_peer(const VtGate *gate, GDBusConnection *connection)
{
    GCredentials *credentials = g_dbus_connection_get_peer_credentials(connection);
    gid_t gids[MOST_GROUPS + 1];
    size_t n_gids = read_groups(connection, gids);

    gids[n_gids] = read_primary_group(connection);
    VtGateCaller caller = {
        .uid = credentials != NULL ? g_credentials_get_unix_user(credentials, NULL) : (uid_t)-1,
        .gids = gids,
        .n_gids = n_gids + 1,
    };
    return is_trusted(gate, &caller);
}

static Waiting *
waiting_new(VtGate *gate, GDBusMethodInvocation *invocation, const VtGateRule *rule)
{
    Waiting *waiting = g_new0(Waiting, 1);
    waiting->gate = gate;
    waiting->invocation = invocation;
    waiting->rule = rule;
    gate->n_waiting++;
    return waiting;
}

/* True, and everything is freed: the gate is gone meanwhile. */
static bool
is_over(Waiting *waiting, const GError *error)
{
    if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return false;
    g_dbus_method_invocation_return_error_literal(waiting->invocation, G_DBUS_ERROR,
                                                  G_DBUS_ERROR_FAILED, "the daemon ends");
    g_free(waiting);
    return true;
}

static void
end_waiting(Waiting *waiting, bool is_allowed)
{
    waiting->gate->n_waiting--;
    decide(waiting->gate, waiting->invocation, is_allowed);
    g_free(waiting);
}

static void
on_polkit(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    bool is_allowed = vt_polkit_check_finish(G_DBUS_CONNECTION(source), result, &error);

    if (!is_over(user_data, error))
        end_waiting(user_data, is_allowed);
}

static void
ask_polkit(Waiting *waiting)
{
    GDBusMessage *message = g_dbus_method_invocation_get_message(waiting->invocation);
    VtPolkitQuestion question = {
        .action = waiting->rule->action,
        .sender = g_dbus_method_invocation_get_sender(waiting->invocation),
        .is_interactive = (g_dbus_message_get_flags(message) &
                           G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION) != 0,
    };
    vt_polkit_check(g_dbus_method_invocation_get_connection(waiting->invocation), &question,
                    waiting->gate->cancellable, on_polkit, waiting);
}

static bool
knows_credentials(const VtGate *gate, GVariant *credentials)
{
    guint32 uid = (guint32)-1;
    size_t n_gids = 0;
    g_autoptr(GVariant) groups =
        g_variant_lookup_value(credentials, "UnixGroupIDs", G_VARIANT_TYPE("au"));
    const void *gids =
        groups != NULL ? g_variant_get_fixed_array(groups, &n_gids, sizeof(guint32)) : NULL;

    G_STATIC_ASSERT(sizeof(gid_t) == sizeof(guint32));
    (void)g_variant_lookup(credentials, "UnixUserID", "u", &uid); /* absent: nobody */
    VtGateCaller caller = { .uid = uid, .gids = gids, .n_gids = n_gids };
    return is_trusted(gate, &caller);
}

static void
on_credentials(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Waiting *waiting = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    if (is_over(waiting, error))
        return;

    g_autoptr(GVariant) credentials =
        reply != NULL ? g_variant_get_child_value(reply, 0) : NULL;
    if (credentials != NULL && knows_credentials(waiting->gate, credentials))
        end_waiting(waiting, true);
    else
        ask_polkit(waiting);
}

static void
ask_bus(VtGate *gate, GDBusMethodInvocation *invocation, const VtGateRule *rule)
{
    if (gate->n_waiting >= MOST_WAITING) {
        g_dbus_method_invocation_return_error_literal(
            invocation, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED,
            "too many others wait for polkit; try again later");
        return;
    }
    g_dbus_connection_call(
        g_dbus_method_invocation_get_connection(invocation), "org.freedesktop.DBus",
        "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionCredentials",
        g_variant_new("(s)", g_dbus_method_invocation_get_sender(invocation)),
        G_VARIANT_TYPE("(a{sv})"), G_DBUS_CALL_FLAGS_NONE, BUS_MS, gate->cancellable,
        on_credentials, waiting_new(gate, invocation, rule));
}

static const VtGateRule *
find_rule(const VtGate *gate, const char *method)
{
    for (const VtGateRule *rule = gate->rules; rule->method != NULL; rule++) {
        if (g_str_equal(rule->method, method))
            return rule;
    }
    return NULL;
}

static void
on_call(GDBusConnection *connection,
        const char *sender,
        const char *object_path,
        const char *interface,
        const char *method,
        GVariant *parameters,
        GDBusMethodInvocation *invocation,
        gpointer user_data)
{
    VtGate *gate = user_data;
    const VtGateRule *rule = find_rule(gate, method);
    (void)object_path;
    (void)interface;
    (void)parameters;

    if (rule == NULL)
        let_through(gate, invocation);
    else if (sender != NULL)
        ask_bus(gate, invocation, rule);
    else
        decide(gate, invocation, rule->kind == VT_GATE_READ || knows_peer(gate, connection));
}

guint
vt_gate_export(VtGate *gate, GDBusConnection *connection, GError **error)
{
    static const GDBusInterfaceVTable vtable = { .method_call = on_call };

    return g_dbus_connection_register_object(connection, gate->object_path,
                                             g_dbus_interface_skeleton_get_info(gate->object),
                                             &vtable, gate, NULL, error);
}
