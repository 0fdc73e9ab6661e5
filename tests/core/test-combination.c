/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "core/combination.h"

static VtContender
make(VtNs offset_us, VtNs jitter_us, VtNs distance_us)
{
    return (VtContender){
        .is_eligible = true,
        .raw_offset_ns = offset_us * VT_NS_PER_US,
        .jitter_ns = jitter_us * VT_NS_PER_US,
        .distance_ns = distance_us * VT_NS_PER_US,
    };
}

static void
test_one_alone_is_what_it_says(void)
{
    VtContender contenders[] = { make(500, 10, 1000) };

    g_assert_cmpint(vt_combination_make(contenders, 1, 0), ==, 0);
    g_assert_true(contenders[0].counts);
}

static void
test_equals_are_averaged(void)
{
    VtContender contenders[] = { make(0, 100, 1000), make(200, 100, 1000),
                                 make(400, 100, 1000) };

    g_assert_cmpint(vt_combination_make(contenders, 3, 0), ==, 200 * VT_NS_PER_US);
    g_assert_cmpint(vt_combination_make(contenders, 3, 1), ==, 0);
}

static void
test_nearer_ones_count_for_more(void)
{
    VtContender contenders[] = { make(0, 100, 1000), make(300, 100, 2000) };

    g_assert_cmpint(vt_combination_make(contenders, 2, 0), ==, 100 * VT_NS_PER_US);
}

static void
test_far_ones_do_not_count(void)
{
    VtContender contenders[] = { make(0, 100, 1000), make(300, 100, 3001) };

    g_assert_cmpint(vt_combination_make(contenders, 2, 0), ==, 0);
    g_assert_false(contenders[1].counts);
}

static void
test_those_not_eligible_do_not_count(void)
{
    VtContender contenders[] = { make(0, 100, 1000), make(300, 100, 1000) };
    contenders[1].is_eligible = false;

    g_assert_cmpint(vt_combination_make(contenders, 2, 0), ==, 0);
    g_assert_false(contenders[1].counts);
}

static void
test_followed_one_that_is_not_eligible_is_left_alone(void)
{
    VtContender contenders[] = { make(0, 100, 1000), make(300, 100, 1000) };
    contenders[0].is_eligible = false;

    g_assert_cmpint(vt_combination_make(contenders, 2, 0), ==, 0);
    g_assert_false(contenders[1].counts);
}

static void
test_outlier_is_left_out_of_four(void)
{
    VtContender contenders[] = {
        make(0, 20, 1000),
        make(10, 20, 1000),
        make(20, 20, 1000),
        make(900, 20, 1000),
    };

    g_assert_cmpint(vt_combination_make(contenders, 4, 0), ==, 10 * VT_NS_PER_US);
    g_assert_false(contenders[3].counts);
}

static void
test_three_are_not_thinned_out(void)
{
    VtContender contenders[] = { make(0, 20, 1000), make(10, 20, 1000), make(900, 20, 1000) };

    (void)vt_combination_make(contenders, 3, 0); /* who counts is what matters */

    g_assert_true(contenders[2].counts);
}

static void
test_scatter_explains_what_is_apart(void)
{
    VtContender contenders[] = {
        make(0, 2000, 1000),
        make(10, 2000, 1000),
        make(20, 2000, 1000),
        make(900, 2000, 1000),
    };

    (void)vt_combination_make(contenders, 4, 0); /* who counts is what matters */

    g_assert_true(contenders[3].counts);
}

static VtMono
make_raw(VtNs ns)
{
    return (VtMono){ .ns = 1000 * VT_NS_PER_SEC + ns };
}

/* However often it is asked: readings that follow each other at once must not see it move. */
static void
test_shift_is_slower_than_an_oscillator(void)
{
    VtShift shift = { 0 };
    vt_shift_set(&shift, 0, make_raw(0));
    VtNs before_ns = 0;
    for (int i = 1; i <= 1000; i++) {
        vt_shift_follow(&shift, 200 * VT_NS_PER_US, make_raw(i * 10 * VT_NS_PER_MS));
        g_assert_cmpint(shift.applied_ns - before_ns, <=, 10);
        before_ns = shift.applied_ns;
    }
    g_assert_cmpint(shift.applied_ns, >, 0);
    g_assert_cmpint(shift.applied_ns, <=, 10 * VT_NS_PER_US);
}

static void
test_shift_arrives(void)
{
    VtShift shift = { 0 };
    vt_shift_set(&shift, 0, make_raw(0));
    for (int i = 1; i <= 7200; i++)
        vt_shift_follow(&shift, -400 * VT_NS_PER_US, make_raw(i * VT_NS_PER_SEC));

    g_assert_cmpint(vt_ns_abs(shift.applied_ns + 400 * VT_NS_PER_US), <, 4 * VT_NS_PER_US);
}

/* Nor does one that was not moved for long make up for it by a jump. */
static void
test_shift_takes_a_part_at_most(void)
{
    VtShift shift = { 0 };
    vt_shift_set(&shift, 0, make_raw(0));
    vt_shift_follow(&shift, 8 * VT_NS_PER_MS, make_raw(86400 * VT_NS_PER_SEC));
    g_assert_cmpint(shift.applied_ns, ==, VT_NS_PER_MS);
    vt_shift_follow(&shift, 8 * VT_NS_PER_MS, make_raw(0));
    g_assert_cmpint(shift.applied_ns, ==, VT_NS_PER_MS);
}

static void
test_shift_can_be_set(void)
{
    VtShift shift = { 0 };
    vt_shift_set(&shift, 300, make_raw(0));

    g_assert_cmpint(shift.applied_ns, ==, 300);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/combination/one-alone-is-what-it-says",
                    test_one_alone_is_what_it_says);
    g_test_add_func("/core/combination/equals-are-averaged", test_equals_are_averaged);
    g_test_add_func("/core/combination/nearer-ones-count-for-more",
                    test_nearer_ones_count_for_more);
    g_test_add_func("/core/combination/far-ones-do-not-count", test_far_ones_do_not_count);
    g_test_add_func("/core/combination/those-not-eligible-do-not-count",
                    test_those_not_eligible_do_not_count);
    g_test_add_func("/core/combination/followed-one-that-is-not-eligible-is-left-alone",
                    test_followed_one_that_is_not_eligible_is_left_alone);
    g_test_add_func("/core/combination/outlier-is-left-out-of-four",
                    test_outlier_is_left_out_of_four);
    g_test_add_func("/core/combination/three-are-not-thinned-out",
                    test_three_are_not_thinned_out);
    g_test_add_func("/core/combination/scatter-explains-what-is-apart",
                    test_scatter_explains_what_is_apart);
    g_test_add_func("/core/combination/shift-is-slower-than-an-oscillator",
                    test_shift_is_slower_than_an_oscillator);
    g_test_add_func("/core/combination/shift-arrives", test_shift_arrives);
    g_test_add_func("/core/combination/shift-takes-a-part-at-most",
                    test_shift_takes_a_part_at_most);
    g_test_add_func("/core/combination/shift-can-be-set", test_shift_can_be_set);
    return g_test_run();
}
