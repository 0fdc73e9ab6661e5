/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/control.h"

#include "agent/operator.h"
#include "agent/tracking.h"
#include "bus/bus-agent1.h"
#include "bus/control-path.h"
#include "bus/control-server.h"
#include "bus/system-bus.h"

struct VtAgentControl {
    VtAgent *agent;
    VtReload *reload;
    VtBusAgent1 *object;
    VtGate *gate;
    VtControlServer *server;
    VtSystemBus *bus;
};

/* Reading the state of this guest's clock needs no privilege. */
static const VtGateRule rules[] = {
    { "Burst", VT_GATE_CHANGE, "org.virttime.agent1.manage-sources" },
    { "SetOnline", VT_GATE_CHANGE, "org.virttime.agent1.manage-sources" },
    { "CheckRoutes", VT_GATE_CHANGE, "org.virttime.agent1.manage-sources" },
    { "Reload", VT_GATE_CHANGE, "org.virttime.agent1.reload" },
    { "MakeStep", VT_GATE_CHANGE, "org.virttime.agent1.step-clock" },
    { NULL },
};

static gboolean
on_get_tracking(VtBusAgent1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    VtAgentControl *control = user_data;
    VtAgentView view = vt_agent_look(control->agent);
    vt_bus_agent1_complete_get_tracking(object, invocation, vt_tracking_to_variant(&view));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_get_sources(VtBusAgent1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    VtAgentControl *control = user_data;
    VtSources *sources = vt_agent_get_sources(control->agent);
    vt_bus_agent1_complete_get_sources(object, invocation, vt_sources_to_variant(sources));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_get_ntp_data(VtBusAgent1 *object,
                GDBusMethodInvocation *invocation,
                const char *name,
                gpointer user_data)
{
    VtAgentControl *control = user_data;
    VtSources *sources = vt_agent_get_sources(control->agent);
    vt_bus_agent1_complete_get_ntp_data(object, invocation,
                                        vt_sources_ntp_to_variant(sources, name));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_get_clocks(VtBusAgent1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    VtAgentControl *control = user_data;
    vt_bus_agent1_complete_get_clocks(object, invocation, vt_agent_get_clocks(control->agent));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_get_journal(VtBusAgent1 *object,
               GDBusMethodInvocation *invocation,
               guint n_most,
               gpointer user_data)
{
    VtAgentControl *control = user_data;
    vt_bus_agent1_complete_get_journal(object, invocation,
                                       vt_agent_get_journal(control->agent, n_most));
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* Says what went wrong in words that an operator reads. */
static void
refuse(GDBusMethodInvocation *invocation, const GError *error)
{
    g_dbus_method_invocation_return_dbus_error(invocation, "org.freedesktop.DBus.Error.Failed",
                                               error->message);
}

static gboolean
on_burst(VtBusAgent1 *object,
         GDBusMethodInvocation *invocation,
         const char *name,
         gpointer user_data)
{
    VtAgentControl *control = user_data;
    g_autoptr(GError) error = NULL;

    if (vt_operator_burst(vt_agent_get_sources(control->agent), name, &error))
        vt_bus_agent1_complete_burst(object, invocation);
    else
        refuse(invocation, error);
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_set_online(VtBusAgent1 *object,
              GDBusMethodInvocation *invocation,
              const char *name,
              gboolean is_online,
              gpointer user_data)
{
    VtAgentControl *control = user_data;
    VtSources *sources = vt_agent_get_sources(control->agent);
    g_autoptr(GError) error = NULL;

    if (vt_operator_set_online(sources, name, is_online, &error))
        vt_bus_agent1_complete_set_online(object, invocation);
    else
        refuse(invocation, error);
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_check_routes(VtBusAgent1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    VtAgentControl *control = user_data;

    vt_operator_check_routes(vt_agent_get_sources(control->agent));
    vt_bus_agent1_complete_check_routes(object, invocation);
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_make_step(VtBusAgent1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    VtAgentControl *control = user_data;

    vt_agent_take_hint(&vt_operator_step, control->agent);
    vt_bus_agent1_complete_make_step(object, invocation);
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
on_reload(VtBusAgent1 *object, GDBusMethodInvocation *invocation, gpointer user_data)
{
    VtAgentControl *control = user_data;
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) restarts = vt_reload_run(control->reload, &error);

    if (restarts != NULL)
        vt_bus_agent1_complete_reload(object, invocation, (const char *const *)restarts);
    else
        refuse(invocation, error);
    return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* Each method's signal, and who handles it. */
static const struct {
    const char *signal;
    GCallback handler;
} handlers[] = {
    { "handle-get-tracking", G_CALLBACK(on_get_tracking) },
    { "handle-get-sources", G_CALLBACK(on_get_sources) },
    { "handle-get-ntp-data", G_CALLBACK(on_get_ntp_data) },
    { "handle-get-clocks", G_CALLBACK(on_get_clocks) },
    { "handle-get-journal", G_CALLBACK(on_get_journal) },
    { "handle-burst", G_CALLBACK(on_burst) },
    { "handle-set-online", G_CALLBACK(on_set_online) },
    { "handle-check-routes", G_CALLBACK(on_check_routes) },
    { "handle-make-step", G_CALLBACK(on_make_step) },
    { "handle-reload", G_CALLBACK(on_reload) },
};

VtAgentControl *
vt_agent_control_new(VtAgent *agent, VtReload *reload, const char *path, GError **error)
{
    g_autoptr(VtAgentControl) control = g_new0(VtAgentControl, 1);

    control->agent = agent;
    control->reload = reload;
    control->object = vt_bus_agent1_skeleton_new();
    for (size_t i = 0; i < G_N_ELEMENTS(handlers); i++)
        g_signal_connect(control->object, handlers[i].signal, handlers[i].handler, control);
    VtGateParams params = {
        .object = G_DBUS_INTERFACE_SKELETON(control->object),
        .object_path = VT_AGENT_OBJECT_PATH,
        .rules = rules,
    };
    control->gate = vt_gate_new(&params);
    control->server = vt_control_server_new(path != NULL ? path : vt_control_path_agent(), 0666,
                                            control->gate, error);
    return control->server != NULL ? g_steal_pointer(&control) : NULL;
}

void
vt_agent_control_join_bus(VtAgentControl *control, const char *address)
{
    VtSystemBusParams params = {
        .address = address,
        .name = VT_AGENT_BUS_NAME,
        .retry_ms = VT_SYSTEM_BUS_RETRY_MS,
    };
    control->bus = vt_system_bus_new(&params, control->gate);
}

void
vt_agent_control_free(VtAgentControl *control)
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
