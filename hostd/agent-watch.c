/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/agent-watch.h"

#include <unistd.h>

#include <gio/gio.h>

#include "bus/bus-agent1.h"
#include "bus/control-path.h"
#include "proto/ntp-packet.h"

#define STALE_AFTER_NS (5 * VT_NS_PER_SEC)
#define TIMEOUT_MS     2000

/* Below what the agent answers on one connection. */
#define MOST_CALLS 100

/* The agent's word for a clock that it steers alone. */
#define ROLE_OWN "own"

struct VtAgentWatch {
    char *path;
    VtClock *clock;
    GCancellable *cancellable;
    GDBusConnection *connection; /* NULL: none (any more) */
    unsigned n_calls;            /* on it */
    bool is_asked;               /* and has not answered, or is being connected to */
    bool is_known;
    VtMono told_at;
    VtAgentWord word;
};

VtAgentWatch *
vt_agent_watch_new(const char *path, VtClock *clock)
{
    VtAgentWatch *watch = g_new0(VtAgentWatch, 1);
    watch->path = g_strdup(path);
    watch->clock = clock;
    watch->cancellable = g_cancellable_new();
    return watch;
}

static void
hang_up(VtAgentWatch *watch)
{
    if (watch->connection != NULL)
        g_dbus_connection_close(watch->connection, NULL, NULL, NULL);
    g_clear_object(&watch->connection);
    watch->n_calls = 0;
}

void
vt_agent_watch_free(VtAgentWatch *watch)
{
    if (watch == NULL)
        return;
    g_cancellable_cancel(watch->cancellable);
    g_object_unref(watch->cancellable);
    hang_up(watch);
    g_free(watch->path);
    g_free(watch);
}

/* False: it says nothing of use. */
static bool
read_word(GVariant *tracking, VtAgentWord *ret_word)
{
    gboolean is_synchronised = FALSE;
    guint32 stratum = 0, reference_id = 0;
    const char *role = "";

    (void)g_variant_lookup(tracking, "synchronised", "b", &is_synchronised);
    (void)g_variant_lookup(tracking, "role", "&s", &role);
    (void)g_variant_lookup(tracking, "stratum", "u", &stratum);
    (void)g_variant_lookup(tracking, "reference-id", "u", &reference_id);
    if (!is_synchronised || !g_str_equal(role, ROLE_OWN) || stratum == 0 ||
        stratum >= VT_NTP_STRATUM_UNSYNCHRONISED)
        return false;
    *ret_word = (VtAgentWord){ .stratum = (uint8_t)stratum, .reference_id = reference_id };
    return true;
}

static void
on_answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
    /* The watch is gone. */
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;

    VtAgentWatch *watch = user_data;
    watch->is_asked = false;
    if (answer == NULL) {
        hang_up(watch);
        return;
    }
    g_autoptr(GVariant) tracking = g_variant_get_child_value(answer, 0);
    watch->is_known = read_word(tracking, &watch->word);
    watch->told_at = vt_clock_read_boot(watch->clock);
}

static void
call(VtAgentWatch *watch)
{
    watch->is_asked = true;
    watch->n_calls += 1;
    g_dbus_connection_call(watch->connection, NULL, VT_AGENT_OBJECT_PATH, "org.virttime.Agent1",
                           "GetTracking", NULL, G_VARIANT_TYPE("(a{sv})"),
                           G_DBUS_CALL_FLAGS_NONE, TIMEOUT_MS, watch->cancellable, on_answered,
                           watch);
}

static void
on_connected(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    GDBusConnection *connection = g_dbus_connection_new_for_address_finish(result, &error);
    (void)source;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;

    VtAgentWatch *watch = user_data;
    watch->is_asked = false;
    watch->connection = connection;
    if (connection != NULL)
        call(watch);
}

void
vt_agent_watch_ask(VtAgentWatch *watch)
{
    if (watch->is_asked)
        return;
    if (watch->connection != NULL &&
        (watch->n_calls >= MOST_CALLS || g_dbus_connection_is_closed(watch->connection)))
        hang_up(watch);
    if (watch->connection != NULL) {
        call(watch);
        return;
    }
    if (access(watch->path, F_OK) < 0)
        return;
    g_autofree char *address = vt_control_path_to_address(watch->path);
    watch->is_asked = true;
    g_dbus_connection_new_for_address(address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
                                      NULL, watch->cancellable, on_connected, watch);
}

bool
vt_agent_watch_get(VtAgentWatch *watch, VtAgentWord *ret_word)
{
    VtNs age_ns = vt_mono_diff(vt_clock_read_boot(watch->clock), watch->told_at);
    if (!watch->is_known || age_ns > STALE_AFTER_NS)
        return false;
    *ret_word = watch->word;
    return true;
}
