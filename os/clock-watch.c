/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/clock-watch.h"

#include "os/sleep-meter.h"

/*
 * Two clocks are not read in one instant; somebody who sets by less is found by the next
 * reading.
 */
#define LEAST_FOREIGN_NS (2 * VT_NS_PER_MS)

/* 500 ppm of frequency and 500 ppm of a slew, between two looks. */
#define RATE_DIVISOR 1000

struct VtClockWatch {
    VtClock *clock;
    VtSetWatch *watch;
    VtClockSetFunc on_set;
    void *user_data;
    VtInstant seen; /* the clocks at the last look */
    VtSleepMeter sleep;
    VtNs stepped_ns;       /* by ourselves, until then */
    uint64_t n_answered;   /* own steps whose event has come */
    uint64_t n_waited_for; /* own steps at the last tick */
};

static void
look(VtClockWatch *watch)
{
    watch->seen = vt_clock_read(watch->clock);
    watch->stepped_ns = vt_clock_get_steps(watch->clock).total_ns;
    (void)vt_sleep_meter_take(&watch->sleep, watch->clock); /* counts from here on */
}

/* What the clock did since the last look that neither we nor its rate nor a sleep explain. */
static VtNs
find_move(const VtClockWatch *watch, VtNs slept_ns)
{
    VtInstant now = vt_clock_read(watch->clock);
    VtNs raw_ns = vt_mono_diff(now.raw, watch->seen.raw);
    VtNs wall_ns = vt_wall_diff(now.wall, watch->seen.wall);
    VtNs own_ns = vt_ns_sub(vt_clock_get_steps(watch->clock).total_ns, watch->stepped_ns);
    VtNs moved_ns = vt_ns_sub(vt_ns_sub(wall_ns, raw_ns), vt_ns_add(own_ns, slept_ns));

    return vt_ns_abs(moved_ns) > LEAST_FOREIGN_NS + raw_ns / RATE_DIVISOR ? moved_ns : 0;
}

static void
on_set(void *user_data)
{
    VtClockWatch *watch = user_data;
    uint64_t n_steps = vt_clock_get_steps(watch->clock).n_steps;
    VtNs slept_ns = vt_sleep_meter_take(&watch->sleep, watch->clock);
    VtNs moved_ns = find_move(watch, slept_ns);
    /* Sets that came together are one event: one of them may be ours, and another not. */
    bool is_foreign = n_steps == watch->n_answered || moved_ns != 0 || slept_ns != 0;

    watch->n_answered = n_steps;
    look(watch);
    if (is_foreign)
        watch->on_set(moved_ns, watch->user_data);
}

/* No fresh look while the event of an own step is on its way: what came with it would be lost. */
void
vt_clock_watch_tick(VtClockWatch *watch)
{
    uint64_t n_steps = vt_clock_get_steps(watch->clock).n_steps;
    bool is_on_its_way = n_steps != watch->n_answered && n_steps != watch->n_waited_for;

    watch->n_waited_for = n_steps;
    if (is_on_its_way)
        return;
    watch->n_answered = n_steps;
    look(watch);
}

VtClockWatch *
vt_clock_watch_new(const VtClockSetPlaces *places,
                   VtClock *clock,
                   VtClockSetFunc on_set_by_other,
                   void *user_data,
                   GError **error)
{
    g_autoptr(VtClockWatch) watch = g_new0(VtClockWatch, 1);
    watch->clock = clock;
    watch->on_set = on_set_by_other;
    watch->user_data = user_data;
    watch->n_answered = vt_clock_get_steps(clock).n_steps;
    watch->n_waited_for = watch->n_answered;
    vt_sleep_meter_init(&watch->sleep, clock);
    look(watch);
    watch->watch = vt_set_watch_new(places->kernel, places->instance, on_set, watch, error);
    return watch->watch != NULL ? g_steal_pointer(&watch) : NULL;
}

void
vt_clock_watch_free(VtClockWatch *watch)
{
    if (watch == NULL)
        return;
    vt_set_watch_free(watch->watch);
    g_free(watch);
}
