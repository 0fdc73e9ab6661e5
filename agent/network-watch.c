/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/network-watch.h"

#include <gio/gio.h>

struct VtNetworkWatch {
    VtNetworkWatchFunc on_change;
    void *user_data;
    GNetworkMonitor *monitor;
};

static void
on_network_changed(GNetworkMonitor *monitor, gboolean is_available, gpointer user_data)
{
    VtNetworkWatch *watch = user_data;
    (void)monitor;
    /* GIO means a way to everywhere; a server beside this machine needs less. */
    (void)is_available;
    watch->on_change(watch->user_data);
}

VtNetworkWatch *
vt_network_watch_new(VtNetworkWatchFunc on_change, void *user_data)
{
    VtNetworkWatch *watch = g_new0(VtNetworkWatch, 1);
    watch->on_change = on_change;
    watch->user_data = user_data;
    watch->monitor = g_object_ref(g_network_monitor_get_default());
    g_signal_connect(watch->monitor, "network-changed", G_CALLBACK(on_network_changed), watch);
    return watch;
}

void
vt_network_watch_free(VtNetworkWatch *watch)
{
    if (watch == NULL)
        return;
    g_signal_handlers_disconnect_by_data(watch->monitor, watch);
    g_clear_object(&watch->monitor);
    g_free(watch);
}
