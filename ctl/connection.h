/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks a daemon on its private socket. What goes wrong is said in words that tell an operator
 * what to do: start the daemon, become another user, look at the log.
 */
#pragma once

#include <gio/gio.h>

typedef enum {
    VT_SIDE_AGENT, /* virt-time-agent, in the guest */
    VT_SIDE_HOST,  /* virt-time-hostd */
} VtSide;

/*
 * Connects to the daemon of @side at @path, or where it is by default if that is NULL. Fails
 * with VT_ERROR_NOT_FOUND when nobody is there, VT_ERROR_DENIED when the user may not ask.
 * Transfer full.
 */
GDBusConnection *
vt_connection_open(VtSide side, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
    const char *method;
    GVariant *arguments; /* a tuple, floating; NULL: it takes nothing */
    const char *type;    /* of the one value it returns; NULL: it returns nothing */
} VtCall;

/*
 * Makes @call. VT_ERROR_DENIED: this user may not; VT_ERROR_FAILED with the daemon's own words
 * when it says that it cannot. Transfer full; the empty tuple where nothing is returned.
 */
GVariant *vt_connection_call(GDBusConnection *connection,
                             VtSide side,
                             const VtCall *call,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The result of @method, which takes nothing and returns one value of @type. Transfer full. */
GVariant *vt_connection_ask(GDBusConnection *connection,
                            VtSide side,
                            const char *method,
                            const char *type,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
