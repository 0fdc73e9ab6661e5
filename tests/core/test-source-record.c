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

static void
add_reading(VtSourceRecord *record, int64_t at_sec, VtNs offset_us, VtNs error_us)
{
    VtSample sample = make_sample(at_sec, error_us * VT_NS_PER_US, VT_NS_PER_MS);
    sample.raw_begun_at = sample.raw_at;
    sample.raw_offset_ns = offset_us * VT_NS_PER_US;
    vt_source_record_add(record, &sample);
}

static void
assert_word(const VtSourceRecord *record, int64_t since_sec, VtNs offset_us, VtNs error_us)
{
    VtSample word =
        vt_source_record_get_word(record, (VtMono){ .ns = since_sec * VT_NS_PER_SEC });
    g_assert_cmpint(word.raw_offset_ns, ==, offset_us * VT_NS_PER_US);
    g_assert_cmpint(word.error_ns, ==, error_us * VT_NS_PER_US);
    g_assert_cmpint(word.raw_at.ns, ==, record->last.raw_at.ns);
}

/* One exchange that took long does not hide what the one before has shown. */
static void
test_word_is_that_of_the_best_recent_reading(void)
{
    VtSourceRecord record = { 0 };
    add_reading(&record, 10, 500, 200);
    add_reading(&record, 12, 3000, 5000);

    assert_word(&record, 0, 500, 400);
    assert_word(&record, 11, 3000, 5000);
}

static void
test_word_that_is_too_old_is_worse(void)
{
    VtSourceRecord record = { 0 };
    add_reading(&record, 10, 500, 200);
    add_reading(&record, 80, 3000, 5000);

    assert_word(&record, 0, 3000, 5000);
}

/* A reference that jumps says so at once. */
static void
test_word_is_not_what_the_last_one_contradicts(void)
{
    VtSourceRecord record = { 0 };
    add_reading(&record, 10, 500, 200);
    add_reading(&record, 11, 10500, 300);
    assert_word(&record, 0, 10500, 300);

    add_reading(&record, 12, 10600, 4000);
    assert_word(&record, 0, 10500, 400);
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
    g_test_add_func("/core/source-record/word-is-that-of-the-best-recent-reading",
                    test_word_is_that_of_the_best_recent_reading);
    g_test_add_func("/core/source-record/word-that-is-too-old-is-worse",
                    test_word_that_is_too_old_is_worse);
    g_test_add_func("/core/source-record/word-is-not-what-the-last-one-contradicts",
                    test_word_is_not_what_the_last_one_contradicts);
    return g_test_run();
}
