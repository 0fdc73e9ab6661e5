/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/polkit.h"

/* As long as a person may look for a password. */
#define PASSWORD_MS (120 * 1000)
#define ANSWER_MS   (5 * 1000)

/* Of CheckAuthorization. */
#define FLAG_ALLOW_USER_INTERACTION 1u

void
vt_polkit_check(GDBusConnection *connection,
                const VtPolkitQuestion *question,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
    GVariantBuilder subject;
    guint32 flags = question->is_interactive ? FLAG_ALLOW_USER_INTERACTION : 0;

    g_variant_builder_init(&subject, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add(&subject, "{sv}", "name", g_variant_new_string(question->sender));
    g_dbus_connection_call(
        connection, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
        "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization",
        g_variant_new("((sa{sv})sa{ss}us)", "system-bus-name", &subject, question->action, NULL,
                      flags, ""),
        G_VARIANT_TYPE("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE,
        question->is_interactive ? PASSWORD_MS : ANSWER_MS, cancellable, callback, user_data);
}

bool
vt_polkit_check_finish(GDBusConnection *connection, GAsyncResult *result, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GVariant) reply = g_dbus_connection_call_finish(connection, result, &problem);
    gboolean is_authorised = FALSE;

    if (g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_propagate_error(error, g_steal_pointer(&problem));
    if (reply != NULL)
        g_variant_get(reply, "((bba{ss}))", &is_authorised, NULL, NULL);
    return is_authorised;
}
