/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/source-record.h"

static VtSample
make_sample(int64_t at_sec, VtNs error_ns, VtNs root_distance_ns)
{
    return (VtSample){
        .raw_at = { .ns = at_sec * VT_NS_PER_SEC },
        .error_ns = error_ns,
        .root_distance_ns = root_distance_ns,
    };
}

static VtNs
distance_at(const VtSourceRecord *record, int64_t at_sec)
{
    return vt_source_record_get_distance(record, (VtMono){ .ns = at_sec * VT_NS_PER_SEC });
}

static void
test_nothing_is_far_away(void)
{
    VtSourceRecord record = { 0 };

    g_assert_false(vt_source_record_is_reachable(&record));
    g_assert_cmpint(distance_at(&record, 5), ==, VT_NS_MAX);
}

static void
test_distance_is_that_of_the_best_recent_reading(void)
{
    static const VtNs errors_us[] = { 100, 900, 50, 700, 800 };
    VtSourceRecord record = { 0 };

    for (size_t i = 0; i < G_N_ELEMENTS(errors_us); i++) {
        VtSample sample = make_sample(10, errors_us[i] * VT_NS_PER_US, VT_NS_PER_MS);
        vt_source_record_add(&record, &sample);
    }
    g_assert_cmpint(distance_at(&record, 10), ==, VT_NS_PER_MS + 50 * VT_NS_PER_US);

    /* Four more, and the good one is forgotten. */
    for (int i = 0; i < VT_SOURCE_RECENT; i++) {
        VtSample sample = make_sample(10, VT_NS_PER_MS, VT_NS_PER_MS);
        vt_source_record_add(&record, &sample);
    }
    g_assert_cmpint(distance_at(&record, 10), ==, 2 * VT_NS_PER_MS);
}

static void
test_distance_grows_with_age(void)
{
    VtSourceRecord record = { 0 };
    VtSample sample = make_sample(10, VT_NS_PER_MS, 0);
    vt_source_record_add(&record, &sample);

    g_assert_cmpint(distance_at(&record, 110), ==, VT_NS_PER_MS + 1500 * VT_NS_PER_US);
}

static void
test_three_failures_make_it_unreachable(void)
{
    VtSourceRecord record = { 0 };
    VtSample sample = make_sample(10, VT_NS_PER_MS, 0);
    vt_source_record_add(&record, &sample);

    vt_source_record_fail(&record);
    vt_source_record_fail(&record);
    g_assert_true(vt_source_record_is_reachable(&record));
    vt_source_record_fail(&record);
    g_assert_false(vt_source_record_is_reachable(&record));
    g_assert_cmphex(record.reach, ==, 0x08);

    vt_source_record_add(&record, &sample);
    g_assert_true(vt_source_record_is_reachable(&record));
    g_assert_cmpuint(record.n_readings, ==, 2);
    g_assert_cmpuint(record.n_failures, ==, 3);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/source-record/nothing-is-far-away", test_nothing_is_far_away);
    g_test_add_func("/core/source-record/distance-is-that-of-the-best-recent-reading",
                    test_distance_is_that_of_the_best_recent_reading);
    g_test_add_func("/core/source-record/distance-grows-with-age",
                    test_distance_grows_with_age);
    g_test_add_func("/core/source-record/three-failures-make-it-unreachable",
                    test_three_failures_make_it_unreachable);
    return g_test_run();
}
