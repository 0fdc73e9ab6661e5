/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/hints/clock-set.h"

/* Two clocks are not read in one instant; somebody who sets by less is found by the next reading. */
#define LEAST_FOREIGN_NS (2 * VT_NS_PER_MS)

/* 500 ppm of frequency and 500 ppm of a slew, between two looks. */
#define RATE_DIVISOR 1000

typedef struct {
    VtClock *clock;
    VtSetWatch *watch;
    VtHintFunc on_hint;
    void *user_data;
    VtInstant seen;        /* the clocks at the last look */
    VtNs stepped_ns;       /* by ourselves, until then */
    uint64_t n_answered;   /* own steps whose event has come */
    uint64_t n_waited_for; /* own steps at the last tick */
} ClockSetHint;

static void
look(ClockSetHint *source)
{
    source->seen = vt_clock_read(source->clock);
    source->stepped_ns = vt_clock_get_steps(source->clock).total_ns;
}

/* Whether the clock moved by more than our own steps since the last look. */
static bool
has_moved(const ClockSetHint *source)
{
    VtInstant now = vt_clock_read(source->clock);
    VtNs raw_ns = vt_mono_diff(now.raw, source->seen.raw);
    VtNs wall_ns = vt_wall_diff(now.wall, source->seen.wall);
    VtNs own_ns = vt_ns_sub(vt_clock_get_steps(source->clock).total_ns, source->stepped_ns);
    VtNs foreign_ns = vt_ns_sub(vt_ns_sub(wall_ns, raw_ns), own_ns);

    return vt_ns_abs(foreign_ns) > LEAST_FOREIGN_NS + raw_ns / RATE_DIVISOR;
}

static void
on_set(void *user_data)
{
    ClockSetHint *source = user_data;
    VtHint hint = { .name = "clock-set", .is_strong = true, .allows_backward = true };
    uint64_t n_steps = vt_clock_get_steps(source->clock).n_steps;
    /* Sets that came together are one event: one of them may be ours, and another not. */
    bool is_foreign = n_steps == source->n_answered || has_moved(source);

    source->n_answered = n_steps;
    look(source);
    if (is_foreign)
        source->on_hint(&hint, source->user_data);
}

/*
 * A fresh look each second, so that what rates explain stays small; but not while the event of an
 * own step is on its way, since what came with it would be lost.
 */
static void
clock_set_tick(void *instance)
{
    ClockSetHint *source = instance;
    uint64_t n_steps = vt_clock_get_steps(source->clock).n_steps;
    bool is_on_its_way = n_steps != source->n_answered && n_steps != source->n_waited_for;

    source->n_waited_for = n_steps;
    if (is_on_its_way)
        return;
    source->n_answered = n_steps;
    look(source);
}

static void
clock_set_free(void *instance)
{
    ClockSetHint *source = instance;
    vt_set_watch_free(source->watch);
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
    source->clock = clock;
    source->on_hint = on_hint;
    source->user_data = user_data;
    source->n_answered = vt_clock_get_steps(clock).n_steps;
    source->n_waited_for = source->n_answered;
    look(source);
    source->watch = vt_set_watch_new(places->kernel, places->instance, on_set, source, error);
    if (source->watch == NULL) {
        g_free(source);
        return (VtHintSource){ 0 };
    }
    return (VtHintSource){ .kind = &clock_set_kind, .instance = source };
}
