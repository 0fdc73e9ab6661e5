/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/hints/sleep.h"

#define LOGIND_NAME      "org.freedesktop.login1"
#define LOGIND_PATH      "/org/freedesktop/login1"
#define LOGIND_INTERFACE "org.freedesktop.login1.Manager"

typedef struct {
    GCancellable *connecting;
    GDBusConnection *connection; /* NULL: none (yet) */
    guint subscription;
    VtHintFunc on_hint;
    void *user_data;
} SleepHint;

static void
on_prepare_for_sleep(GDBusConnection *connection,
                     const char *sender,
                     const char *path,
                     const char *interface,
                     const char *signal,
                     GVariant *parameters,
                     gpointer user_data)
{
    const SleepHint *source = user_data;
    gboolean is_before = FALSE;
    (void)connection;
    (void)sender;
    (void)path;
    (void)interface;
    (void)signal;
    if (!g_variant_is_of_type(parameters, G_VARIANT_TYPE("(b)")))
        return;
    g_variant_get(parameters, "(b)", &is_before);
    VtHint hint = {
        .name = is_before ? "sleep-begins" : "sleep-ended",
        .is_strong = !is_before,
        .allows_backward = !is_before,
    };
    source->on_hint(&hint, source->user_data);
}

static void
listen_on(SleepHint *source, GDBusConnection *connection)
{
    bool is_bus = g_dbus_connection_get_unique_name(connection) != NULL;
    source->connection = g_object_ref(connection);
    source->subscription = g_dbus_connection_signal_subscribe(
        connection, is_bus ? LOGIND_NAME : NULL, LOGIND_INTERFACE, "PrepareForSleep",
        LOGIND_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_prepare_for_sleep, source, NULL);
}

static void
on_bus(GObject *object, GAsyncResult *result, gpointer user_data)
{
    SleepHint *source = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GDBusConnection) connection = g_bus_get_finish(result, &error);
    (void)object;
    /* Cancelled: the source is gone. */
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (connection == NULL)
        return;
    /* A bus that ends must not take the clock's daemon with it. */
    g_dbus_connection_set_exit_on_close(connection, FALSE);
    listen_on(source, connection);
}

static void
sleep_free(void *instance)
{
    SleepHint *source = instance;
    g_cancellable_cancel(source->connecting);
    g_object_unref(source->connecting);
    if (source->connection != NULL) {
        g_dbus_connection_signal_unsubscribe(source->connection, source->subscription);
        g_object_unref(source->connection);
    }
    g_free(source);
}

static const VtHintKind sleep_kind = {
    .name = "sleep",
    .free = sleep_free,
};

static SleepHint *
make(VtHintFunc on_hint, void *user_data)
{
    SleepHint *source = g_new0(SleepHint, 1);
    source->connecting = g_cancellable_new();
    source->on_hint = on_hint;
    source->user_data = user_data;
    return source;
}

VtHintSource
vt_hint_sleep_new(VtHintFunc on_hint, void *user_data)
{
    SleepHint *source = make(on_hint, user_data);
    g_bus_get(G_BUS_TYPE_SYSTEM, source->connecting, on_bus, source);
    return (VtHintSource){ .kind = &sleep_kind, .instance = source };
}

VtHintSource
vt_hint_sleep_new_on(GDBusConnection *connection, VtHintFunc on_hint, void *user_data)
{
    SleepHint *source = make(on_hint, user_data);
    listen_on(source, connection);
    return (VtHintSource){ .kind = &sleep_kind, .instance = source };
}
