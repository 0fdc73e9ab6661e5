/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "proto/ntp-stamp.h"

/* 2036-02-07 06:28:16 UTC, where era 1 begins. */
#define ERA_1_NS (INT64_C(2085978496) * VT_NS_PER_SEC)

static VtWall
at_ns(int64_t ns)
{
    return (VtWall){ .ns = ns };
}

static void
test_known_instants_have_their_stamps(void)
{
    static const struct {
        const char *name;
        int64_t at_ns;
        VtNtpStamp stamp;
    } rows[] = {
        { "1970", 0, UINT64_C(0x83aa7e8000000000) },
        { "half a second before 1970", -VT_NS_PER_SEC / 2, UINT64_C(0x83aa7e7f80000000) },
        { "2025-01-01", INT64_C(1735689600) * VT_NS_PER_SEC, UINT64_C(0xeb1f040000000000) },
        { "a quarter past", VT_NS_PER_SEC / 4, UINT64_C(0x83aa7e8040000000) },
        { "1 ns is 4.29 units", 1, UINT64_C(0x83aa7e8000000004) },
        { "2 ns is 8.59 units", 2, UINT64_C(0x83aa7e8000000009) },
        { "last of era 0", ERA_1_NS - 1, UINT64_C(0xfffffffffffffffc) },
        { "1 s into era 1", ERA_1_NS + VT_NS_PER_SEC, UINT64_C(0x0000000100000000) },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].name);
        g_assert_cmphex(vt_ntp_stamp_from_wall(at_ns(rows[i].at_ns)), ==, rows[i].stamp);
    }
}

static void
test_stamp_is_never_zero(void)
{
    g_assert_cmphex(vt_ntp_stamp_from_wall(at_ns(ERA_1_NS)), ==, 1);
    /* The same instant one era earlier: 1900-01-01. */
    g_assert_cmphex(vt_ntp_stamp_from_wall(at_ns(INT64_C(-2208988800) * VT_NS_PER_SEC)), ==, 1);
}

static void
test_era_follows_the_pivot(void)
{
    static const int64_t offsets_ns[] = { -VT_NS_PER_SEC, -1, 1, VT_NS_PER_SEC };
    static const int64_t pivots_sec[] = { -2000000000, -1, 0, 1, 2000000000 };

    for (size_t i = 0; i < G_N_ELEMENTS(offsets_ns); i++) {
        VtWall at = at_ns(ERA_1_NS + offsets_ns[i]);
        VtNtpStamp stamp = vt_ntp_stamp_from_wall(at);
        for (size_t j = 0; j < G_N_ELEMENTS(pivots_sec); j++) {
            VtWall pivot = at_ns(ERA_1_NS + pivots_sec[j] * VT_NS_PER_SEC);
            g_assert_cmpint(vt_ntp_stamp_to_wall(stamp, pivot).ns, ==, at.ns);
        }
    }
}

static void
test_pivot_beyond_68_years_means_the_next_era(void)
{
    VtNtpStamp stamp = vt_ntp_stamp_from_wall(at_ns(0));
    int64_t era_ns = (INT64_C(1) << 32) * VT_NS_PER_SEC;

    g_assert_cmpint(vt_ntp_stamp_to_wall(stamp, at_ns(era_ns / 2 - VT_NS_PER_SEC)).ns, ==, 0);
    g_assert_cmpint(vt_ntp_stamp_to_wall(stamp, at_ns(era_ns / 2 + VT_NS_PER_SEC)).ns, ==,
                    era_ns);
    g_assert_cmpint(vt_ntp_stamp_to_wall(stamp, at_ns(-era_ns / 2 - VT_NS_PER_SEC)).ns, ==,
                    -era_ns);
}

static void
test_round_trip_keeps_nanoseconds(void)
{
    for (int i = 0; i < 10000; i++) {
        int64_t sec = g_test_rand_int_range(-G_MAXINT32, G_MAXINT32);
        VtWall at = at_ns(sec * VT_NS_PER_SEC + g_test_rand_int_range(0, 1000000000));
        int64_t ahead_sec = g_test_rand_int_range(-G_MAXINT32 + 1, G_MAXINT32 - 1);

        VtWall pivot = at_ns(at.ns + ahead_sec * VT_NS_PER_SEC);
        g_assert_cmpint(vt_ntp_stamp_to_wall(vt_ntp_stamp_from_wall(at), pivot).ns, ==, at.ns);
    }
}

static void
test_far_ends_saturate(void)
{
    static const int64_t ends_ns[] = { INT64_MIN, INT64_MIN + 1, INT64_MAX - 1, INT64_MAX };

    for (size_t i = 0; i < G_N_ELEMENTS(ends_ns); i++) {
        VtNtpStamp stamp = vt_ntp_stamp_from_wall(at_ns(ends_ns[i]));
        g_assert_cmpint(vt_ntp_stamp_to_wall(stamp, at_ns(ends_ns[i])).ns, ==, ends_ns[i]);
    }
    VtNtpStamp late = vt_ntp_stamp_from_wall(at_ns(INT64_MAX)) + (UINT64_C(10) << 32);
    g_assert_cmpint(vt_ntp_stamp_to_wall(late, at_ns(INT64_MAX)).ns, ==, INT64_MAX);
}

static void
test_diff_crosses_the_era(void)
{
    VtNtpStamp before = vt_ntp_stamp_from_wall(at_ns(ERA_1_NS - VT_NS_PER_SEC));
    VtNtpStamp after = vt_ntp_stamp_from_wall(at_ns(ERA_1_NS + VT_NS_PER_SEC / 2));

    g_assert_cmpint(vt_ntp_stamp_diff(after, before), ==, VT_NS_PER_SEC * 3 / 2);
    g_assert_cmpint(vt_ntp_stamp_diff(before, after), ==, -VT_NS_PER_SEC * 3 / 2);
}

static void
test_diff_is_antisymmetric(void)
{
    for (int i = 0; i < 10000; i++) {
        VtNtpStamp a = (VtNtpStamp)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
        VtNtpStamp b = a + (uint32_t)g_test_rand_int();

        g_assert_cmpint(vt_ntp_stamp_diff(a, b), ==, -vt_ntp_stamp_diff(b, a));
    }
    /* An exact half of a nanosecond, where rounding up would differ from rounding down. */
    g_assert_cmpint(vt_ntp_stamp_diff(UINT64_C(1) << 22, 0), ==, 976563);
    g_assert_cmpint(vt_ntp_stamp_diff(0, UINT64_C(1) << 22), ==, -976563);
    g_assert_cmpint(vt_ntp_stamp_diff(UINT64_C(1) << 63, 0), ==, -2147483648 * VT_NS_PER_SEC);
}

static void
test_short_rounds_up(void)
{
    static const struct {
        VtNs span_ns;
        VtNtpShort value;
    } rows[] = {
        { VT_NS_MIN, 0 },
        { -1, 0 },
        { 0, 0 },
        { 1, 1 },
        { 15258, 1 },
        { 15259, 2 },
        { VT_NS_PER_SEC - 1, 65536 },
        { VT_NS_PER_SEC, 65536 },
        { VT_NS_PER_SEC + 1, 65537 },
        { 65535 * VT_NS_PER_SEC, 0xffff0000 },
        { 65536 * VT_NS_PER_SEC - 1, UINT32_MAX },
        { 65536 * VT_NS_PER_SEC, UINT32_MAX },
        { VT_NS_MAX, UINT32_MAX },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmphex(vt_ntp_short_from_ns(rows[i].span_ns), ==, rows[i].value);
}

static void
test_short_stays_a_bound(void)
{
    g_assert_cmpint(vt_ntp_short_to_ns(0), ==, 0);
    g_assert_cmpint(vt_ntp_short_to_ns(1), ==, 15259);
    g_assert_cmpint(vt_ntp_short_to_ns(65536), ==, VT_NS_PER_SEC);
    g_assert_cmpint(vt_ntp_short_to_ns(UINT32_MAX), ==, INT64_C(65535999984742));
    for (int i = 0; i < 10000; i++) {
        VtNs span_ns = (VtNs)g_test_rand_double_range(0.0, 65535e9);
        VtNs back_ns = vt_ntp_short_to_ns(vt_ntp_short_from_ns(span_ns));
        g_assert_cmpint(back_ns, >=, span_ns);
        g_assert_cmpint(back_ns, <=, span_ns + 15259);
    }
}

static void
test_log2_covers_its_range(void)
{
    static const struct {
        int8_t log2_sec;
        VtNs span_ns;
    } rows[] = {
        { INT8_MIN, 1 },
        { -31, 1 },
        { -30, 1 },
        { -29, 2 },
        { -24, 60 },
        { -20, 954 },
        { -1, 500000000 },
        { 0, VT_NS_PER_SEC },
        { 6, 64 * VT_NS_PER_SEC },
        { 33, INT64_C(8589934592) * VT_NS_PER_SEC },
        { 34, VT_NS_MAX },
        { INT8_MAX, VT_NS_MAX },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(vt_ntp_log2_to_ns(rows[i].log2_sec), ==, rows[i].span_ns);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/proto/ntp-stamp/known-instants-have-their-stamps",
                    test_known_instants_have_their_stamps);
    g_test_add_func("/proto/ntp-stamp/stamp-is-never-zero", test_stamp_is_never_zero);
    g_test_add_func("/proto/ntp-stamp/era-follows-the-pivot", test_era_follows_the_pivot);
    g_test_add_func("/proto/ntp-stamp/pivot-beyond-68-years-means-the-next-era",
                    test_pivot_beyond_68_years_means_the_next_era);
    g_test_add_func("/proto/ntp-stamp/round-trip-keeps-nanoseconds",
                    test_round_trip_keeps_nanoseconds);
    g_test_add_func("/proto/ntp-stamp/far-ends-saturate", test_far_ends_saturate);
    g_test_add_func("/proto/ntp-stamp/diff-crosses-the-era", test_diff_crosses_the_era);
    g_test_add_func("/proto/ntp-stamp/diff-is-antisymmetric", test_diff_is_antisymmetric);
    g_test_add_func("/proto/ntp-stamp/short-rounds-up", test_short_rounds_up);
    g_test_add_func("/proto/ntp-stamp/short-stays-a-bound", test_short_stays_a_bound);
    g_test_add_func("/proto/ntp-stamp/log2-covers-its-range", test_log2_covers_its_range);
    return g_test_run();
}
