/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Serves one D-Bus object and decides who may call which of its methods, so that handlers need
 * not ask. On a private socket the kernel has told who the caller is; on a message bus the bus
 * tells, and where that is not enough polkit decides. Nothing here blocks: a call that polkit is
 * asked about waits, with others overtaking it.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <gio/gio.h>

typedef enum {
    VT_GATE_CHANGE, /* for root, the daemon's own user, the admin group, and whom polkit lets */
    VT_GATE_READ,   /* the same on a message bus; on the private socket for who may connect */
} VtGateKind;

typedef struct {
    const char *method;
    VtGateKind kind;
    const char *action; /* what polkit calls it */
} VtGateRule;

typedef struct VtGate VtGate;

/* Who calls, as far as it is known. */
typedef struct {
    uid_t uid;         /* (uid_t)-1: nobody told */
    const gid_t *gids; /* primary and supplementary */
    size_t n_gids;
} VtGateCaller;

typedef struct {
    GDBusInterfaceSkeleton *object;
    const char *object_path;
    /* A method that these, ending with a NULL method and static, do not have is for everybody. */
    const VtGateRule *rules;
    /* Who may do everything. NULL: root, this process's user, and members of the admin group. */
    bool (*trusts)(const VtGateCaller *caller);
} VtGateParams;

/* Transfer full. */
VtGate *vt_gate_new(const VtGateParams *params);

/* Who waits for polkit is told that the daemon ends. What was exported must be gone. Takes NULL. */
void vt_gate_free(VtGate *gate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtGate, vt_gate_free)

/* Serves the object on @connection. Returns the id to unregister it by, or 0 and @error. */
guint vt_gate_export(VtGate *gate, GDBusConnection *connection, GError **error);

/* Whether @caller is root, @owner or, if that is a group, in @admin_gid ((gid_t)-1: none). Pure. */
bool vt_gate_knows(const VtGateCaller *caller, uid_t owner, gid_t admin_gid);
