/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/ctl/fake-daemon.h"

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "bus/bus-agent1.h"
#include "bus/bus-host1.h"
#include "bus/control-path.h"
#include "bus/control-server.h"

struct FakeDaemon {
    char *folder;
    char *agent_path;
    char *host_path;
    VtBusAgent1 *agent;
    VtBusHost1 *host;
    VtGate *agent_gate;
    VtGate *host_gate;
    VtControlServer *agent_server;
    VtControlServer *host_server;
    GVariant *tracking;
    GVariant *sources;
    GVariant *clocks;
    GVariant *host_facts;
    GVariant *guests;
    GVariant *clients;
    GVariant *counters;
    GVariant *journal;
    GVariant *ntp_data;
    GVariant *restarts;
    GString *changes; /* what was asked for, a line each */
    GVariant *later_tracking;
    unsigned n_to_later;
    unsigned n_asked;
    bool denies_changes;
    char *resynced;
};

static gboolean
on_get_tracking(VtBusAgent1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    if (daemon->later_tracking != NULL && daemon->n_to_later-- == 1) {
        g_variant_unref(daemon->tracking);
        daemon->tracking = g_steal_pointer(&daemon->later_tracking);
    }
    vt_bus_agent1_complete_get_tracking(object, invocation, daemon->tracking);
    return TRUE;
}

static gboolean
on_get_agent_journal(VtBusAgent1 *object,
                     GDBusMethodInvocation *invocation,
                     guint n_most,
                     gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    daemon->n_asked = n_most;
    vt_bus_agent1_complete_get_journal(object, invocation, daemon->journal);
    return TRUE;
}

static gboolean
on_get_host_journal(VtBusHost1 *object,
                    GDBusMethodInvocation *invocation,
                    guint n_most,
                    gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    daemon->n_asked = n_most;
    vt_bus_host1_complete_get_journal(object, invocation, daemon->journal);
    return TRUE;
}

/* The test is the daemon's own user; for another one the same error comes from elsewhere. */
static bool
may_change(FakeDaemon *daemon, GDBusMethodInvocation *invocation)
{
    if (!daemon->denies_changes)
        return true;
    g_dbus_method_invocation_return_error_literal(invocation, G_DBUS_ERROR,
                                                  G_DBUS_ERROR_ACCESS_DENIED, "only root may");
    return false;
}

static gboolean
on_resync(VtBusHost1 *object,
          GDBusMethodInvocation *invocation,
          const char *guest,
          gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    if (!may_change(daemon, invocation))
        return TRUE;
    g_free(daemon->resynced);
    daemon->resynced = g_strdup(guest);
    if (g_str_equal(guest, "web"))
        vt_bus_host1_complete_resync(object, invocation);
    else
        g_dbus_method_invocation_return_dbus_error(
            invocation, "org.freedesktop.DBus.Error.Failed", "no such guest");
    return TRUE;
}

static gboolean
on_set_frozen(VtBusHost1 *object,
              GDBusMethodInvocation *invocation,
              gboolean is_frozen,
              gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    if (!may_change(daemon, invocation))
        return TRUE;
    fake_daemon_set_host(daemon, is_frozen ? "{'frozen': <true>}" : "{'frozen': <false>}");
    vt_bus_host1_complete_set_frozen(object, invocation);
    return TRUE;
}

static gboolean
on_get_sources(VtBusAgent1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    vt_bus_agent1_complete_get_sources(object, invocation, daemon->sources);
    return TRUE;
}

static gboolean
on_get_clocks(VtBusAgent1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    vt_bus_agent1_complete_get_clocks(object, invocation, daemon->clocks);
    return TRUE;
}

static gboolean
on_get_host(VtBusHost1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    vt_bus_host1_complete_get_host(object, invocation, daemon->host_facts);
    return TRUE;
}

static gboolean
on_get_guests(VtBusHost1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    vt_bus_host1_complete_get_guests(object, invocation, daemon->guests);
    return TRUE;
}

static gboolean
on_get_ntp_clients(VtBusHost1 *object,
                   GDBusMethodInvocation *invocation,
                   guint n_most,
                   gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    daemon->n_asked = n_most;
    vt_bus_host1_complete_get_ntp_clients(object, invocation, daemon->clients);
    return TRUE;
}

static gboolean
on_get_ntp_counters(VtBusHost1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    vt_bus_host1_complete_get_ntp_counters(object, invocation, daemon->counters);
    return TRUE;
}

static gboolean
on_get_ntp_data(VtBusAgent1 *object,
                GDBusMethodInvocation *invocation,
                const char *source,
                gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    if (g_str_equal(source, "nobody"))
        vt_bus_agent1_complete_get_ntp_data(
            object, invocation, g_variant_new_array(G_VARIANT_TYPE_VARDICT, NULL, 0));
    else
        vt_bus_agent1_complete_get_ntp_data(object, invocation, daemon->ntp_data);
    return TRUE;
}

static gboolean
on_burst(VtBusAgent1 *object,
         GDBusMethodInvocation *invocation,
         const char *source,
         gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    if (!may_change(daemon, invocation))
        return TRUE;
    g_string_append_printf(daemon->changes, "burst '%s'\n", source);
    vt_bus_agent1_complete_burst(object, invocation);
    return TRUE;
}

static gboolean
on_set_online(VtBusAgent1 *object,
              GDBusMethodInvocation *invocation,
              const char *source,
              gboolean is_online,
              gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    if (!may_change(daemon, invocation))
        return TRUE;
    g_string_append_printf(daemon->changes, "%s '%s'\n", is_online ? "online" : "offline",
                           source);
    vt_bus_agent1_complete_set_online(object, invocation);
    return TRUE;
}

static gboolean
on_check_routes(VtBusAgent1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    if (!may_change(daemon, invocation))
        return TRUE;
    g_string_append(daemon->changes, "onoffline\n");
    vt_bus_agent1_complete_check_routes(object, invocation);
    return TRUE;
}

static gboolean
on_make_step(VtBusAgent1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    FakeDaemon *daemon = user_data;

    if (!may_change(daemon, invocation))
        return TRUE;
    g_string_append(daemon->changes, "makestep\n");
    vt_bus_agent1_complete_make_step(object, invocation);
    return TRUE;
}

/* Of either daemon. */
static gboolean
on_reload(gpointer object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    FakeDaemon *daemon = user_data;
    bool is_host = VT_BUS_IS_HOST1(object);

    if (!may_change(daemon, invocation))
        return TRUE;
    g_string_append_printf(daemon->changes, "reload %s\n", is_host ? "host" : "agent");
    g_dbus_method_invocation_return_value(invocation,
                                          g_variant_new_tuple(&daemon->restarts, 1));
    return TRUE;
}

static void
replace(GVariant **slot, const char *type, const char *text)
{
    g_autoptr(GError) error = NULL;

    g_clear_pointer(slot, g_variant_unref);
    *slot = g_variant_parse(G_VARIANT_TYPE(type), text, NULL, NULL, &error);
    g_assert_no_error(error);
}

void
fake_daemon_set_tracking(FakeDaemon *daemon, const char *tracking)
{
    replace(&daemon->tracking, "a{sv}", tracking);
}

void
fake_daemon_set_ntp_data(FakeDaemon *daemon, const char *ntp_data)
{
    replace(&daemon->ntp_data, "aa{sv}", ntp_data);
}

void
fake_daemon_set_restarts(FakeDaemon *daemon, const char *restarts)
{
    replace(&daemon->restarts, "as", restarts);
}

const char *
fake_daemon_get_changes(const FakeDaemon *daemon)
{
    return daemon->changes->str;
}

void
fake_daemon_set_sources(FakeDaemon *daemon, const char *sources)
{
    replace(&daemon->sources, "aa{sv}", sources);
}

void
fake_daemon_set_clocks(FakeDaemon *daemon, const char *clocks)
{
    replace(&daemon->clocks, "aa{sv}", clocks);
}

void
fake_daemon_set_host(FakeDaemon *daemon, const char *host)
{
    replace(&daemon->host_facts, "a{sv}", host);
}

void
fake_daemon_set_guests(FakeDaemon *daemon, const char *guests)
{
    replace(&daemon->guests, "aa{sv}", guests);
}

void
fake_daemon_set_clients(FakeDaemon *daemon, const char *clients)
{
    replace(&daemon->clients, "aa{sv}", clients);
}

void
fake_daemon_set_counters(FakeDaemon *daemon, const char *counters)
{
    replace(&daemon->counters, "a{sv}", counters);
}

void
fake_daemon_set_journal(FakeDaemon *daemon, const char *journal)
{
    replace(&daemon->journal, "aa{sv}", journal);
}

unsigned
fake_daemon_get_n_asked(const FakeDaemon *daemon)
{
    return daemon->n_asked;
}

void
fake_daemon_set_later_tracking(FakeDaemon *daemon, unsigned nth, const char *tracking)
{
    replace(&daemon->later_tracking, "a{sv}", tracking);
    daemon->n_to_later = nth;
}

const char *
fake_daemon_get_resynced(const FakeDaemon *daemon)
{
    return daemon->resynced;
}

void
fake_daemon_deny_changes(FakeDaemon *daemon)
{
    daemon->denies_changes = true;
}

const char *
fake_daemon_get_agent_path(const FakeDaemon *daemon)
{
    return daemon->agent_path;
}

const char *
fake_daemon_get_host_path(const FakeDaemon *daemon)
{
    return daemon->host_path;
}

static VtGate *
make_gate(gpointer object, const char *object_path)
{
    static const VtGateRule no_rules[] = { { NULL } };
    VtGateParams params = {
        .object = G_DBUS_INTERFACE_SKELETON(object),
        .object_path = object_path,
        .rules = no_rules,
    };
    return vt_gate_new(&params);
}

static VtControlServer *
serve(const char *path, VtGate *gate)
{
    g_autoptr(GError) error = NULL;
    VtControlServer *server = vt_control_server_new(path, 0600, gate, &error);

    g_assert_no_error(error);
    return server;
}

FakeDaemon *
fake_daemon_new(void)
{
    FakeDaemon *daemon = g_new0(FakeDaemon, 1);

    daemon->folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    daemon->agent_path = g_build_filename(daemon->folder, "agent.socket", NULL);
    daemon->host_path = g_build_filename(daemon->folder, "host.socket", NULL);
    daemon->agent = vt_bus_agent1_skeleton_new();
    daemon->host = vt_bus_host1_skeleton_new();
    g_signal_connect(daemon->agent, "handle-get-tracking", G_CALLBACK(on_get_tracking), daemon);
    g_signal_connect(daemon->agent, "handle-get-sources", G_CALLBACK(on_get_sources), daemon);
    g_signal_connect(daemon->agent, "handle-get-clocks", G_CALLBACK(on_get_clocks), daemon);
    g_signal_connect(daemon->host, "handle-get-host", G_CALLBACK(on_get_host), daemon);
    g_signal_connect(daemon->host, "handle-get-guests", G_CALLBACK(on_get_guests), daemon);
    g_signal_connect(daemon->host, "handle-get-ntp-clients", G_CALLBACK(on_get_ntp_clients),
                     daemon);
    g_signal_connect(daemon->host, "handle-get-ntp-counters", G_CALLBACK(on_get_ntp_counters),
                     daemon);
    g_signal_connect(daemon->agent, "handle-get-journal", G_CALLBACK(on_get_agent_journal),
                     daemon);
    g_signal_connect(daemon->host, "handle-get-journal", G_CALLBACK(on_get_host_journal),
                     daemon);
    g_signal_connect(daemon->host, "handle-resync", G_CALLBACK(on_resync), daemon);
    g_signal_connect(daemon->host, "handle-set-frozen", G_CALLBACK(on_set_frozen), daemon);
    g_signal_connect(daemon->agent, "handle-get-ntp-data", G_CALLBACK(on_get_ntp_data), daemon);
    g_signal_connect(daemon->agent, "handle-burst", G_CALLBACK(on_burst), daemon);
    g_signal_connect(daemon->agent, "handle-set-online", G_CALLBACK(on_set_online), daemon);
    g_signal_connect(daemon->agent, "handle-make-step", G_CALLBACK(on_make_step), daemon);
    g_signal_connect(daemon->agent, "handle-check-routes", G_CALLBACK(on_check_routes), daemon);
    g_signal_connect(daemon->agent, "handle-reload", G_CALLBACK(on_reload), daemon);
    g_signal_connect(daemon->host, "handle-reload", G_CALLBACK(on_reload), daemon);
    daemon->changes = g_string_new(NULL);
    fake_daemon_set_ntp_data(daemon, "[]");
    fake_daemon_set_restarts(daemon, "[]");
    fake_daemon_set_journal(daemon, "[]");
    fake_daemon_set_tracking(daemon, "{}");
    fake_daemon_set_sources(daemon, "[]");
    fake_daemon_set_clocks(daemon, "[]");
    fake_daemon_set_host(daemon, "{}");
    fake_daemon_set_guests(daemon, "[]");
    fake_daemon_set_clients(daemon, "[]");
    fake_daemon_set_counters(daemon, "{}");
    daemon->agent_gate = make_gate(daemon->agent, VT_AGENT_OBJECT_PATH);
    daemon->host_gate = make_gate(daemon->host, VT_HOST_OBJECT_PATH);
    daemon->agent_server = serve(daemon->agent_path, daemon->agent_gate);
    daemon->host_server = serve(daemon->host_path, daemon->host_gate);
    return daemon;
}

void
fake_daemon_free(FakeDaemon *daemon)
{
    vt_control_server_free(daemon->agent_server);
    vt_control_server_free(daemon->host_server);
    vt_gate_free(daemon->agent_gate);
    vt_gate_free(daemon->host_gate);
    g_object_unref(daemon->agent);
    g_object_unref(daemon->host);
    g_variant_unref(daemon->tracking);
    g_variant_unref(daemon->sources);
    g_variant_unref(daemon->clocks);
    g_variant_unref(daemon->host_facts);
    g_variant_unref(daemon->guests);
    g_variant_unref(daemon->clients);
    g_variant_unref(daemon->counters);
    g_variant_unref(daemon->journal);
    g_variant_unref(daemon->ntp_data);
    g_variant_unref(daemon->restarts);
    g_string_free(daemon->changes, TRUE);
    g_clear_pointer(&daemon->later_tracking, g_variant_unref);
    g_free(daemon->resynced);
    g_rmdir(daemon->folder);
    g_free(daemon->folder);
    g_free(daemon->agent_path);
    g_free(daemon->host_path);
    g_free(daemon);
}
