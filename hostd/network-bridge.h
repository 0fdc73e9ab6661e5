/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks libvirt for the bridges of its networks, by a connection of its own and in a worker: a
 * libvirt that hangs keeps nobody waiting.
 */
#pragma once

#include <glib.h>

typedef struct VtNetworkBridge VtNetworkBridge;

/* @bridge is the name of the interface. */
typedef void (*VtNetworkBridgeFunc)(const char *network, const char *bridge, void *user_data);

/*
 * Asks again and again, every ten seconds, for those of @networks whose bridges are not known,
 * and calls @func from the default main context with each that becomes known. Transfer full.
 */
VtNetworkBridge *vt_network_bridge_new(const char *uri,
                                       GPtrArray *networks,
                                       VtNetworkBridgeFunc func,
                                       void *user_data);
void vt_network_bridge_free(VtNetworkBridge *bridge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNetworkBridge, vt_network_bridge_free)
