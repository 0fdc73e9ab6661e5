/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A daemon's place on the system bus, where there is one. A bus that is not there, or goes away, is
 * looked for again and again; the daemon goes on without, and never waits for it.
 */
#pragma once

#include <gio/gio.h>

#include "bus/gate.h"

typedef struct VtSystemBus VtSystemBus;

/* When a bus that is not there is looked for again; then after twice that, up to 64 times. */
#define VT_SYSTEM_BUS_RETRY_MS 5000

typedef struct {
    const char *address; /* NULL: the machine's system bus */
    const char *name;    /* that the daemon wants to have; static */
    unsigned retry_ms;
} VtSystemBusParams;

/* Serves @gate, which must outlive it, as soon as it can. Transfer full. */
VtSystemBus *vt_system_bus_new(const VtSystemBusParams *params, VtGate *gate);

/* Takes NULL. */
void vt_system_bus_free(VtSystemBus *bus);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtSystemBus, vt_system_bus_free)

/* Whether the daemon can be found there now. */
bool vt_system_bus_has_name(const VtSystemBus *bus);
