/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells when the network has changed: names may be found now that could not be, and servers may
 * answer. GIO's monitor tells; where it can watch nothing it never does, and the back-off of those
 * who look names up is all there is.
 */
#pragma once

#include <glib.h>

typedef struct VtNetworkWatch VtNetworkWatch;

typedef void (*VtNetworkWatchFunc)(void *user_data);

/* Never NULL. Transfer full. */
VtNetworkWatch *vt_network_watch_new(VtNetworkWatchFunc on_change, void *user_data);
void vt_network_watch_free(VtNetworkWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNetworkWatch, vt_network_watch_free)
