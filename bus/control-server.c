/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/control-server.h"

#include <errno.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "base/error.h"

/*
 * Everyone on the machine may connect, so each thing a client can make the daemon hold is
 * bounded. GDBusServer has no bound on clients that never finish their authentication and gives
 * each of them a thread; hence a plain socket service here.
 */
#define MAX_PEERS 32
/* Authentication blocks a thread of GLib's task pool, which has ten of them for everybody. */
#define MAX_NEWCOMERS          4
#define AUTHENTICATION_TIME_MS 2000
/* More calls than this on one connection close it: answers nobody reads pile up in memory. */
#define MAX_MESSAGES 256

struct VtControlServer {
    char *path;
    GSocketService *service; /* NULL until the socket listens */
    dev_t device;            /* of the socket, to remove no other than our own */
    ino_t inode;
    VtGate *gate;
    GDBusAuthObserver *observer;
    char *guid;
    GPtrArray *peers; /* of Peer; owned by the server or, while newcomers, by their callback */
    unsigned n_newcomers;
};

/* A client. A newcomer, which has yet to authenticate, has no connection. */
typedef struct {
    VtControlServer *server; /* NULL once the server is gone */
    GCancellable *cancellable;
    GDBusConnection *connection;
    guint object_id; /* 0: not served (yet) */
    unsigned timeout_id;
    gulong closed_id;
} Peer;

static void
peer_free(Peer *peer)
{
    g_clear_handle_id(&peer->timeout_id, g_source_remove);
    if (peer->connection != NULL) {
        g_clear_signal_handler(&peer->closed_id, peer->connection);
        if (peer->object_id != 0)
            g_dbus_connection_unregister_object(peer->connection, peer->object_id);
        g_dbus_connection_close(peer->connection, NULL, NULL, NULL);
    }
    g_clear_object(&peer->connection);
    g_clear_object(&peer->cancellable);
    g_free(peer);
}

static void
remove_peer(Peer *peer)
{
    g_ptr_array_remove_fast(peer->server->peers, peer);
    peer_free(peer);
}

static void
on_connection_closed(GDBusConnection *connection,
                     gboolean by_remote,
                     GError *error,
                     gpointer user_data)
{
    (void)connection;
    (void)by_remote;
    (void)error;
    remove_peer(user_data);
}

/* Runs in GDBus's worker thread, the only one that touches the counter. */
static GDBusMessage *
on_message(GDBusConnection *connection,
           GDBusMessage *message,
           gboolean incoming,
           gpointer user_data)
{
    unsigned *n_messages = user_data;

    if (!incoming || (*n_messages)++ < MAX_MESSAGES)
        return message;
    g_dbus_connection_close(connection, NULL, NULL, NULL);
    g_object_unref(message);
    return NULL;
}

static bool
serve_peer(Peer *peer)
{
    VtControlServer *server = peer->server;

    /* It can only fail for an object that stands at this path already: not on a new connection. */
    peer->object_id = vt_gate_export(server->gate, peer->connection, NULL);
    if (peer->object_id == 0)
        return false;
    g_dbus_connection_add_filter(peer->connection, on_message, g_new0(unsigned, 1), g_free);
    peer->closed_id =
        g_signal_connect(peer->connection, "closed", G_CALLBACK(on_connection_closed), peer);
    g_dbus_connection_start_message_processing(peer->connection);
    return !g_dbus_connection_is_closed(peer->connection);
}

static void
on_authenticated(GObject *source, GAsyncResult *result, gpointer user_data)
{
    (void)source;
    Peer *peer = user_data;
    /* A client that could not or would not authenticate is no news: it sees the hang-up. */
    GDBusConnection *connection = g_dbus_connection_new_finish(result, NULL);

    if (peer->server == NULL) {
        if (connection != NULL)
            g_dbus_connection_close(connection, NULL, NULL, NULL);
        g_clear_object(&connection);
        peer_free(peer);
        return;
    }

    peer->server->n_newcomers--;
    g_clear_handle_id(&peer->timeout_id, g_source_remove);
    peer->connection = connection;
    if (connection == NULL || !serve_peer(peer))
        remove_peer(peer);
}

static gboolean
on_authentication_late(gpointer user_data)
{
    Peer *peer = user_data;

    peer->timeout_id = 0;
    g_cancellable_cancel(peer->cancellable);
    return G_SOURCE_REMOVE;
}

static gboolean
on_client(GSocketService *service,
          GSocketConnection *stream,
          GObject *source,
          gpointer user_data)
{
    (void)service;
    (void)source;
    VtControlServer *server = user_data;

    if (server->peers->len >= MAX_PEERS || server->n_newcomers >= MAX_NEWCOMERS) {
        (void)g_io_stream_close(G_IO_STREAM(stream), NULL, NULL); /* unref closes it anyway */
        return TRUE;
    }

    Peer *peer = g_new0(Peer, 1);
    peer->server = server;
    peer->cancellable = g_cancellable_new();
    peer->timeout_id = g_timeout_add(AUTHENTICATION_TIME_MS, on_authentication_late, peer);
    g_ptr_array_add(server->peers, peer);
    server->n_newcomers++;
    g_dbus_connection_new(G_IO_STREAM(stream), server->guid,
                          G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                              G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                          server->observer, peer->cancellable, on_authenticated, peer);
    return TRUE;
}

/*
 * EXTERNAL alone, which tells who the client is by the credentials of its socket. Any user is
 * welcome: the mode of the socket has decided who gets this far.
 */
static gboolean
on_mechanism(GDBusAuthObserver *observer, const char *mechanism, gpointer user_data)
{
    (void)observer;
    (void)user_data;
    return g_str_equal(mechanism, "EXTERNAL");
}

/* Somebody listens on @address, or it cannot be told: false. */
static bool
check_unattended(GSocketAddress *address, const char *path, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GSocket) socket = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, error);
    if (socket == NULL)
        return false;

    g_socket_set_blocking(socket, FALSE);
    if (g_socket_connect(socket, address, NULL, &local) ||
        g_error_matches(local, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK) ||
        g_error_matches(local, G_IO_ERROR, G_IO_ERROR_PENDING)) {
        g_set_error(error, VT_ERROR, VT_ERROR_BUSY,
                    "another daemon answers on '%s'; stop it first", path);
        return false;
    }
    if (g_error_matches(local, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED) ||
        g_error_matches(local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        return true;
    g_propagate_prefixed_error(error, g_steal_pointer(&local), "cannot probe '%s': ", path);
    return false;
}

/* Removes the socket that a dead daemon left; nothing there is fine too. */
static bool
remove_dead_socket(GSocketAddress *address, const char *path, GError **error)
{
    struct stat status;

    if (lstat(path, &status) < 0)
        return errno == ENOENT || vt_error_set_errno(error, errno, "cannot look at '%s'", path);
    if (!S_ISSOCK(status.st_mode)) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "'%s' is not a socket", path);
        return false;
    }
    if (!check_unattended(address, path, error))
        return false;
    if (unlink(path) < 0 && errno != ENOENT)
        return vt_error_set_errno(error, errno, "cannot remove dead socket '%s'", path);
    return true;
}

static bool
make_folder(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);

    if (g_mkdir_with_parents(folder, 0755) < 0)
        return vt_error_set_errno(error, errno, "cannot make folder '%s'", folder);
    return true;
}

/* The mode is set before listen: nobody connects under a mode that is not meant. */
static GSocket *
open_socket(VtControlServer *server, mode_t mode, GError **error)
{
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(server->path);
    g_autoptr(GSocket) socket = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, error);
    struct stat status;

    if (socket == NULL || !make_folder(server->path, error) ||
        !remove_dead_socket(address, server->path, error) ||
        !g_socket_bind(socket, address, FALSE, error))
        return NULL;
    if (chmod(server->path, mode) < 0 || lstat(server->path, &status) < 0) {
        int reason = errno;
        (void)unlink(server->path); /* the failure to report is the one before */
        (void)vt_error_set_errno(error, reason, "cannot set the mode of '%s'", server->path);
        return NULL;
    }
    server->device = status.st_dev;
    server->inode = status.st_ino;
    return g_socket_listen(socket, error) ? g_steal_pointer(&socket) : NULL;
}

VtControlServer *
vt_control_server_new(const char *path, mode_t mode, VtGate *gate, GError **error)
{
    g_autoptr(VtControlServer) server = g_new0(VtControlServer, 1);

    server->path = g_strdup(path);
    server->gate = gate;
    server->peers = g_ptr_array_new();
    server->observer = g_dbus_auth_observer_new();
    g_signal_connect(server->observer, "allow-mechanism", G_CALLBACK(on_mechanism), NULL);

    g_autoptr(GSocket) socket = open_socket(server, mode, error);
    if (socket == NULL) {
        g_prefix_error(error, "cannot serve '%s': ", path);
        return NULL;
    }
    server->guid = g_dbus_generate_guid();
    server->service = g_socket_service_new();
    g_signal_connect(server->service, "incoming", G_CALLBACK(on_client), server);
    if (!g_socket_listener_add_socket(G_SOCKET_LISTENER(server->service), socket, NULL, error))
        return NULL;
    return g_steal_pointer(&server);
}

bool
vt_control_server_set_group(VtControlServer *server, const char *group, GError **error)
{
    const struct group *entry = getgrnam(group);
    if (entry == NULL) {
        g_set_error(error, VT_ERROR, VT_ERROR_NOT_FOUND, "there is no group '%s'", group);
        return false;
    }
    if (lchown(server->path, (uid_t)-1, entry->gr_gid) == 0)
        return true;
    return vt_error_set_errno(error, errno, "cannot give '%s' to the group '%s'", server->path,
                              group);
}

static void
remove_own_socket(const VtControlServer *server)
{
    struct stat status;

    if (server->inode != 0 && lstat(server->path, &status) == 0 &&
        status.st_dev == server->device && status.st_ino == server->inode)
        (void)unlink(server->path); /* a socket left behind is replaced at the next start */
}

void
vt_control_server_free(VtControlServer *server)
{
    if (server == NULL)
        return;

    if (server->service != NULL) {
        g_signal_handlers_disconnect_by_data(server->service, server);
        g_socket_service_stop(server->service);
        g_socket_listener_close(G_SOCKET_LISTENER(server->service));
    }
    remove_own_socket(server);
    for (unsigned i = 0; i < server->peers->len; i++) {
        Peer *peer = g_ptr_array_index(server->peers, i);
        if (peer->connection != NULL) {
            peer_free(peer);
            continue;
        }
        /* on_authenticated frees it, whenever that comes. */
        peer->server = NULL;
        g_clear_handle_id(&peer->timeout_id, g_source_remove);
        g_cancellable_cancel(peer->cancellable);
    }
    g_ptr_array_unref(server->peers);
    g_clear_object(&server->service);
    g_clear_object(&server->observer);
    g_free(server->guid);
    g_free(server->path);
    g_free(server);
}
