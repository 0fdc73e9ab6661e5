/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "base/error.h"
#include "base/units.h"

static void
test_arithmetic_saturates(void)
{
    g_assert_cmpint(vt_ns_add(VT_NS_MAX, 1), ==, VT_NS_MAX);
    g_assert_cmpint(vt_ns_add(VT_NS_MIN, -1), ==, VT_NS_MIN);
    g_assert_cmpint(vt_ns_sub(VT_NS_MIN, 1), ==, VT_NS_MIN);
    g_assert_cmpint(vt_ns_sub(0, VT_NS_MIN), ==, VT_NS_MAX);
    g_assert_cmpint(vt_ns_mul(VT_NS_MAX, -2), ==, VT_NS_MIN);
    g_assert_cmpint(vt_ns_mul(VT_NS_MIN, -1), ==, VT_NS_MAX);
    g_assert_cmpint(vt_ns_abs(VT_NS_MIN), ==, VT_NS_MAX);
}

static void
test_middle_never_overflows(void)
{
    VtWall late = { .ns = INT64_MAX };
    VtWall later = { .ns = INT64_MAX - 10 };

    g_assert_cmpint(vt_wall_middle(late, later).ns, ==, INT64_MAX - 5);
    g_assert_cmpint(vt_mono_middle((VtMono){ 10 }, (VtMono){ 20 }).ns, ==, 15);
}

static void
test_double_rounds_to_nearest(void)
{
    static const struct {
        double value_ns;
        VtNs rounded_ns;
    } rows[] = {
        { 0.4, 0 },
        { 0.6, 1 },
        { -0.6, -1 },
        { 1e300, VT_NS_MAX },
        { -1e300, VT_NS_MIN },
        { NAN, 0 },
        { INFINITY, VT_NS_MAX },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(vt_ns_from_double(rows[i].value_ns), ==, rows[i].rounded_ns);
}

static void
test_timespec_of_negative_span_is_normal(void)
{
    struct timespec at = vt_ns_to_timespec(-300 * VT_NS_PER_MS);

    g_assert_cmpint(at.tv_sec, ==, -1);
    g_assert_cmpint(at.tv_nsec, ==, 700000000);
    g_assert_cmpint(vt_ns_from_timespec(&at), ==, -300 * VT_NS_PER_MS);
}

static void
test_duration_needs_its_unit(void)
{
    static const struct {
        const char *text;
        VtNs span_ns;
    } good[] = {
        { "250ms", 250 * VT_NS_PER_MS },
        { "2s", 2 * VT_NS_PER_SEC },
        { "1.5 us", 1500 },
        { "1min", 60 * VT_NS_PER_SEC },
        { "0ns", 0 },
        { "-3ms", -3 * VT_NS_PER_MS },
        { "1d", 86400 * VT_NS_PER_SEC },
    };
    static const char *const bad[] = { "", "5", "ms", "5 parsecs", "nan s", "1e30d", "5s6" };

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        VtNs span_ns = -1;
        g_autoptr(GError) error = NULL;
        g_assert_true(vt_ns_parse(good[i].text, &span_ns, &error));
        g_assert_no_error(error);
        g_assert_cmpint(span_ns, ==, good[i].span_ns);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        VtNs span_ns = 77;
        g_autoptr(GError) error = NULL;
        g_assert_false(vt_ns_parse(bad[i], &span_ns, &error));
        g_assert_error(error, VT_ERROR, VT_ERROR_INVALID);
        g_assert_cmpint(span_ns, ==, 77);
    }
}

static void
test_format_has_four_digits_and_unit(void)
{
    static const struct {
        VtNs offset_ns;
        const char *offset;
        const char *span;
    } rows[] = {
        { 0, "0 ns", "0 ns" },
        { 40000, "+40.00 us", "40.00 us" },
        { 3204000000, "+3.204 s", "3.204 s" },
        { -12500, "-12.50 us", "12.50 us" },
        { 999960, "+1.000 ms", "1.000 ms" },
        { 999, "+999 ns", "999 ns" },
        { -61234567890, "-61.23 s", "61.23 s" },
        { 86400 * VT_NS_PER_SEC, "+86400 s", "86400 s" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *offset = vt_ns_format_offset(rows[i].offset_ns);
        g_autofree char *span = vt_ns_format_span(rows[i].offset_ns);
        g_assert_cmpstr(offset, ==, rows[i].offset);
        g_assert_cmpstr(span, ==, rows[i].span);
    }
}

static void
test_wall_is_written_for_people(void)
{
    static const struct {
        int64_t ns;
        const char *text;
    } rows[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { INT64_C(1735689605750999999), "2025-01-01T00:00:05.750Z" },
        { -1, "1969-12-31T23:59:59.999Z" },
        { INT64_MAX, "2262-04-11T23:47:16.854Z" },
        { INT64_MIN, "1677-09-21T00:12:43.145Z" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = vt_wall_format((VtWall){ .ns = rows[i].ns });
        g_assert_cmpstr(text, ==, rows[i].text);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base/units/arithmetic-saturates", test_arithmetic_saturates);
    g_test_add_func("/base/units/middle-never-overflows", test_middle_never_overflows);
    g_test_add_func("/base/units/double-rounds-to-nearest", test_double_rounds_to_nearest);
    g_test_add_func("/base/units/timespec-of-negative-span-is-normal",
                    test_timespec_of_negative_span_is_normal);
    g_test_add_func("/base/units/duration-needs-its-unit", test_duration_needs_its_unit);
    g_test_add_func("/base/units/format-has-four-digits-and-unit",
                    test_format_has_four_digits_and_unit);
    g_test_add_func("/base/units/wall-is-written-for-people", test_wall_is_written_for_people);
    return g_test_run();
}
