/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/reading-mean.h"
#include "core/sample.h"

#define SPACING_NS (10 * VT_NS_PER_US)

/*
 * The @number-th of a row; what the reference shows in the middle of the bracket is @offset_ns
 * off.
 */
static VtReading
make_reading(unsigned number, VtNs bracket_ns, VtNs offset_ns)
{
    VtNs begun_ns = VT_NS_PER_SEC + number * SPACING_NS;
    VtWall at = { .ns = begun_ns + bracket_ns / 2 + offset_ns };
    return (VtReading){
        .sent = { .wall = { .ns = begun_ns }, .raw = { .ns = begun_ns } },
        .received = { .wall = { .ns = begun_ns + bracket_ns },
                      .raw = { .ns = begun_ns + bracket_ns } },
        .reference_received_at = at,
        .reference_sent_at = at,
        .precision_ns = 1,
        .stratum = 3,
    };
}

static void
add(VtReadingMean *mean, VtNs bracket_ns, VtNs offset_ns)
{
    VtReading reading = make_reading(mean->n_readings, bracket_ns, offset_ns);
    vt_reading_mean_add(mean, &reading);
}

static void
test_nothing_has_no_mean(void)
{
    VtReadingMean mean = { .n_readings = 0 };
    VtReading reading;

    g_assert_false(vt_reading_mean_get(&mean, &reading));
}

static void
test_one_is_itself(void)
{
    VtReadingMean mean = { .n_readings = 0 };
    VtReading reading;
    add(&mean, 1000, 77);

    g_assert_true(vt_reading_mean_get(&mean, &reading));

    VtReading same = make_reading(0, 1000, 77);
    g_assert_cmpmem(&reading, sizeof reading, &same, sizeof same);
}

static void
test_offsets_are_averaged(void)
{
    VtReadingMean mean = { .n_readings = 0 };
    VtReading reading;
    add(&mean, 1200, 100);
    add(&mean, 1000, 40);
    add(&mean, 1400, 10);

    g_assert_true(vt_reading_mean_get(&mean, &reading));

    VtSample sample = vt_sample_from_reading(&reading);
    g_assert_cmpint(vt_reading_check(&reading), ==, VT_READING_OK);
    g_assert_cmpint(vt_ns_abs(sample.raw_offset_ns - 50), <=, 1);
    g_assert_cmpint(vt_ns_abs(sample.offset_ns - 50), <=, 1);
    g_assert_cmpint(sample.delay_ns, ==, 1200);
    g_assert_cmpuint(sample.stratum, ==, 3);
    /* Of the instant of the quickest. */
    g_assert_cmpint(vt_ns_abs(sample.raw_at.ns - VT_NS_PER_SEC - SPACING_NS - 500), <=, 1);
}

/* The guest stood still between the second and the third: the brackets look perfect. */
static void
test_pause_between_them_is_not_averaged(void)
{
    VtReadingMean mean = { .n_readings = 0 };
    VtReading reading;
    add(&mean, 1000, 20);
    add(&mean, 900, 30);
    add(&mean, 1000, 60 * VT_NS_PER_SEC + 10);
    add(&mean, 1200, 60 * VT_NS_PER_SEC + 30);

    g_assert_true(vt_reading_mean_get(&mean, &reading));

    VtSample sample = vt_sample_from_reading(&reading);
    g_assert_cmpint(vt_ns_abs(sample.raw_offset_ns - 60 * VT_NS_PER_SEC - 20), <=, 1);
    /* Nothing of it was begun before. */
    g_assert_cmpint(reading.sent.raw.ns, >=, VT_NS_PER_SEC + 2 * SPACING_NS - 500);
}

static void
test_slow_ones_do_not_count(void)
{
    VtReadingMean mean = { .n_readings = 0 };
    VtReading reading;
    add(&mean, 1000, 20);
    add(&mean, 50000, 24000);
    add(&mean, 1000, 40);

    g_assert_true(vt_reading_mean_get(&mean, &reading));

    VtSample sample = vt_sample_from_reading(&reading);
    g_assert_cmpint(vt_ns_abs(sample.raw_offset_ns - 30), <=, 1);
    g_assert_cmpint(sample.delay_ns, ==, 1000);
}

/* Whatever the true offset is, each of them contained it. */
static void
test_bound_contains_what_all_contain(void)
{
    VtReadingMean mean = { .n_readings = 0 };
    VtReading reading;
    add(&mean, 1000, 500);
    add(&mean, 1900, 950);
    add(&mean, 1500, 750);

    g_assert_true(vt_reading_mean_get(&mean, &reading));

    VtSample sample = vt_sample_from_reading(&reading);
    g_assert_cmpint(sample.raw_offset_ns - sample.error_ns, <=, 0);
}

static void
test_what_is_no_reading_does_not_count(void)
{
    VtReadingMean mean = { .n_readings = 0 };
    VtReading reading;
    VtReading backward = make_reading(0, -1000, 0);
    vt_reading_mean_add(&mean, &backward);

    g_assert_false(vt_reading_mean_get(&mean, &reading));

    for (int i = 0; i < 2 * VT_READING_MEAN_MOST; i++)
        add(&mean, 1000, 7);
    g_assert_true(vt_reading_mean_get(&mean, &reading));
    g_assert_cmpuint(mean.n_readings, ==, VT_READING_MEAN_MOST);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/reading-mean/nothing-has-no-mean", test_nothing_has_no_mean);
    g_test_add_func("/core/reading-mean/one-is-itself", test_one_is_itself);
    g_test_add_func("/core/reading-mean/offsets-are-averaged", test_offsets_are_averaged);
    g_test_add_func("/core/reading-mean/pause-between-them-is-not-averaged",
                    test_pause_between_them_is_not_averaged);
    g_test_add_func("/core/reading-mean/slow-ones-do-not-count", test_slow_ones_do_not_count);
    g_test_add_func("/core/reading-mean/bound-contains-what-all-contain",
                    test_bound_contains_what_all_contain);
    g_test_add_func("/core/reading-mean/what-is-no-reading-does-not-count",
                    test_what_is_no_reading_does_not_count);
    return g_test_run();
}
