/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/sample.h"

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
test_offset_is_reference_minus_local(void)
{
    VtReading reading = make_reading(220 * VT_NS_PER_US, 7 * VT_NS_PER_SEC);

    VtSample sample = vt_sample_from_reading(&reading);

    g_assert_cmpint(sample.offset_ns, ==, 7 * VT_NS_PER_SEC);
    g_assert_cmpint(sample.raw_offset_ns, ==,
                    reading.sent.wall.ns - reading.sent.raw.ns + 7 * VT_NS_PER_SEC);
    g_assert_cmpint(sample.raw_at.ns, ==, reading.sent.raw.ns + 110 * VT_NS_PER_US);
    g_assert_cmpint(sample.raw_begun_at.ns, ==, reading.sent.raw.ns);
}

static void
test_error_covers_any_asymmetry(void)
{
    /* All of the delay on one way: the worst that can be. */
    VtReading reading = make_reading(220 * VT_NS_PER_US, 0);
    reading.reference_received_at = reading.sent.wall;
    reading.reference_sent_at = vt_wall_add(reading.sent.wall, 20 * VT_NS_PER_US);

    VtSample sample = vt_sample_from_reading(&reading);

    g_assert_cmpint(sample.delay_ns, ==, 200 * VT_NS_PER_US);
    g_assert_cmpint(vt_ns_abs(sample.offset_ns), <=, sample.error_ns);
    g_assert_cmpint(sample.error_ns, <=, 100 * VT_NS_PER_US + 101);
}

static void
test_delay_is_at_least_precision(void)
{
    VtReading reading = make_reading(20 * VT_NS_PER_US, 0);

    VtSample sample = vt_sample_from_reading(&reading);

    g_assert_cmpint(sample.delay_ns, ==, 100);
}

static void
test_root_distance_is_half_delay_and_dispersion(void)
{
    VtReading reading = make_reading(220 * VT_NS_PER_US, 0);

    VtSample sample = vt_sample_from_reading(&reading);

    g_assert_cmpint(sample.root_distance_ns, ==, 1500);
    g_assert_cmpuint(sample.stratum, ==, 3);
    g_assert_true(sample.reference_synchronised);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/sample/offset-is-reference-minus-local",
                    test_offset_is_reference_minus_local);
    g_test_add_func("/core/sample/error-covers-any-asymmetry", test_error_covers_any_asymmetry);
    g_test_add_func("/core/sample/delay-is-at-least-precision",
                    test_delay_is_at_least_precision);
    g_test_add_func("/core/sample/root-distance-is-half-delay-and-dispersion",
                    test_root_distance_is_half_delay_and_dispersion);
    return g_test_run();
}
