/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/devices/rtc.h"

#include <glib-unix.h>

#include "agent/devices/rtc-search.h"

/* An armed interrupt that has not come for so long does not come. */
#define MOST_SILENCE_NS (3 * VT_NS_PER_SEC)

/*
 * By now there was an edge. Where the kernel makes the interrupt by an alarm that waits for the
 * very second, none comes any more once the RTC has jumped beyond that, until it is armed anew.
 */
#define OVERDUE_NS (12 * VT_NS_PER_SEC / 10)

/* What a look between edges tells of a jump is good to a second. */
#define LEAST_JUMP_NS (2 * VT_NS_PER_SEC)

#define AFTER_FAILURE_NS (4 * VT_NS_PER_SEC)

typedef struct {
    VtRtcFunc func;
    void *user_data;
} Listener;

struct VtRtc {
    VtRtcPlaces places;
    char *path;
    VtClock *clock;
    VtFd fd; /* NONE: not watched */
    bool has_interrupt;
    GSource *source;    /* of the interrupt, or the timer of the polling */
    VtMono raw_heard;   /* of the interrupt */
    VtRtcSearch search; /* while polling */
    VtRtcGrid grid;
    VtRtcPhase phase;
    VtNs cost_ns;      /* of a look, the least; -1: none yet */
    GArray *listeners; /* Listener */
};

VtRtc *
vt_rtc_new(const VtRtcPlaces *places, const char *path, VtClock *clock)
{
    VtRtc *rtc = g_new0(VtRtc, 1);
    rtc->places = *places;
    rtc->path = g_strdup(path);
    rtc->clock = clock;
    rtc->fd = VT_FD_NONE;
    rtc->cost_ns = -1;
    rtc->listeners = g_array_new(FALSE, FALSE, sizeof(Listener));
    return rtc;
}

static void
stop_source(VtRtc *rtc)
{
    if (rtc->source == NULL)
        return;
    g_source_destroy(rtc->source);
    g_clear_pointer(&rtc->source, g_source_unref);
}

void
vt_rtc_unwatch(VtRtc *rtc)
{
    if (rtc->fd < 0)
        return;
    stop_source(rtc);
    /* Closing alone would leave the interrupt on for whoever opens it next. */
    if (rtc->has_interrupt)
        (void)rtc->places.kernel->arm(rtc->places.instance, rtc->fd, false);
    rtc->has_interrupt = false;
    vt_fd_close(&rtc->fd);
}

void
vt_rtc_free(VtRtc *rtc)
{
    if (rtc == NULL)
        return;
    vt_rtc_unwatch(rtc);
    g_array_unref(rtc->listeners);
    g_free(rtc->path);
    g_free(rtc);
}

bool
vt_rtc_look(VtRtc *rtc, VtInstant *ret_at, VtWall *ret_second)
{
    if (rtc->fd < 0)
        return false;
    VtInstant at = vt_clock_read(rtc->clock);
    if (!rtc->places.kernel->read_time(rtc->places.instance, rtc->fd, ret_second, NULL))
        return false;
    VtNs cost_ns = vt_mono_diff(vt_clock_read(rtc->clock).raw, at.raw);
    if (rtc->cost_ns < 0 || cost_ns < rtc->cost_ns)
        rtc->cost_ns = cost_ns;
    *ret_at = at;
    return true;
}

VtNs
vt_rtc_get_cost(const VtRtc *rtc)
{
    return rtc->cost_ns;
}

static void
tell_edge(VtRtc *rtc, VtInstant at, VtWall second)
{
    rtc->grid.is_local_time = vt_rtc_phase_is_local_time(&rtc->phase);
    VtRtcEdge edge = {
        .at = at,
        .second = second,
        .kind = vt_rtc_grid_judge(&rtc->grid, at.raw, second),
    };
    edge.kind = vt_rtc_phase_judge_write(&rtc->phase, edge.kind, second, at.wall);
    if (edge.kind == VT_RTC_EDGE_WAS_SET)
        vt_rtc_phase_forget(&rtc->phase);
    for (guint i = 0; i < rtc->listeners->len; i++) {
        const Listener *listener = &g_array_index(rtc->listeners, Listener, i);
        listener->func(&edge, listener->user_data);
    }
}

static gboolean
on_interrupt(gint fd, GIOCondition condition, gpointer user_data)
{
    VtRtc *rtc = user_data;
    VtInstant at = vt_clock_read(rtc->clock);
    VtInstant looked_at;
    VtWall second;
    (void)condition;

    if (!rtc->places.kernel->take(rtc->places.instance, fd) ||
        !vt_rtc_look(rtc, &looked_at, &second))
        return G_SOURCE_CONTINUE;
    rtc->raw_heard = at.raw;
    tell_edge(rtc, at, second);
    return G_SOURCE_CONTINUE;
}

static void
poll_again_after(VtRtc *rtc, VtNs span_ns)
{
    g_source_set_ready_time(rtc->source, g_get_monotonic_time() + span_ns / VT_NS_PER_US);
}

static void
look_for_edge(VtRtc *rtc)
{
    VtInstant at;
    VtWall second;
    if (!vt_rtc_look(rtc, &at, &second)) {
        poll_again_after(rtc, AFTER_FAILURE_NS);
        return;
    }
    VtRtcLook look = vt_rtc_search_look(&rtc->search, at.raw, second);
    poll_again_after(rtc, look.wait_ns);
    if (look.is_edge)
        tell_edge(rtc, at, second);
}

static gboolean
on_poll(gpointer user_data)
{
    look_for_edge(user_data);
    return G_SOURCE_CONTINUE;
}

static gboolean
dispatch(GSource *source, GSourceFunc callback, gpointer user_data)
{
    (void)source;
    return callback(user_data);
}

static void
start_polling(VtRtc *rtc)
{
    static GSourceFuncs functions = { .dispatch = dispatch };
    stop_source(rtc);
    rtc->search = (VtRtcSearch){ 0 };
    rtc->source = g_source_new(&functions, sizeof(GSource));
    g_source_set_priority(rtc->source, G_PRIORITY_HIGH);
    g_source_set_callback(rtc->source, on_poll, rtc, NULL);
    g_source_set_ready_time(rtc->source, 0);
    g_source_attach(rtc->source, g_main_context_get_thread_default());
}

static void
start_interrupt(VtRtc *rtc)
{
    rtc->raw_heard = vt_clock_read(rtc->clock).raw;
    rtc->source = g_unix_fd_source_new(rtc->fd, G_IO_IN);
    g_source_set_priority(rtc->source, G_PRIORITY_HIGH);
    g_source_set_callback(rtc->source, G_SOURCE_FUNC(on_interrupt), rtc, NULL);
    g_source_attach(rtc->source, g_main_context_get_thread_default());
}

bool
vt_rtc_watch(VtRtc *rtc, GError **error)
{
    if (rtc->fd >= 0)
        return true;
    rtc->fd = rtc->places.kernel->open(rtc->places.instance, rtc->path, error);
    if (rtc->fd < 0)
        return false;
    /* What happened while nobody watched, nobody can tell. */
    rtc->grid = (VtRtcGrid){ 0 };
    rtc->has_interrupt = rtc->places.kernel->arm(rtc->places.instance, rtc->fd, true);
    if (rtc->has_interrupt)
        start_interrupt(rtc);
    else
        start_polling(rtc);
    return true;
}

bool
vt_rtc_is_watched(const VtRtc *rtc)
{
    return rtc->fd >= 0;
}

const char *
vt_rtc_get_method(const VtRtc *rtc)
{
    if (rtc->fd < 0)
        return "";
    return rtc->has_interrupt ? "interrupt" : "polling";
}

/* The edge that did not come may have been jumped over. */
static void
look_for_jump(VtRtc *rtc)
{
    VtInstant at;
    VtWall second;
    if (!rtc->grid.has_last || !vt_rtc_look(rtc, &at, &second))
        return;
    if (vt_ns_abs(vt_rtc_grid_get_jump(&rtc->grid, at.raw, second)) >= LEAST_JUMP_NS)
        tell_edge(rtc, at, second);
}

void
vt_rtc_on_tick(VtRtc *rtc)
{
    if (rtc->fd < 0)
        return;
    if (!rtc->has_interrupt) {
        look_for_edge(rtc);
        return;
    }
    VtNs silence_ns = vt_mono_diff(vt_clock_read(rtc->clock).raw, rtc->raw_heard);
    if (silence_ns < OVERDUE_NS)
        return;
    look_for_jump(rtc);
    (void)rtc->places.kernel->arm(rtc->places.instance, rtc->fd, false);
    if (silence_ns < MOST_SILENCE_NS) {
        (void)rtc->places.kernel->arm(rtc->places.instance, rtc->fd, true);
        return;
    }
    rtc->has_interrupt = false;
    rtc->grid = (VtRtcGrid){ 0 };
    start_polling(rtc);
}

void
vt_rtc_want_each_edge(VtRtc *rtc)
{
    if (rtc->fd < 0 || rtc->has_interrupt)
        return;
    poll_again_after(rtc, vt_rtc_search_want_each(&rtc->search, vt_clock_read(rtc->clock).raw));
}

VtRtcPhase *
vt_rtc_get_phase(VtRtc *rtc)
{
    return &rtc->phase;
}

void
vt_rtc_add_listener(VtRtc *rtc, VtRtcFunc func, void *user_data)
{
    Listener listener = { .func = func, .user_data = user_data };
    g_array_append_val(rtc->listeners, listener);
}

void
vt_rtc_remove_listener(VtRtc *rtc, VtRtcFunc func, const void *user_data)
{
    for (guint i = 0; i < rtc->listeners->len; i++) {
        const Listener *listener = &g_array_index(rtc->listeners, Listener, i);
        if (listener->func == func && listener->user_data == user_data) {
            g_array_remove_index(rtc->listeners, i);
            return;
        }
    }
}
