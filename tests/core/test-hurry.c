/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "core/hurry.h"

static const VtMono begun_at = { .ns = 1000 * VT_NS_PER_SEC };

static VtMono
after(VtNs span_ns)
{
    return vt_mono_add(begun_at, span_ns);
}

/* Asks as often as it may; returns how often in @span_ns that is. */
static unsigned
count_readings(VtHurry *hurry, VtNs from_ns, VtNs span_ns)
{
    unsigned n_readings = 0;
    VtNs at_ns = from_ns;
    while (at_ns < from_ns + span_ns) {
        VtNs wait_ns = vt_hurry_get_wait(hurry, after(at_ns));
        if (wait_ns == VT_NS_MAX)
            break;
        n_readings++;
        at_ns += vt_ns_max(wait_ns, VT_NS_PER_US);
    }
    return n_readings;
}

static void
test_rests_at_first(void)
{
    VtHurry hurry = { 0 };
    g_assert_cmpint(vt_hurry_get_wait(&hurry, begun_at), ==, VT_NS_MAX);
}

static void
test_suspicion_keeps_to_budget(void)
{
    VtHurry hurry = { 0 };
    vt_hurry_suspect(&hurry, begun_at);

    g_assert_cmpint(vt_hurry_get_wait(&hurry, begun_at), ==, 0);
    unsigned n_readings = 1 + count_readings(&hurry, 0, 20 * VT_NS_PER_SEC);

    /* 8 a second for 6 s and 4 at once, of which one raised the suspicion. */
    g_assert_cmpuint(n_readings, <=, 6 * 8 + 3);
    g_assert_cmpuint(n_readings, >=, 6 * 8);
}

static void
test_second_suspicion_waits(void)
{
    VtHurry hurry = { 0 };
    vt_hurry_suspect(&hurry, begun_at);
    vt_hurry_end(&hurry);

    vt_hurry_suspect(&hurry, after(5 * VT_NS_PER_SEC));
    g_assert_cmpint(vt_hurry_get_wait(&hurry, after(5 * VT_NS_PER_SEC)), ==, VT_NS_MAX);
    vt_hurry_suspect(&hurry, after(7 * VT_NS_PER_SEC));
    g_assert_cmpint(vt_hurry_get_wait(&hurry, after(7 * VT_NS_PER_SEC)), ==, 0);
}

static void
test_learning_asks_nothing_at_once(void)
{
    VtHurry hurry = { 0 };
    vt_hurry_learn(&hurry, 2 * VT_NS_PER_SEC, begun_at);

    g_assert_cmpint(vt_hurry_get_wait(&hurry, begun_at), ==, VT_HURRY_INTERVAL_NS);
    g_assert_cmpuint(count_readings(&hurry, 0, 20 * VT_NS_PER_SEC), ==, 16);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/hurry/rests-at-first", test_rests_at_first);
    g_test_add_func("/core/hurry/suspicion-keeps-to-budget", test_suspicion_keeps_to_budget);
    g_test_add_func("/core/hurry/second-suspicion-waits", test_second_suspicion_waits);
    g_test_add_func("/core/hurry/learning-asks-nothing-at-once",
                    test_learning_asks_nothing_at_once);
    return g_test_run();
}
