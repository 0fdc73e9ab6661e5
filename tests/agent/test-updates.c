/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/updates.h"

#define RAW_AT_NS  (1000 * VT_NS_PER_SEC)
#define WALL_AT_NS (1900000000 * VT_NS_PER_SEC)

/* The rounding of a root. */
#define ROUNDING_NS 2

/* Begun @at_ns later than the first, of a clock that is @offset_ns behind; it took 100 us. */
static VtReading
make_reading(VtNs at_ns, VtNs offset_ns)
{
    const VtNs way_ns = 50 * VT_NS_PER_US;
    VtWall reference_at = { .ns = WALL_AT_NS + at_ns + way_ns + offset_ns };
    return (VtReading){
        .sent = { .wall = { .ns = WALL_AT_NS + at_ns }, .raw = { .ns = RAW_AT_NS + at_ns } },
        .received = { .wall = { .ns = WALL_AT_NS + at_ns + 2 * way_ns },
                      .raw = { .ns = RAW_AT_NS + at_ns + 2 * way_ns } },
        .reference_received_at = reference_at,
        .reference_sent_at = reference_at,
        .precision_ns = 30,
        .root_delay_ns = 400 * VT_NS_PER_US,
        .root_dispersion_ns = 15 * VT_NS_PER_US,
        .reference_synchronised = true,
        .leap = 1,
    };
}

static void
test_last_reading_is_told(void)
{
    VtUpdates updates = { 0 };
    VtReading reading = make_reading(0, 7000);

    vt_updates_note(&updates, &reading, true);

    g_assert_true(updates.has_last);
    g_assert_true(updates.is_reference_synchronised);
    g_assert_cmpint(updates.leap, ==, 1);
    g_assert_cmpint(updates.last_offset_ns, ==, 7000);
    g_assert_cmpint(updates.root_delay_ns, ==, 500 * VT_NS_PER_US);
    g_assert_cmpint(updates.root_dispersion_ns, ==, 15 * VT_NS_PER_US + 30);
    g_assert_false(updates.has_interval);
}

static void
test_interval_is_that_of_the_last_two(void)
{
    VtUpdates updates = { 0 };
    static const VtNs at_sec[] = { 0, 2, 66 };

    for (size_t i = 0; i < G_N_ELEMENTS(at_sec); i++) {
        VtReading reading = make_reading(at_sec[i] * VT_NS_PER_SEC, 0);
        vt_updates_note(&updates, &reading, true);
    }

    g_assert_true(updates.has_interval);
    g_assert_cmpint(updates.interval_ns, ==, 64 * VT_NS_PER_SEC);
}

static void
test_mean_forgets_slowly_and_has_no_sign(void)
{
    VtUpdates updates = { 0 };

    for (int i = 0; i < 10; i++) {
        VtReading reading = make_reading(i * VT_NS_PER_SEC, i % 2 == 0 ? 5000 : -5000);
        vt_updates_note(&updates, &reading, true);
    }
    g_assert_cmpint(ABS(vt_updates_get_rms(&updates) - 5000), <=, ROUNDING_NS);

    /* A tenth of the square: 5 us and once 50 us make 16.5 us. */
    VtReading once = make_reading(10 * VT_NS_PER_SEC, 50000);
    vt_updates_note(&updates, &once, true);
    g_assert_cmpint(ABS(vt_updates_get_rms(&updates) - 16508), <=, ROUNDING_NS);
}

static void
test_disruption_is_no_part_of_the_mean(void)
{
    VtUpdates updates = { 0 };
    VtReading calm = make_reading(0, 5000);
    VtReading late = make_reading(VT_NS_PER_SEC, 30 * VT_NS_PER_SEC);

    vt_updates_note(&updates, &calm, true);
    vt_updates_note(&updates, &late, false);

    g_assert_cmpint(updates.last_offset_ns, ==, 30 * VT_NS_PER_SEC);
    g_assert_cmpint(ABS(vt_updates_get_rms(&updates) - 5000), <=, ROUNDING_NS);
}

#define ADD(name, function) g_test_add_func("/agent/updates/" name, function)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("last-reading-is-told", test_last_reading_is_told);
    ADD("interval-is-that-of-the-last-two", test_interval_is_that_of_the_last_two);
    ADD("mean-forgets-slowly-and-has-no-sign", test_mean_forgets_slowly_and_has_no_sign);
    ADD("disruption-is-no-part-of-the-mean", test_disruption_is_no_part_of_the_mean);
    return g_test_run();
}
