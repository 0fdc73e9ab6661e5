/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "agent/tick-plan.h"

#define INTERVAL_NS VT_NS_PER_SEC

static VtMono
at_ms(int64_t span_ms)
{
    return (VtMono){ .ns = span_ms * VT_NS_PER_MS };
}

static void
test_timer_is_due_each_interval(void)
{
    VtTickPlan plan;
    vt_tick_plan_init(&plan, INTERVAL_NS, at_ms(0));
    g_assert_cmpint(plan.due_at.ns, ==, at_ms(1000).ns);
    vt_tick_plan_on_timer(&plan, at_ms(1003));
    g_assert_cmpint(plan.due_at.ns, ==, at_ms(2003).ns);
}

/* One wake-up serves: while somebody else beats, the timer stays silent. */
static void
test_beat_takes_the_timers_place(void)
{
    VtTickPlan plan;
    vt_tick_plan_init(&plan, INTERVAL_NS, at_ms(0));
    for (int64_t second = 1; second <= 5; second++) {
        VtMono now = at_ms(second * 1000 - 300 + second % 2 * 20);
        g_assert_cmpint(now.ns, <, plan.due_at.ns);
        g_assert_true(vt_tick_plan_on_beat(&plan, now));
    }
}

/* Whoever beats shortly after the timer's tick has the next one. */
static void
test_timer_gives_way_to_a_beat_that_comes_after_it(void)
{
    VtTickPlan plan;
    vt_tick_plan_init(&plan, INTERVAL_NS, at_ms(0));
    vt_tick_plan_on_timer(&plan, at_ms(1000));
    g_assert_false(vt_tick_plan_on_beat(&plan, at_ms(1250)));
    g_assert_cmpint(plan.due_at.ns, >, at_ms(2250).ns);
    g_assert_true(vt_tick_plan_on_beat(&plan, at_ms(2250)));
}

static void
test_timer_is_due_when_the_beats_end(void)
{
    VtTickPlan plan;
    vt_tick_plan_init(&plan, INTERVAL_NS, at_ms(0));
    g_assert_true(vt_tick_plan_on_beat(&plan, at_ms(900)));
    g_assert_cmpint(plan.due_at.ns, ==, at_ms(2400).ns);
}

#define add(path, function) g_test_add_func("/agent/tick-plan/" path, function)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("timer-is-due-each-interval", test_timer_is_due_each_interval);
    add("beat-takes-the-timers-place", test_beat_takes_the_timers_place);
    add("timer-gives-way-to-a-beat-that-comes-after-it",
        test_timer_gives_way_to_a_beat_that_comes_after_it);
    add("timer-is-due-when-the-beats-end", test_timer_is_due_when_the_beats_end);
    return g_test_run();
}
