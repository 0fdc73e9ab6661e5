/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/os/fake-kernel.h"

static const VtWall now = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };

static void
on_set(void *user_data)
{
    unsigned *n_sets = user_data;
    *n_sets += 1;
}

static void
turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
test_every_set_is_told(void)
{
    FakeKernel kernel;
    unsigned n_sets = 0;
    g_autoptr(VtClock) clock = vt_clock_new(&fake_kernel, &kernel);
    fake_kernel_init(&kernel, now);
    g_autoptr(VtSetWatch) watch =
        vt_set_watch_new(&fake_kernel_set_watch, &kernel, on_set, &n_sets, NULL);
    g_assert_nonnull(watch);
    turn();
    g_assert_cmpuint(n_sets, ==, 0);

    g_assert_true(vt_clock_step(clock, VT_NS_PER_SEC, NULL));
    turn();
    g_assert_cmpuint(n_sets, ==, 1);

    fake_kernel_set_by_other(&kernel, VT_NS_PER_SEC);
    turn();
    g_assert_cmpuint(n_sets, ==, 2);
}

static void
test_sets_that_come_together_are_one(void)
{
    FakeKernel kernel;
    unsigned n_sets = 0;
    fake_kernel_init(&kernel, now);
    g_autoptr(VtSetWatch) watch =
        vt_set_watch_new(&fake_kernel_set_watch, &kernel, on_set, &n_sets, NULL);
    g_assert_nonnull(watch);

    fake_kernel_set_by_other(&kernel, VT_NS_PER_SEC);
    fake_kernel_set_by_other(&kernel, -VT_NS_PER_SEC);
    turn();

    g_assert_cmpuint(n_sets, ==, 1);
}

/* The contract with this machine's kernel, as far as it goes without setting its clock. */
static void
test_a_real_kernel_arms_it_and_is_silent(void)
{
    unsigned n_sets = 0;
    g_autoptr(GError) error = NULL;

    g_autoptr(VtSetWatch) watch =
        vt_set_watch_new(&vt_set_watch_system, NULL, on_set, &n_sets, &error);
    turn();

    g_assert_no_error(error);
    g_assert_nonnull(watch);
    g_assert_cmpuint(n_sets, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/os/set-watch/every-set-is-told", test_every_set_is_told);
    g_test_add_func("/os/set-watch/sets-that-come-together-are-one",
                    test_sets_that_come_together_are_one);
    g_test_add_func("/os/set-watch/a-real-kernel-arms-it-and-is-silent",
                    test_a_real_kernel_arms_it_and_is_silent);
    return g_test_run();
}
