/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/control.h"

#include "bus/bus-host1.h"
#include "bus/control-path.h"

struct VtHostdControl {
    VtHostd *hostd;
    VtBusHost1 *object;
    VtControlServer *server;
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

    if (!vt_control_check_caller(invocation))
        return G_DBUS_METHOD_INVOCATION_HANDLED;
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

    if (!vt_control_check_caller(invocation))
        return G_DBUS_METHOD_INVOCATION_HANDLED;
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

VtHostdControl *
vt_hostd_control_new(VtHostd *hostd, const char *path, GError **error)
{
    g_autoptr(VtHostdControl) control = g_new0(VtHostdControl, 1);

    control->hostd = hostd;
    control->object = vt_bus_host1_skeleton_new();
    g_signal_connect(control->object, "handle-get-host", G_CALLBACK(on_get_host), control);
    g_signal_connect(control->object, "handle-get-guests", G_CALLBACK(on_get_guests), control);
    g_signal_connect(control->object, "handle-get-journal", G_CALLBACK(on_get_journal),
                     control);
    g_signal_connect(control->object, "handle-get-ntp-clients", G_CALLBACK(on_get_ntp_clients),
                     control);
    g_signal_connect(control->object, "handle-get-ntp-counters",
                     G_CALLBACK(on_get_ntp_counters), control);
    g_signal_connect(control->object, "handle-resync", G_CALLBACK(on_resync), control);
    g_signal_connect(control->object, "handle-set-frozen", G_CALLBACK(on_set_frozen), control);
    control->server = vt_control_server_new(path != NULL ? path : vt_control_path_host(), 0660,
                                            G_DBUS_INTERFACE_SKELETON(control->object),
                                            VT_HOST_OBJECT_PATH, error);
    if (control->server == NULL)
        return NULL;
    let_admins_in(control);
    return g_steal_pointer(&control);
}

void
vt_hostd_control_free(VtHostdControl *control)
{
    if (control == NULL)
        return;
    vt_control_server_free(control->server);
    g_signal_handlers_disconnect_by_data(control->object, control);
    g_object_unref(control->object);
    g_free(control);
}
