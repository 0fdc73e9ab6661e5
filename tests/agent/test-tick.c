/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/tick.h"

#define INTERVAL_NS (20 * VT_NS_PER_MS)

static void
on_tick(void *user_data)
{
    unsigned *n_ticks = user_data;
    *n_ticks += 1;
}

static void
wait_for(const unsigned *n_ticks, unsigned wanted)
{
    while (*n_ticks < wanted)
        g_main_context_iteration(NULL, TRUE);
}

static void
test_timer_ticks_by_itself(void)
{
    unsigned n_ticks = 0;
    gint64 begun_us = g_get_monotonic_time();
    VtTick *tick = vt_tick_new(INTERVAL_NS, on_tick, &n_ticks);
    wait_for(&n_ticks, 3);

    g_assert_cmpint(g_get_monotonic_time() - begun_us, >=, 3 * INTERVAL_NS / VT_NS_PER_US);
    vt_tick_free(tick);
}

static void
test_beat_too_soon_is_none(void)
{
    unsigned n_ticks = 0;
    g_autoptr(VtTick) tick = vt_tick_new(3600 * VT_NS_PER_SEC, on_tick, &n_ticks);
    vt_tick_beat(tick);
    vt_tick_beat(tick);

    g_assert_cmpuint(n_ticks, ==, 0);
}

static void
test_timer_goes_on_when_the_beats_end(void)
{
    unsigned n_ticks = 0;
    g_autoptr(VtTick) tick = vt_tick_new(INTERVAL_NS, on_tick, &n_ticks);
    wait_for(&n_ticks, 1);
    gint64 until_us = g_get_monotonic_time() + INTERVAL_NS / VT_NS_PER_US / 2;
    while (g_get_monotonic_time() < until_us)
        continue;
    vt_tick_beat(tick);
    unsigned n_before = n_ticks;
    wait_for(&n_ticks, n_before + 1);
}

#define add(path, function) g_test_add_func("/agent/tick/" path, function)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("timer-ticks-by-itself", test_timer_ticks_by_itself);
    add("beat-too-soon-is-none", test_beat_too_soon_is_none);
    add("timer-goes-on-when-the-beats-end", test_timer_goes_on_when_the_beats_end);
    return g_test_run();
}
