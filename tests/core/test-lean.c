/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "core/delay.h"

#define LEAST_NS 100e3

typedef struct {
    GRand *random;
    VtDelay delay;
    VtSample last;
    double request_ns; /* mean of what requests wait for, and replies */
    double reply_ns;
    VtNs offset_ns; /* true */
} Path;

static void
set_up(Path *path, double request_ns, double reply_ns)
{
    *path = (Path){
        .random = g_rand_new_with_seed(1),
        .request_ns = request_ns,
        .reply_ns = reply_ns,
    };
}

static double
draw(Path *path, double mean_ns)
{
    return -mean_ns * log(1 - g_rand_double(path->random));
}

static void
take(Path *path, int n_samples)
{
    for (int i = 0; i < n_samples; i++) {
        double request_ns = draw(path, path->request_ns);
        double reply_ns = draw(path, path->reply_ns);
        path->last.raw_at.ns += VT_NS_PER_SEC;
        path->last.raw_offset_ns =
            path->offset_ns + vt_ns_from_double((request_ns - reply_ns) / 2);
        path->last.delay_ns = vt_ns_from_double(LEAST_NS + request_ns + reply_ns);
        path->last.error_ns = path->last.delay_ns / 2;
        vt_delay_learn(&path->delay, &path->last);
    }
}

/* It is known by then. */
static void
set_up_late_replies(Path *path)
{
    set_up(path, 10e3, 500e3);
    take(path, 100);
    g_assert_true(path->delay.lean.is_known);
}

static void
tear_down(Path *path)
{
    g_rand_free(path->random);
}

static VtNs
get_upright_error(const Path *path)
{
    VtDoubt doubt = vt_delay_judge(&path->delay, &path->last);
    VtSample upright = vt_delay_set_upright(&path->last, &doubt);
    return vt_ns_abs(upright.raw_offset_ns - path->offset_ns);
}

static void
test_late_replies_lean(void)
{
    Path path;
    set_up_late_replies(&path);

    VtLeanFit fit = vt_lean_fit(&path.delay.lean);
    g_assert_cmpfloat_with_epsilon(fit.slope, -0.5, 0.02);
    unsigned n_good = 0;
    for (int i = 0; i < 200; i++) {
        take(&path, 1);
        VtDoubt doubt = vt_delay_judge(&path.delay, &path.last);
        n_good += get_upright_error(&path) <= 60 * VT_NS_PER_US;
        /* The interval still holds the truth, whatever was learnt. */
        g_assert_cmpint(vt_ns_abs(path.last.raw_offset_ns), <=, doubt.half_width_ns);
    }
    /* What is beyond all that is usual is left as it is. */
    g_assert_cmpuint(n_good, >=, 190);
    tear_down(&path);
}

static void
test_late_requests_lean_to_the_other_side(void)
{
    Path path;
    set_up(&path, 500e3, 10e3);
    take(&path, 100);

    g_assert_cmpfloat_with_epsilon(vt_lean_fit(&path.delay.lean).slope, 0.5, 0.02);
    tear_down(&path);
}

static void
take_and_never_lean(Path *path, int n_samples)
{
    for (int i = 0; i < n_samples; i++) {
        take(path, 1);
        g_assert_false(path->delay.lean.is_known);
    }
}

static void
test_both_sides_alike_are_left_alone(void)
{
    Path path;
    set_up(&path, 20e3, 20e3);
    take_and_never_lean(&path, 100000);
    VtDoubt doubt = vt_delay_judge(&path.delay, &path.last);
    VtSample upright = vt_delay_set_upright(&path.last, &doubt);
    g_assert_cmpint(upright.raw_offset_ns, ==, path.last.raw_offset_ns);
    tear_down(&path);
}

static void
test_two_sided_waiting_is_left_alone(void)
{
    Path path;
    set_up(&path, 100e3, 200e3);
    take_and_never_lean(&path, 10000);
    tear_down(&path);
}

static void
test_changed_path_is_learnt_anew(void)
{
    Path path;
    set_up_late_replies(&path);

    path.request_ns = 500e3;
    take(&path, 100);

    g_assert_false(path.delay.lean.is_known);
    tear_down(&path);
}

/* A clock that jumps does not lean: it says nothing of the path. */
static void
test_jump_spoils_nothing(void)
{
    Path path;
    set_up_late_replies(&path);

    path.offset_ns = 60 * VT_NS_PER_SEC;
    take(&path, 10);

    g_assert_true(path.delay.lean.is_known);
    g_assert_cmpint(get_upright_error(&path), <=, 60 * VT_NS_PER_US);
    tear_down(&path);
}

/* All hangs on the least delay: when another one is found, the earlier samples stood elsewhere. */
static void
test_shorter_delay_is_told(void)
{
    Path path;
    set_up_late_replies(&path);
    VtNs least_ns = vt_delay_get_least(&path.delay);

    VtSample shorter = path.last;
    shorter.raw_at.ns += VT_NS_PER_SEC;
    shorter.delay_ns = least_ns - 30 * VT_NS_PER_US;
    vt_delay_learn(&path.delay, &shorter);

    g_assert_cmpint(path.delay.least_fell_ns, ==, 30 * VT_NS_PER_US);
    tear_down(&path);
}

/* A guest that sleeps between its readings sees long delays alone. */
static void
test_short_delay_is_wished_for(void)
{
    Path path;
    set_up_late_replies(&path);
    g_assert_false(vt_delay_take_wish(&path.delay));

    unsigned n_wishes = 0;
    for (int i = 0; i < 256; i++) {
        path.last.raw_at.ns += VT_NS_PER_SEC;
        path.last.delay_ns = vt_ns_from_double(LEAST_NS + 600e3 + draw(&path, 50e3));
        path.last.raw_offset_ns = -(path.last.delay_ns - vt_ns_from_double(LEAST_NS)) / 2;
        vt_delay_learn(&path.delay, &path.last);
        n_wishes += vt_delay_take_wish(&path.delay);
    }

    g_assert_cmpuint(n_wishes, >=, 3);
    g_assert_cmpuint(n_wishes, <=, 4);
    tear_down(&path);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/lean/late-replies-lean", test_late_replies_lean);
    g_test_add_func("/core/lean/late-requests-lean-to-the-other-side",
                    test_late_requests_lean_to_the_other_side);
    g_test_add_func("/core/lean/both-sides-alike-are-left-alone",
                    test_both_sides_alike_are_left_alone);
    g_test_add_func("/core/lean/two-sided-waiting-is-left-alone",
                    test_two_sided_waiting_is_left_alone);
    g_test_add_func("/core/lean/changed-path-is-learnt-anew", test_changed_path_is_learnt_anew);
    g_test_add_func("/core/lean/jump-spoils-nothing", test_jump_spoils_nothing);
    g_test_add_func("/core/lean/shorter-delay-is-told", test_shorter_delay_is_told);
    g_test_add_func("/core/lean/short-delay-is-wished-for", test_short_delay_is_wished_for);
    return g_test_run();
}
