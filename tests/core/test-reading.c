/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/reading.h"

/* A bracket of @bracket_ns with the reference @ahead_ns ahead, held for 20 us in the middle. */
static VtReading
make_reading(VtNs bracket_ns, VtNs ahead_ns)
{
    VtWall wall = { .ns = INT64_C(1800000000) * VT_NS_PER_SEC };
    VtMono raw = { .ns = 500 * VT_NS_PER_SEC };
    VtNs hold_ns = 20 * VT_NS_PER_US;
    VtWall received_at = vt_wall_add(wall, ahead_ns + (bracket_ns - hold_ns) / 2);
    return (VtReading){
        .sent = { .wall = wall, .raw = raw },
        .received = { .wall = vt_wall_add(wall, bracket_ns),
                      .raw = vt_mono_add(raw, bracket_ns) },
        .reference_received_at = received_at,
        .reference_sent_at = vt_wall_add(received_at, hold_ns),
        .precision_ns = 100,
        .root_delay_ns = 2000,
        .root_dispersion_ns = 500,
        .reference_synchronised = true,
        .stratum = 3,
    };
}

static void
test_good_reading_passes(void)
{
    VtReading reading = make_reading(200 * VT_NS_PER_US, 3600 * VT_NS_PER_SEC);

    g_assert_cmpint(vt_reading_check(&reading), ==, VT_READING_OK);
}

static void
test_end_before_beginning_fails(void)
{
    VtReading raw_back = make_reading(200 * VT_NS_PER_US, 0);
    VtReading wall_back = raw_back;
    VtReading reference_back = raw_back;
    raw_back.received.raw.ns -= VT_NS_PER_MS;
    wall_back.received.wall.ns -= VT_NS_PER_MS;
    reference_back.reference_sent_at.ns -= VT_NS_PER_MS;

    g_assert_cmpint(vt_reading_check(&raw_back), ==, VT_READING_DISORDER);
    g_assert_cmpint(vt_reading_check(&wall_back), ==, VT_READING_DISORDER);
    g_assert_cmpint(vt_reading_check(&reference_back), ==, VT_READING_DISORDER);
}

static void
test_set_inside_bracket_fails(void)
{
    VtReading reading = make_reading(200 * VT_NS_PER_US, 0);
    reading.received.wall.ns += 10 * VT_NS_PER_MS;

    g_assert_cmpint(vt_reading_check(&reading), ==, VT_READING_CLOCK_SET);
}

static void
test_slew_inside_bracket_passes(void)
{
    VtReading reading = make_reading(900 * VT_NS_PER_MS, 0);
    reading.received.wall.ns += 900 * VT_NS_PER_US;

    g_assert_cmpint(vt_reading_check(&reading), ==, VT_READING_OK);
}

static void
test_long_bracket_fails(void)
{
    VtReading reading = make_reading(VT_NS_PER_SEC, 0);

    g_assert_cmpint(vt_reading_check(&reading), ==, VT_READING_TOO_LONG);
}

static void
test_reference_longer_than_bracket_fails(void)
{
    VtReading reading = make_reading(200 * VT_NS_PER_US, 0);
    reading.reference_sent_at.ns += 3 * VT_NS_PER_SEC;

    g_assert_cmpint(vt_reading_check(&reading), ==, VT_READING_STOOD_STILL);
}

static void
test_extreme_values_do_not_wrap(void)
{
    VtReading reading = make_reading(200 * VT_NS_PER_US, 0);
    reading.reference_received_at.ns = VT_NS_MIN;
    reading.reference_sent_at.ns = VT_NS_MAX;

    g_assert_cmpint(vt_reading_check(&reading), !=, VT_READING_OK);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/reading/good-reading-passes", test_good_reading_passes);
    g_test_add_func("/core/reading/end-before-beginning-fails",
                    test_end_before_beginning_fails);
    g_test_add_func("/core/reading/set-inside-bracket-fails", test_set_inside_bracket_fails);
    g_test_add_func("/core/reading/slew-inside-bracket-passes",
                    test_slew_inside_bracket_passes);
    g_test_add_func("/core/reading/long-bracket-fails", test_long_bracket_fails);
    g_test_add_func("/core/reading/reference-longer-than-bracket-fails",
                    test_reference_longer_than_bracket_fails);
    g_test_add_func("/core/reading/extreme-values-do-not-wrap",
                    test_extreme_values_do_not_wrap);
    return g_test_run();
}
