/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/stopwatch.h"

#define AHEAD_NS (3 * VT_NS_PER_SEC)

static const VtWall begun = { .ns = INT64_C(1800000000) * VT_NS_PER_SEC };

/* A reading of 200 us, @late_ns after the beginning, by a local clock that is behind by that. */
static VtReading
make_reading(VtNs late_ns, VtNs behind_ns)
{
    VtWall local = vt_wall_add(begun, late_ns - behind_ns);
    VtWall stopwatch = vt_wall_add(begun, late_ns + AHEAD_NS + 100 * VT_NS_PER_US);
    return (VtReading){
        .sent = { .wall = local, .raw = { .ns = VT_NS_PER_SEC } },
        .received = { .wall = vt_wall_add(local, 200 * VT_NS_PER_US),
                      .raw = { .ns = VT_NS_PER_SEC + 200 * VT_NS_PER_US } },
        .reference_received_at = stopwatch,
        .reference_sent_at = stopwatch,
        .precision_ns = 1,
        .root_dispersion_ns = 16 * VT_NS_PER_SEC,
    };
}

static void
test_unknown_says_nothing(void)
{
    VtStopwatch stopwatch = { 0 };
    VtReading reading = make_reading(0, 0);
    VtReading corrected;

    g_assert_false(vt_stopwatch_correct(&stopwatch, &reading, &corrected));
}

static void
test_tells_how_long_the_guest_stood_still(void)
{
    VtStopwatch stopwatch = { 0 };
    VtReading before = make_reading(0, 0);
    VtReading after = make_reading(60 * VT_NS_PER_SEC, 60 * VT_NS_PER_SEC);
    VtReading corrected;
    vt_stopwatch_learn(&stopwatch, &before, 0, VT_NS_PER_MS);

    g_assert_true(vt_stopwatch_correct(&stopwatch, &after, &corrected));

    VtSample sample = vt_sample_from_reading(&corrected);
    g_assert_cmpint(sample.offset_ns, ==, 60 * VT_NS_PER_SEC);
    g_assert_true(sample.reference_synchronised);
    /* What was not sure then, the way then, and 100 ppm of a minute. */
    VtNs doubt_ns = VT_NS_PER_MS + 100 * VT_NS_PER_US + 6 * VT_NS_PER_MS;
    g_assert_cmpint(sample.root_distance_ns, >=, doubt_ns);
    g_assert_cmpint(sample.root_distance_ns, <, doubt_ns + VT_NS_PER_US);
}

static void
test_known_offset_of_the_local_clock_counts(void)
{
    VtStopwatch stopwatch = { 0 };
    VtReading before = make_reading(0, 5 * VT_NS_PER_MS);
    vt_stopwatch_learn(&stopwatch, &before, 5 * VT_NS_PER_MS, VT_NS_PER_MS);

    g_assert_cmpint(stopwatch.ahead_ns, ==, AHEAD_NS);
}

static void
test_better_knowledge_is_kept_until_it_is_old(void)
{
    VtStopwatch stopwatch = { 0 };
    VtReading early = make_reading(0, 0);
    VtReading later = make_reading(VT_NS_PER_SEC, 0);
    VtReading last = make_reading(60 * VT_NS_PER_SEC, 0);

    vt_stopwatch_learn(&stopwatch, &early, 0, VT_NS_PER_MS);
    vt_stopwatch_learn(&stopwatch, &later, 0, 5 * VT_NS_PER_MS);
    g_assert_cmpint(stopwatch.learned_at.ns, ==, early.reference_sent_at.ns);

    vt_stopwatch_learn(&stopwatch, &last, 0, 5 * VT_NS_PER_MS);
    g_assert_cmpint(stopwatch.learned_at.ns, ==, last.reference_sent_at.ns);
}

static void
test_forgets(void)
{
    VtStopwatch stopwatch = { 0 };
    VtReading reading = make_reading(0, 0);
    VtReading corrected;
    vt_stopwatch_learn(&stopwatch, &reading, 0, VT_NS_PER_MS);

    vt_stopwatch_forget(&stopwatch);

    g_assert_false(vt_stopwatch_correct(&stopwatch, &reading, &corrected));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/stopwatch/unknown-says-nothing", test_unknown_says_nothing);
    g_test_add_func("/core/stopwatch/tells-how-long-the-guest-stood-still",
                    test_tells_how_long_the_guest_stood_still);
    g_test_add_func("/core/stopwatch/known-offset-of-the-local-clock-counts",
                    test_known_offset_of_the_local_clock_counts);
    g_test_add_func("/core/stopwatch/better-knowledge-is-kept-until-it-is-old",
                    test_better_knowledge_is_kept_until_it_is_old);
    g_test_add_func("/core/stopwatch/forgets", test_forgets);
    return g_test_run();
}
