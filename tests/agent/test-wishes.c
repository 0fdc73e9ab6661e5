/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "agent/wishes.h"

typedef struct {
    unsigned n_wakes;
    unsigned n_readings;
} Count;

static void
on_wake(void *user_data)
{
    ((Count *)user_data)->n_wakes++;
}

static void
on_reading_due(void *user_data)
{
    ((Count *)user_data)->n_readings++;
}

static void
run_until(const unsigned *count, unsigned wanted)
{
    while (*count < wanted)
        g_main_context_iteration(NULL, TRUE);
}

static void
test_come_true_once(void)
{
    Count count = { 0 };
    VtWishes *wishes = vt_wishes_new(on_wake, on_reading_due, &count);
    VtAction action = { .wake_after_ns = VT_NS_PER_MS, .measure_after_ns = 2 * VT_NS_PER_MS };

    vt_wishes_take(wishes, &action);
    run_until(&count.n_readings, 1);

    g_assert_cmpuint(count.n_wakes, ==, 1);
    g_assert_false(g_main_context_iteration(NULL, FALSE));
    vt_wishes_free(wishes);
}

static void
test_waking_is_replaced_and_reading_stands(void)
{
    Count count = { 0 };
    VtWishes *wishes = vt_wishes_new(on_wake, on_reading_due, &count);
    VtAction first = { .wake_after_ns = VT_NS_PER_MS, .measure_after_ns = 2 * VT_NS_PER_MS };
    VtAction second = { .kind = VT_ACTION_HOLD };

    vt_wishes_take(wishes, &first);
    vt_wishes_take(wishes, &second);
    run_until(&count.n_readings, 1);

    g_assert_cmpuint(count.n_wakes, ==, 0);
    vt_wishes_free(wishes);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/agent/wishes/come-true-once", test_come_true_once);
    g_test_add_func("/agent/wishes/waking-is-replaced-and-reading-stands",
                    test_waking_is_replaced_and_reading_stands);
    return g_test_run();
}
