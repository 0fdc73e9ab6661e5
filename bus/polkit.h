/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks polkit whether somebody on the system bus may do something. Its interface is one D-Bus
 * method, called here as it is, so that daemons that may do without polkit do not need its library.
 */
#pragma once

#include <stdbool.h>

#include <gio/gio.h>

typedef struct {
    const char *action;
    const char *sender;  /* unique name of who wants it */
    bool is_interactive; /* whoever it is may be asked for a password */
} VtPolkitQuestion;

/*
 * @callback gets the answer by vt_polkit_check_finish. Without polkit on the bus of @connection the
 * answer is no.
 */
void vt_polkit_check(GDBusConnection *connection,
                     const VtPolkitQuestion *question,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data);

/* @error is set alone when it was cancelled. */
bool vt_polkit_check_finish(GDBusConnection *connection, GAsyncResult *result, GError **error);
