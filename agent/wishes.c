/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/wishes.h"

#include <glib.h>

struct VtWishes {
    VtWishFunc on_wake;
    VtWishFunc on_reading_due;
    void *user_data;
    GSource *wake; /* NULL: does not run */
    GSource *reading;
};

static void
stop(GSource **source)
{
    if (*source == NULL)
        return;
    g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

static gboolean
on_wake(gpointer user_data)
{
    VtWishes *wishes = user_data;
    g_clear_pointer(&wishes->wake, g_source_unref);
    wishes->on_wake(wishes->user_data);
    return G_SOURCE_REMOVE;
}

static gboolean
on_reading_due(gpointer user_data)
{
    VtWishes *wishes = user_data;
    g_clear_pointer(&wishes->reading, g_source_unref);
    wishes->on_reading_due(wishes->user_data);
    return G_SOURCE_REMOVE;
}

static GSource *
start(VtWishes *wishes, GSourceFunc func, VtNs span_ns)
{
    VtNs span_ms = vt_ns_max((span_ns + VT_NS_PER_MS / 2) / VT_NS_PER_MS, 1);
    GSource *source = g_timeout_source_new((guint)vt_ns_min(span_ms, G_MAXINT));
    g_source_set_callback(source, func, wishes, NULL);
    g_source_attach(source, g_main_context_get_thread_default());
    return source;
}

VtWishes *
vt_wishes_new(VtWishFunc on_wake_due, VtWishFunc on_reading_wanted, void *user_data)
{
    VtWishes *wishes = g_new0(VtWishes, 1);
    wishes->on_wake = on_wake_due;
    wishes->on_reading_due = on_reading_wanted;
    wishes->user_data = user_data;
    return wishes;
}

void
vt_wishes_free(VtWishes *wishes)
{
    if (wishes == NULL)
        return;
    stop(&wishes->wake);
    stop(&wishes->reading);
    g_free(wishes);
}

void
vt_wishes_take(VtWishes *wishes, const VtAction *action)
{
    stop(&wishes->wake);
    if (action->wake_after_ns > 0)
        wishes->wake = start(wishes, on_wake, action->wake_after_ns);
    if (action->measure_after_ns > 0 && wishes->reading == NULL)
        wishes->reading = start(wishes, on_reading_due, action->measure_after_ns);
}
