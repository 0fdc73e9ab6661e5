/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interfaces of this host and their addresses, as they are now, and word of it when they
 * change (rtnetlink). Where the kernel tells nothing, only the first look counts.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "hostd/ntp-peer.h"

typedef struct {
    char name[IF_NAMESIZE];
    char master[IF_NAMESIZE]; /* the VRF that it is a port of; "": of none */
    uint32_t index;
    bool is_loopback;
    VtNtpPeerAddress address;
    unsigned n_bits; /* of its network, as if it were IPv6 */
} VtInterfaceAddress;

/* All of them, one entry for each address. Transfer full. */
GArray *vt_interface_list_addresses(void);

typedef struct VtInterfaceWatch VtInterfaceWatch;

/* Calls @func from the default main context after every change. Transfer full. */
VtInterfaceWatch *vt_interface_watch_new(void (*func)(void *user_data), void *user_data);
void vt_interface_watch_free(VtInterfaceWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtInterfaceWatch, vt_interface_watch_free)
