/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/tick.h"

struct VtTick {
    VtNs interval_ns;
    VtTickFunc func;
    void *user_data;
    GSource *timer;
    gint64 called_at_us;
};

static gint64
to_us(VtNs span_ns)
{
    return span_ns / VT_NS_PER_US;
}

static void
call(VtTick *tick, VtNs until_next_ns)
{
    tick->called_at_us = g_get_monotonic_time();
    g_source_set_ready_time(tick->timer, tick->called_at_us + to_us(until_next_ns));
    tick->func(tick->user_data);
}

static gboolean
on_timer(gpointer user_data)
{
    VtTick *tick = user_data;
    call(tick, tick->interval_ns);
    return G_SOURCE_CONTINUE;
}

static gboolean
dispatch(GSource *source, GSourceFunc callback, gpointer user_data)
{
    (void)source;
    return callback(user_data);
}

VtTick *
vt_tick_new(VtNs interval_ns, VtTickFunc func, void *user_data)
{
    static GSourceFuncs functions = { .dispatch = dispatch };
    VtTick *tick = g_new0(VtTick, 1);
    tick->interval_ns = interval_ns;
    tick->func = func;
    tick->user_data = user_data;
    tick->called_at_us = g_get_monotonic_time();
    tick->timer = g_source_new(&functions, sizeof(GSource));
    g_source_set_ready_time(tick->timer, tick->called_at_us + to_us(interval_ns));
    g_source_set_callback(tick->timer, on_timer, tick, NULL);
    g_source_attach(tick->timer, g_main_context_get_thread_default());
    return tick;
}

void
vt_tick_free(VtTick *tick)
{
    if (tick == NULL)
        return;
    g_source_destroy(tick->timer);
    g_source_unref(tick->timer);
    g_free(tick);
}

void
vt_tick_beat(VtTick *tick)
{
    VtNs until_next_ns = tick->interval_ns + tick->interval_ns / 2;
    gint64 now_us = g_get_monotonic_time();
    if (now_us - tick->called_at_us >= to_us(tick->interval_ns) / 2)
        call(tick, until_next_ns);
    else
        g_source_set_ready_time(tick->timer, now_us + to_us(until_next_ns));
}
