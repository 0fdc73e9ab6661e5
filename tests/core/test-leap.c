/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/leap.h"

typedef struct {
    const char *name;
    int64_t sec;
    VtLeap expected; /* of one that is to be inserted */
    bool is_near;
} LeapCase;

static void
test_cases(void)
{
    static const LeapCase cases[] = {
        { "2016-12-31 00:00:00", 1483142400, VT_LEAP_INSERT, false },
        { "2016-12-31 23:59:58", 1483228798, VT_LEAP_INSERT, true },
        { "2016-12-31 23:59:57", 1483228797, VT_LEAP_INSERT, false },
        { "2017-01-01 00:00:00", 1483228800, VT_LEAP_NONE, true },
        { "2017-01-01 00:00:02", 1483228802, VT_LEAP_NONE, false },
        { "2016-12-30 23:59:59", 1483142399, VT_LEAP_NONE, false },
        { "2024-02-28 12:00:00", 1709121600, VT_LEAP_NONE, false },
        { "2024-02-29 12:00:00", 1709208000, VT_LEAP_INSERT, false },
        { "2023-02-28 12:00:00", 1677585600, VT_LEAP_INSERT, false },
        { "2100-02-28 12:00:00", 4107499200, VT_LEAP_INSERT, false },
        { "2025-06-30 23:59:59", 1751327999, VT_LEAP_INSERT, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        VtWall wall = { .ns = cases[i].sec * VT_NS_PER_SEC };
        g_test_message("%s", cases[i].name);
        g_assert_cmpint(vt_leap_choose(VT_LEAP_INSERT, wall), ==, cases[i].expected);
        g_assert_cmpint(vt_leap_choose(VT_LEAP_NONE, wall), ==, VT_LEAP_NONE);
        g_assert_cmpint(vt_leap_is_near(wall), ==, cases[i].is_near);
    }
}

static void
test_each_month_ends_once(void)
{
    unsigned n_last = 0;
    /* 1970 to 2069. */
    for (int64_t day = 0; day < 36525; day++) {
        VtWall noon = { .ns = (day * 86400 + 43200) * VT_NS_PER_SEC };
        n_last += vt_leap_choose(VT_LEAP_INSERT, noon) == VT_LEAP_INSERT;
    }

    g_assert_cmpuint(n_last, ==, 1200);
}

static void
test_size(void)
{
    g_assert_true(vt_leap_is_size(-VT_NS_PER_SEC));
    g_assert_true(vt_leap_is_size(VT_NS_PER_SEC + VT_NS_PER_MS));
    g_assert_false(vt_leap_is_size(0));
    g_assert_false(vt_leap_is_size(VT_NS_PER_SEC + 20 * VT_NS_PER_MS));
    g_assert_cmpint(vt_leap_get_shift(VT_LEAP_INSERT), ==, -VT_NS_PER_SEC);
    g_assert_cmpint(vt_leap_get_shift(VT_LEAP_DELETE), ==, VT_NS_PER_SEC);
    g_assert_cmpint(vt_leap_get_shift(VT_LEAP_NONE), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/leap/last-days-and-midnights", test_cases);
    g_test_add_func("/core/leap/each-month-ends-once", test_each_month_ends_once);
    g_test_add_func("/core/leap/size", test_size);
    return g_test_run();
}
