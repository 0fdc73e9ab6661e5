/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/system-bus.h"

#include "bus/bus-place.h"

#define MOST_DOUBLINGS 6

/* A connection that is being made. It ends by itself, also when the bus is freed before. */
typedef struct {
    VtSystemBus *bus; /* NULL: nobody waits for it any more */
    GCancellable *cancellable;
} Attempt;

struct VtSystemBus {
    char *address;
    VtSystemBusParams params;
    VtGate *gate;
    Attempt *attempt;            /* NULL: none is under way */
    GDBusConnection *connection; /* NULL: none (yet) */
    guint object_id;
    guint name_id;
    gulong closed_id;
    guint retry_id;
    unsigned n_failures; /* in a row */
    bool has_name;
};

static void try_connect(VtSystemBus *bus);

static void
disconnect(VtSystemBus *bus)
{
    if (bus->connection == NULL)
        return;
    g_clear_handle_id(&bus->name_id, g_bus_unown_name);
    if (bus->object_id != 0)
        g_dbus_connection_unregister_object(bus->connection, bus->object_id);
    bus->object_id = 0;
    g_clear_signal_handler(&bus->closed_id, bus->connection);
    /* Not waited for: a bus that hangs must not hang the daemon. */
    g_dbus_connection_close(bus->connection, NULL, NULL, NULL);
    g_clear_object(&bus->connection);
    bus->has_name = false;
}

static gboolean
on_retry(gpointer user_data)
{
    VtSystemBus *bus = user_data;
    bus->retry_id = 0;
    try_connect(bus);
    return G_SOURCE_REMOVE;
}

/* Each attempt wakes two threads: where there never is a bus they become rare. */
static void
try_later(VtSystemBus *bus)
{
    disconnect(bus);
    if (bus->retry_id == 0)
        bus->retry_id = g_timeout_add(bus->params.retry_ms << bus->n_failures, on_retry, bus);
    bus->n_failures = MIN(bus->n_failures + 1, MOST_DOUBLINGS);
}

static void
on_closed(GDBusConnection *connection, gboolean by_remote, GError *error, gpointer user_data)
{
    (void)connection;
    (void)by_remote;
    (void)error;
    try_later(user_data);
}

static void
on_name_acquired(GDBusConnection *connection, const char *name, gpointer user_data)
{
    VtSystemBus *bus = user_data;
    (void)connection;
    (void)name;
    bus->has_name = true;
}

/* Refused by the bus's policy, or another daemon has it; the bus hands it on when that ends. */
static void
on_name_lost(GDBusConnection *connection, const char *name, gpointer user_data)
{
    VtSystemBus *bus = user_data;
    (void)connection;
    (void)name;
    bus->has_name = false;
}

static void
serve(VtSystemBus *bus, GDBusConnection *connection)
{
    bus->connection = connection;
    bus->n_failures = 0;
    bus->closed_id = g_signal_connect(connection, "closed", G_CALLBACK(on_closed), bus);
    bus->object_id = vt_gate_export(bus->gate, connection, NULL);
    /* Nothing else is on this connection; it can only fail on one that is closed already. */
    if (bus->object_id == 0) {
        try_later(bus);
        return;
    }
    bus->name_id =
        g_bus_own_name_on_connection(connection, bus->params.name, G_BUS_NAME_OWNER_FLAGS_NONE,
                                     on_name_acquired, on_name_lost, bus, NULL);
}

static void
on_connected(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Attempt *attempt = user_data;
    VtSystemBus *bus = attempt->bus;
    /* Why it failed is no matter: it is tried again. */
    g_autoptr(GDBusConnection) connection =
        g_dbus_connection_new_for_address_finish(result, NULL);
    (void)source;

    g_object_unref(attempt->cancellable);
    g_free(attempt);
    if (bus == NULL)
        return;
    bus->attempt = NULL;
    if (connection != NULL)
        serve(bus, g_steal_pointer(&connection));
    else
        try_later(bus);
}

static void
try_connect(VtSystemBus *bus)
{
    if (!vt_bus_place_is_there(bus->address)) {
        try_later(bus);
        return;
    }
    bus->attempt = g_new0(Attempt, 1);
    bus->attempt->bus = bus;
    bus->attempt->cancellable = g_cancellable_new();
    g_dbus_connection_new_for_address(bus->address,
                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                      NULL, bus->attempt->cancellable, on_connected,
                                      bus->attempt);
}

VtSystemBus *
vt_system_bus_new(const VtSystemBusParams *params, VtGate *gate)
{
    VtSystemBus *bus = g_new0(VtSystemBus, 1);
    bus->params = *params;
    bus->gate = gate;
    bus->address =
        g_strdup(params->address != NULL ? params->address : vt_bus_place_find_system());
    try_connect(bus);
    return bus;
}

void
vt_system_bus_free(VtSystemBus *bus)
{
    if (bus == NULL)
        return;
    if (bus->attempt != NULL) {
        bus->attempt->bus = NULL;
        g_cancellable_cancel(bus->attempt->cancellable);
    }
    g_clear_handle_id(&bus->retry_id, g_source_remove);
    disconnect(bus);
    g_free(bus->address);
    g_free(bus);
}

bool
vt_system_bus_has_name(const VtSystemBus *bus)
{
    return bus->has_name;
}
