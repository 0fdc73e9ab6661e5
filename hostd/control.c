/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/control.h"

#include "bus/bus-host1.h"
#include "bus/control-path.h"
#include "bus/control-server.h"
#include "bus/system-bus.h"

struct VtHostdControl {
    VtHostd *hostd;
    VtReload *reload;
    VtBusHost1 *object;
    VtGate *gate;
    VtControlServer *server;
    VtSystemBus *bus;
};

#define READ "org.virttime.host1.read"

/* What is read names tenants: on the bus, where everybody can ask, that is not for everybody. */
static const VtGateRule rules[] = {
    { "GetHost", VT_GATE_READ, READ },
    { "GetGuests", VT_GATE_READ, READ },
    { "GetJournal", VT_GATE_READ, READ },
    { "GetNtpClients", VT_GATE_READ, READ },
    { "GetNtpCounters", VT_GATE_READ, READ },
    { "Reload", VT_GATE_CHANGE, "org.virttime.host1.reload" },
    { "Resync", VT_GATE_CHANGE, "org.virttime.host1.resync-guest" },
    { "SetFrozen", VT_GATE_CHANGE, "org.virttime.host1.freeze-guests" },
    { NULL },
};

static gboolean
on_get_host(VtBusHost1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    VtHostdControl *control = user_data;
    vt_bus_host1_complete_get_host(object, invocation, vt_hostd_get_host(control->hostd));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_get_guests(VtBusHost1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    VtHostdControl *control = user_data;
    vt_bus_host1_complete_get_guests(object, invocation, vt_hostd_get_guests(control->hostd));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_get_journal(VtBusHost1 *object,
               GDBusMethodInvocation *invocation,
               guint n_most,
               gpointer user_data)
{
    VtHostdControl *control = user_data;
    vt_bus_host1_complete_get_journal(object, invocation,
                                      vt_hostd_get_journal(control->hostd, n_most));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_get_ntp_clients(VtBusHost1 *object,
                   GDBusMethodInvocation *invocation,
                   guint n_most,
                   gpointer user_data)
{
    VtHostdControl *control = user_data;
    vt_bus_host1_complete_get_ntp_clients(object, invocation,
                                          vt_hostd_get_ntp_clients(control->hostd, n_most));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_get_ntp_counters(VtBusHost1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    VtHostdControl *control = user_data;
    vt_bus_host1_complete_get_ntp_counters(object, invocation,
                                           vt_hostd_get_ntp_counters(control->hostd));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_resync(VtBusHost1 *object,
          GDBusMethodInvocation *invocation,
          const char *guest,
          gpointer user_data)
{
    VtHostdControl *control = user_data;
    g_autoptr(GError) error = NULL;

    if (vt_hostd_resync(control->hostd, guest, &error))
        vt_bus_host1_complete_resync(object, invocation);
    else
        g_dbus_method_invocation_return_dbus_error(
            invocation, "org.freedesktop.DBus.Error.Failed", error->message);
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_set_frozen(VtBusHost1 *object,
              GDBusMethodInvocation *invocation,
              gboolean is_frozen,
              gpointer user_data)
{
    VtHostdControl *control = user_data;

    vt_hostd_set_frozen(control->hostd, is_frozen);
    vt_bus_host1_complete_set_frozen(object, invocation);
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* Without such a group the socket stays hostd's own. */
static void
let_admins_in(VtHostdControl *control)
{
    g_autoptr(GError) error = NULL;
    if (!vt_control_server_set_group(control->server, VT_ADMIN_GROUP, &error))
        g_info("%s; only root can ask this daemon", error->message);
}

static gboolean
on_reload(VtBusHost1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    VtHostdControl *control = user_data;
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) restarts = vt_reload_run(control->reload, &error);

    if (restarts != NULL)
        vt_bus_host1_complete_reload(object, invocation, (const char *const *)restarts);
    else
        g_dbus_method_invocation_return_dbus_error(
            invocation, "org.freedesktop.DBus.Error.Failed", error->message);
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* Each method's signal, and who handles it. */
static const struct {
    const char *signal;
    GCallback handler;
} handlers[] = {
    { "handle-get-host", G_CALLBACK(on_get_host) },
    { "handle-get-guests", G_CALLBACK(on_get_guests) },
    { "handle-get-journal", G_CALLBACK(on_get_journal) },
    { "handle-get-ntp-clients", G_CALLBACK(on_get_ntp_clients) },
    { "handle-get-ntp-counters", G_CALLBACK(on_get_ntp_counters) },
    { "handle-resync", G_CALLBACK(on_resync) },
    { "handle-set-frozen", G_CALLBACK(on_set_frozen) },
    { "handle-reload", G_CALLBACK(on_reload) },
};

VtHostdControl *
vt_hostd_control_new(VtHostd *hostd, VtReload *reload, const char *path, GError **error)
{
    g_autoptr(VtHostdControl) control = g_new0(VtHostdControl, 1);

    control->hostd = hostd;
    control->reload = reload;
    control->object = vt_bus_host1_skeleton_new();
    for (size_t i = 0; i < G_N_ELEMENTS(handlers); i++)
        g_signal_connect(control->object, handlers[i].signal, handlers[i].handler, control);
    VtGateParams params = {
        .object = G_DBUS_INTERFACE_SKELETON(control->object),
        .object_path = VT_HOST_OBJECT_PATH,
        .rules = rules,
    };
    control->gate = vt_gate_new(&params);
    control->server = vt_control_server_new(path != NULL ? path : vt_control_path_host(), 0660,
                                            control->gate, error);
    if (control->server == NULL)
        return NULL;
    let_admins_in(control);
    return g_steal_pointer(&control);
}

void
vt_hostd_control_join_bus(VtHostdControl *control, const char *address)
{
    VtSystemBusParams params = {
        .address = address,
        .name = VT_HOST_BUS_NAME,
        .retry_ms = VT_SYSTEM_BUS_RETRY_MS,
    };
    control->bus = vt_system_bus_new(&params, control->gate);
}

void
vt_hostd_control_free(VtHostdControl *control)
{
    if (control == NULL)
        return;
    vt_system_bus_free(control->bus);
    vt_control_server_free(control->server);
    vt_gate_free(control->gate);
    g_signal_handlers_disconnect_by_data(control->object, control);
    g_object_unref(control->object);
    g_free(control);
}
