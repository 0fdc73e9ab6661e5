/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/ask-limit.h"

static void
test_ends_a_busy_loop(void)
{
    VtAskLimit limit = { 0 };
    VtMono raw_at = { .ns = 5 * VT_NS_PER_SEC };
    unsigned n_granted = 0;

    for (int i = 0; i < 1000; i++) {
        raw_at.ns += 10 * VT_NS_PER_US;
        n_granted += vt_ask_limit_take(&limit, raw_at);
    }

    /* Enough for three recoveries of ten readings, and not many more. */
    g_assert_cmpuint(n_granted, >=, 30);
    g_assert_cmpuint(n_granted, <=, 64);
}

static void
test_next_second_is_fresh(void)
{
    VtAskLimit limit = { 0 };
    VtMono raw_at = { .ns = 5 * VT_NS_PER_SEC };
    while (vt_ask_limit_take(&limit, raw_at))
        continue;

    raw_at.ns += VT_NS_PER_SEC;

    g_assert_true(vt_ask_limit_take(&limit, raw_at));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/ask-limit/ends-a-busy-loop", test_ends_a_busy_loop);
    g_test_add_func("/core/ask-limit/next-second-is-fresh", test_next_second_is_fresh);
    return g_test_run();
}
