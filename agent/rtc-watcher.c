/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/rtc-watcher.h"

#include "agent/providers/rtc.h"

/*
 * While others serve, the phase is looked at so often: each look keeps hwclock and the like out
 * for some seconds.
 */
#define FIRST_LOOK_TICKS 30
#define LOOK_EVERY_TICKS 1800
#define LOOK_TICKS       6

/* Somebody else has it open: so often it is tried again. */
#define RETRY_TICKS 16

struct VtRtcWatcher {
    VtRtc *rtc;
    VtSources *sources;
    VtAgentMemory *memory;
    VtSource *source; /* borrowed from the sources */
    VtTick *tick;
    unsigned n_ticks_to_look;
    unsigned n_ticks_of_look; /* left */
    unsigned n_ticks_to_retry;
    unsigned n_sets_told;
    char *problem;
};

static void
on_edge(const VtRtcEdge *edge, void *user_data)
{
    const VtRtcWatcher *watcher = user_data;
    (void)edge;
    if (watcher->tick != NULL && g_str_equal(vt_rtc_get_method(watcher->rtc), "interrupt"))
        vt_tick_beat(watcher->tick);
}

static VtProvider
make_rtc(const void *params, VtClock *clock, VtReadingFunc on_reading, void *user_data)
{
    return vt_provider_rtc_new(params, clock, on_reading, user_data);
}

VtRtcWatcher *
vt_rtc_watcher_new(VtRtc *rtc, const char *name, VtSources *sources, VtAgentMemory *memory)
{
    VtProviderRtcParams params = {
        .rtc = rtc,
        .truth = vt_sources_get_truth(sources),
    };
    VtSourceClock clock = {
        .name = name,
        .kind = "rtc",
        .source_class = VT_SOURCE_RTC,
        .params = &params,
        .make = make_rtc,
    };
    VtRtcWatcher *watcher = g_new0(VtRtcWatcher, 1);
    watcher->rtc = rtc;
    watcher->sources = sources;
    watcher->memory = memory;
    watcher->n_ticks_to_look = FIRST_LOOK_TICKS;
    vt_agent_memory_get_rtc_phase(memory, vt_rtc_get_phase(rtc));
    watcher->source = vt_sources_add_clock(sources, &clock);
    vt_rtc_add_listener(rtc, on_edge, watcher);
    return watcher;
}

void
vt_rtc_watcher_free(VtRtcWatcher *watcher)
{
    if (watcher == NULL)
        return;
    vt_rtc_remove_listener(watcher->rtc, on_edge, watcher);
    vt_rtc_unwatch(watcher->rtc);
    g_free(watcher->problem);
    g_free(watcher);
}

static void
set_problem(VtRtcWatcher *watcher, const GError *error)
{
    const char *message = error != NULL ? error->message : NULL;
    if (g_strcmp0(watcher->problem, message) == 0)
        return;
    g_free(watcher->problem);
    watcher->problem = g_strdup(message);
    if (message != NULL)
        g_info("%s; the RTC is not watched", message);
}

static void
watch(VtRtcWatcher *watcher)
{
    g_autoptr(GError) error = NULL;
    if (vt_rtc_is_watched(watcher->rtc))
        return;
    if (watcher->n_ticks_to_retry > 0) {
        watcher->n_ticks_to_retry -= 1;
        return;
    }
    if (!vt_rtc_watch(watcher->rtc, &error))
        watcher->n_ticks_to_retry = RETRY_TICKS;
    set_problem(watcher, error);
}

static void
tell_sets(VtRtcWatcher *watcher)
{
    unsigned n_sets = vt_rtc_get_phase(watcher->rtc)->n_sets;
    if (n_sets == watcher->n_sets_told)
        return;
    watcher->n_sets_told = n_sets;
    g_message(
        "the RTC was set by somebody: it is not believed before it has been compared anew");
}

/* Whether a look at the phase is due, or under way; only a clock that is right can teach it. */
static bool
is_looking(VtRtcWatcher *watcher)
{
    if (watcher->n_ticks_of_look > 0) {
        watcher->n_ticks_of_look -= 1;
        return true;
    }
    if (watcher->n_ticks_to_look > 0) {
        watcher->n_ticks_to_look -= 1;
        return false;
    }
    if (!vt_sources_get_truth(watcher->sources)->is_right)
        return false;
    watcher->n_ticks_to_look = LOOK_EVERY_TICKS;
    watcher->n_ticks_of_look = LOOK_TICKS;
    return true;
}

void
vt_rtc_watcher_on_tick(VtRtcWatcher *watcher, VtTick *tick)
{
    watcher->tick = tick;
    bool is_needed = !vt_sources_has_host_clock(watcher->sources);
    bool is_wanted = is_looking(watcher) || is_needed;

    vt_rtc_on_tick(watcher->rtc);
    if (is_wanted)
        watch(watcher);
    else
        vt_rtc_unwatch(watcher->rtc);
    tell_sets(watcher);
    vt_agent_memory_set_rtc_phase(watcher->memory, vt_rtc_get_phase(watcher->rtc));
}

VtSource *
vt_rtc_watcher_get_source(VtRtcWatcher *watcher)
{
    return watcher->source;
}

const char *
vt_rtc_watcher_get_problem(const VtRtcWatcher *watcher)
{
    return watcher->problem != NULL ? watcher->problem : "";
}
