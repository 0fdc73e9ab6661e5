/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/hints/clock-set.h"

typedef struct {
    VtClockWatch *watch;
    VtHintFunc on_hint;
    void *user_data;
} ClockSetHint;

static void
on_set(VtNs moved_ns, void *user_data)
{
    const ClockSetHint *source = user_data;
    VtHint hint = {
        .name = "clock-set",
        .is_strong = true,
        .allows_backward = true,
        .is_set = true,
        .moved_ns = moved_ns, /* for people; a measurement tells more */
    };
    source->on_hint(&hint, source->user_data);
}

static void
clock_set_tick(void *instance)
{
    const ClockSetHint *source = instance;
    vt_clock_watch_tick(source->watch);
}

static void
clock_set_free(void *instance)
{
    ClockSetHint *source = instance;
    vt_clock_watch_free(source->watch);
    g_free(source);
}

static const VtHintKind clock_set_kind = {
    .name = "clock-set",
    .tick = clock_set_tick,
    .free = clock_set_free,
};

VtHintSource
vt_hint_clock_set_new(const VtClockSetPlaces *places,
                      VtClock *clock,
                      VtHintFunc on_hint,
                      void *user_data,
                      GError **error)
{
    ClockSetHint *source = g_new0(ClockSetHint, 1);
    source->on_hint = on_hint;
    source->user_data = user_data;
    source->watch = vt_clock_watch_new(places, clock, on_set, source, error);
    if (source->watch == NULL) {
        g_free(source);
        return (VtHintSource){ 0 };
    }
    return (VtHintSource){ .kind = &clock_set_kind, .instance = source };
}
