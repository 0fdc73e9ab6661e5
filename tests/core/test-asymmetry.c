/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "core/asymmetry.h"

#define N_READINGS 32
#define WAY_NS     (200 * VT_NS_PER_US)

/* Chance makes a lean of some tenths of the whole. */
#define TOLERANCE 0.1

/* Readings of a true clock; each way takes up to so much longer than WAY_NS. */
static double
estimate(unsigned n_readings, VtNs request_jitter_ns, VtNs reply_jitter_ns)
{
    VtSourceStats stats = { 0 };
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);

    for (unsigned i = 0; i < n_readings; i++) {
        double request_ns = g_rand_double(rand) * (double)request_jitter_ns;
        double reply_ns = g_rand_double(rand) * (double)reply_jitter_ns;
        VtSample sample = {
            .raw_at = { .ns = i * VT_NS_PER_SEC },
            .raw_offset_ns = vt_ns_from_double((request_ns - reply_ns) / 2),
            .delay_ns = 2 * WAY_NS + vt_ns_from_double(request_ns + reply_ns),
        };
        vt_source_stats_add(&stats, &sample);
    }
    VtSourceFit fit = vt_source_stats_fit(&stats, 0);
    return vt_asymmetry_estimate(&stats, &fit);
}

static void
test_way_that_varies_is_told(void)
{
    VtNs much_ns = 500 * VT_NS_PER_US;

    g_assert_cmpfloat_with_epsilon(estimate(N_READINGS, much_ns, 0), -0.5, TOLERANCE);
    g_assert_cmpfloat_with_epsilon(estimate(N_READINGS, 0, much_ns), 0.5, TOLERANCE);
}

static void
test_ways_alike_lean_nowhere(void)
{
    VtNs much_ns = 500 * VT_NS_PER_US;

    g_assert_cmpfloat_with_epsilon(estimate(N_READINGS, much_ns, much_ns), 0, 2 * TOLERANCE);
}

static void
test_too_little_tells_nothing(void)
{
    VtNs much_ns = 500 * VT_NS_PER_US;

    g_assert_cmpfloat(estimate(7, much_ns, 0), ==, 0);
    g_assert_cmpfloat(estimate(N_READINGS, 0, 0), ==, 0); /* all delays are alike */
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/asymmetry/way-that-varies-is-told", test_way_that_varies_is_told);
    g_test_add_func("/core/asymmetry/ways-alike-lean-nowhere", test_ways_alike_lean_nowhere);
    g_test_add_func("/core/asymmetry/too-little-tells-nothing", test_too_little_tells_nothing);
    return g_test_run();
}
