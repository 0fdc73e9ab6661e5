/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "proto/leap-list.h"

/* As the file begins and ends, made shorter. 2026-12-28. */
#define HEAD                                                            \
    "#\tATOMIC TIME\n"                                                  \
    "#\tCoordinated Universal Time (UTC) is the reference time scale\n" \
    "#\n"                                                               \
    "#$\t3960835200\n"                                                  \
    "#\n"                                                               \
    "#@\t4007404800\n"                                                  \
    "#\n"
#define ENTRIES                              \
    "2272060800      10      # 1 Jan 1972\n" \
    "2287785600      11      # 1 Jul 1972\n" \
    "3644697600      36      # 1 Jul 2015\n" \
    "3692217600      37      # 1 Jan 2017\n"
#define HASH "#h\t49db2447 571e5e1b 2f002a53 9c8da8e4 39b8e49e\n"

static VtWall
at_sec(int64_t unix_sec)
{
    return (VtWall){ .ns = unix_sec * VT_NS_PER_SEC };
}

static void
test_offset_is_that_of_the_instant(void)
{
    static const struct {
        int64_t unix_sec;
        VtLeapListCheck check;
        int offset_sec;
    } rows[] = {
        { 63072000 - 1, VT_LEAP_LIST_TOO_EARLY, 0 }, { 63072000, VT_LEAP_LIST_OK, 10 },
        { 1483228800 - 1, VT_LEAP_LIST_OK, 36 },     { 1483228800, VT_LEAP_LIST_OK, 37 },
        { 1798416000 - 1, VT_LEAP_LIST_OK, 37 },     { 1798416000, VT_LEAP_LIST_EXPIRED, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int offset_sec = 0;
        VtLeapListCheck check =
            vt_leap_list_get_offset(HEAD ENTRIES HASH, at_sec(rows[i].unix_sec), &offset_sec);

        g_assert_cmpint(check, ==, rows[i].check);
        g_assert_cmpint(offset_sec, ==, rows[i].offset_sec);
    }
}

static void
test_what_is_no_list_is_refused(void)
{
    static const char *const texts[] = {
        "",
        HEAD,
        ENTRIES,
        HEAD "3692217600\n",
        HEAD "3692217600 37 38\n",
        HEAD "3692217600 0\n",
        HEAD "3692217600 -37\n",
        HEAD "3692217600 99999\n",
        HEAD "99999999999999999999999 37\n",
        HEAD "3692217600 37\n3644697600 36\n",
        HEAD "3692217600 37\n3692217600 38\n",
        "#@ soon\n" ENTRIES,
        HEAD ENTRIES "<html>\n",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        int offset_sec = 7;
        g_assert_cmpint(vt_leap_list_get_offset(texts[i], at_sec(1790000000), &offset_sec), ==,
                        VT_LEAP_LIST_MALFORMED);
        g_assert_cmpint(offset_sec, ==, 7);
    }
}

static void
test_last_line_may_lack_its_end(void)
{
    int offset_sec = 0;

    VtLeapListCheck check =
        vt_leap_list_get_offset(HEAD "3692217600 37", at_sec(1790000000), &offset_sec);

    g_assert_cmpint(check, ==, VT_LEAP_LIST_OK);
    g_assert_cmpint(offset_sec, ==, 37);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proto/leap-list/offset-is-that-of-the-instant",
                    test_offset_is_that_of_the_instant);
    g_test_add_func("/proto/leap-list/what-is-no-list-is-refused",
                    test_what_is_no_list_is_refused);
    g_test_add_func("/proto/leap-list/last-line-may-lack-its-end",
                    test_last_line_may_lack_its_end);
    return g_test_run();
}
