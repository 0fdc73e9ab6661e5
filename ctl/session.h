/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A talk with one daemon, over its private socket; where that is not there or lets this user not
 * in, over the system bus, where polkit may ask for a password. What goes wrong is said in words
 * that tell an operator what to do: start the daemon, become another user, look at the log.
 */
#pragma once

#include <gio/gio.h>

typedef enum {
    VT_SIDE_AGENT, /* virt-time-agent, in the guest */
    VT_SIDE_HOST,  /* virt-time-hostd */
} VtSide;

typedef struct VtSession VtSession;

/*
 * With the daemon of @side: where it is by default, or at @path and there alone if that is not
 * NULL. Nothing is connected before the first call, and what broke is connected anew by the
 * next one. Transfer full.
 */
VtSession *vt_session_new(VtSide side, const char *path);
void vt_session_free(VtSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtSession, vt_session_free)

typedef struct {
    const char *method;
    GVariant *arguments; /* a tuple, floating; NULL: it takes nothing */
    const char *type;    /* of the one value it returns; NULL: it returns nothing */
} VtCall;

/*
 * Makes @call. VT_ERROR_NOT_FOUND: the daemon is not there; VT_ERROR_DENIED: this user may not;
 * VT_ERROR_FAILED with the daemon's own words when it says that it cannot. Transfer full; the
 * empty tuple where nothing is returned.
 */
GVariant *vt_session_call(VtSession *session,
                          const VtCall *call,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The result of @method, which takes nothing and returns one value of @type. Transfer full. */
GVariant *vt_session_ask(VtSession *session,
                         const char *method,
                         const char *type,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
