/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/doubt-timer.h"

#include <glib.h>

#include "core/pipeline.h"

/* The pipeline counts by another clock; a wake-up that is early would be none. */
#define TIMER_MS (VT_PIPELINE_DOUBT_NS / VT_NS_PER_MS + 1)

struct VtDoubtTimer {
    VtDoubtFunc on_overdue;
    void *user_data;
    bool is_doubtful;
    GSource *source; /* NULL: does not run */
};

static void
stop(VtDoubtTimer *timer)
{
    if (timer->source == NULL)
        return;
    g_source_destroy(timer->source);
    g_clear_pointer(&timer->source, g_source_unref);
}

static gboolean
on_timeout(gpointer user_data)
{
    VtDoubtTimer *timer = user_data;
    g_clear_pointer(&timer->source, g_source_unref);
    timer->on_overdue(timer->user_data);
    return G_SOURCE_REMOVE;
}

VtDoubtTimer *
vt_doubt_timer_new(VtDoubtFunc on_overdue, void *user_data)
{
    VtDoubtTimer *timer = g_new0(VtDoubtTimer, 1);
    timer->on_overdue = on_overdue;
    timer->user_data = user_data;
    return timer;
}

void
vt_doubt_timer_free(VtDoubtTimer *timer)
{
    if (timer == NULL)
        return;
    stop(timer);
    g_free(timer);
}

void
vt_doubt_timer_set(VtDoubtTimer *timer, bool is_doubtful)
{
    if (timer->is_doubtful == is_doubtful)
        return;
    timer->is_doubtful = is_doubtful;
    if (!is_doubtful) {
        stop(timer);
        return;
    }
    timer->source = g_timeout_source_new(TIMER_MS);
    g_source_set_callback(timer->source, on_timeout, timer, NULL);
    g_source_attach(timer->source, g_main_context_get_thread_default());
}
