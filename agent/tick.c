/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/tick.h"

#include "agent/tick-plan.h"

struct VtTick {
    VtTickPlan plan;
    VtTickFunc func;
    void *user_data;
    GSource *timer;
};

/* GLib's timers know this clock alone. */
static VtMono
read_clock(void)
{
    return (VtMono){ .ns = vt_ns_mul(g_get_monotonic_time(), VT_NS_PER_US) };
}

static void
set_timer(VtTick *tick)
{
    g_source_set_ready_time(tick->timer, tick->plan.due_at.ns / VT_NS_PER_US);
}

static gboolean
on_timer(gpointer user_data)
{
    VtTick *tick = user_data;
    vt_tick_plan_on_timer(&tick->plan, read_clock());
    set_timer(tick);
    tick->func(tick->user_data);
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
    tick->func = func;
    tick->user_data = user_data;
    vt_tick_plan_init(&tick->plan, interval_ns, read_clock());
    tick->timer = g_source_new(&functions, sizeof(GSource));
    set_timer(tick);
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
    bool is_tick = vt_tick_plan_on_beat(&tick->plan, read_clock());
    set_timer(tick);
    if (is_tick)
        tick->func(tick->user_data);
}
