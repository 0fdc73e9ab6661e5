/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "core/source-stats.h"

#define NOISE_NS 1000

static const VtMono begun = { .ns = 1000 * VT_NS_PER_SEC };

static VtSample
make_sample(VtNs at_ns, VtNs raw_offset_ns)
{
    return (VtSample){
        .raw_at = vt_mono_add(begun, at_ns),
        .raw_offset_ns = raw_offset_ns,
        .delay_ns = 100 * VT_NS_PER_US,
    };
}

static void
add(VtSourceStats *stats, VtNs at_ns, VtNs raw_offset_ns)
{
    VtSample sample = make_sample(at_ns, raw_offset_ns);
    vt_source_stats_add(stats, &sample);
}

/* 1000 ns of offset a second are a rate of 1 ppm. */
static void
add_line(VtSourceStats *stats, int from_sec, int until_sec, VtNs rate_ppb)
{
    for (int i = from_sec; i < until_sec; i++)
        add(stats, i * VT_NS_PER_SEC,
            i * rate_ppb + g_test_rand_int_range(-NOISE_NS, NOISE_NS + 1));
}

static void
test_line_is_found(void)
{
    VtSourceStats stats = { 0 };
    add_line(&stats, 0, 50, 20000);

    VtSourceFit fit = vt_source_stats_fit(&stats, 0);

    g_assert_cmpuint(fit.n_samples, >=, 8);
    g_assert_cmpuint(fit.n_runs, >=, 3);
    g_assert_true(fit.has_rate);
    g_assert_cmpfloat_with_epsilon(fit.rate_ppb, 20000, fit.skew_ppb + 1);
    g_assert_cmpfloat(fit.sigma_ns, >, NOISE_NS / 4);
    g_assert_cmpfloat(fit.sigma_ns, <, NOISE_NS * 2);
    VtMono later = vt_mono_add(begun, 60 * VT_NS_PER_SEC);
    g_assert_cmpint(vt_ns_abs(vt_source_fit_predict(&fit, later) - 60 * 20000), <,
                    10 * NOISE_NS);
}

static void
test_at_most_64_are_kept(void)
{
    VtSourceStats stats = { 0 };
    for (int i = 0; i < 200; i++)
        add(&stats, i * VT_NS_PER_SEC, i % 2 == 0 ? NOISE_NS : -NOISE_NS);

    VtSourceFit fit = vt_source_stats_fit(&stats, 0);

    g_assert_cmpuint(fit.n_samples, ==, VT_SOURCE_STATS_MOST);
    g_assert_cmpint(fit.span_ns, ==, (VT_SOURCE_STATS_MOST - 1) * VT_NS_PER_SEC);
}

static void
test_assumed_rate_stands_in(void)
{
    VtSourceStats stats = { 0 };
    add(&stats, 0, 0);
    add(&stats, VT_NS_PER_SEC, 5000);

    VtSourceFit fit = vt_source_stats_fit(&stats, 5000);

    g_assert_false(fit.has_rate);
    VtMono later = vt_mono_add(begun, 3 * VT_NS_PER_SEC);
    g_assert_cmpint(vt_source_fit_predict(&fit, later), ==, 15000);
}

static void
test_nothing_is_known_at_first(void)
{
    VtSourceStats stats = { 0 };

    VtSourceFit fit = vt_source_stats_fit(&stats, 7);

    g_assert_cmpuint(fit.n_samples, ==, 0);
    g_assert_false(fit.has_rate);
}

static void
test_old_samples_go_when_the_rate_jumps(void)
{
    VtSourceStats stats = { 0 };
    add_line(&stats, 0, 40, 0);
    for (int i = 40; i < 60; i++)
        add(&stats, i * VT_NS_PER_SEC,
            (i - 40) * 50000 + g_test_rand_int_range(-NOISE_NS, NOISE_NS + 1));

    VtSourceFit fit = vt_source_stats_fit(&stats, 0);

    g_assert_cmpuint(fit.n_samples, <=, 22);
    g_assert_cmpfloat_with_epsilon(fit.rate_ppb, 50000, 5000);
}

static void
test_slow_exchange_counts_for_little(void)
{
    VtSourceStats stats = { 0 };
    for (int i = 0; i < 20; i++)
        add(&stats, i * VT_NS_PER_SEC, i % 2 == 0 ? NOISE_NS : -NOISE_NS);
    VtSample slow = make_sample(20 * VT_NS_PER_SEC, 50 * VT_NS_PER_MS);
    slow.delay_ns = 100 * VT_NS_PER_MS;
    vt_source_stats_add(&stats, &slow);

    VtSourceFit fit = vt_source_stats_fit(&stats, 0);

    g_assert_cmpint(vt_ns_abs(fit.raw_offset_ns), <, 5 * VT_NS_PER_MS);
}

/* A burst of four says much of where it stands, and nothing of how fast it moves. */
static void
test_level_goes_by_the_known_rate(void)
{
    VtSourceStats stats = { 0 };
    for (int i = 0; i < 4; i++)
        add(&stats, 2 * i * VT_NS_PER_SEC, 2 * i * 20000 + (i % 2 == 0 ? 100000 : -100000));

    VtMono later = vt_mono_add(begun, 66 * VT_NS_PER_SEC);
    VtNs level_ns = vt_source_stats_level(&stats, 20000, later);

    g_assert_cmpint(vt_ns_abs(level_ns - 66 * 20000), <=, 1);
}

static void
test_forgets(void)
{
    VtSourceStats stats = { 0 };
    add_line(&stats, 0, 10, 0);

    vt_source_stats_forget(&stats);

    g_assert_cmpuint(vt_source_stats_fit(&stats, 0).n_samples, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/source-stats/line-is-found", test_line_is_found);
    g_test_add_func("/core/source-stats/at-most-64-are-kept", test_at_most_64_are_kept);
    g_test_add_func("/core/source-stats/assumed-rate-stands-in", test_assumed_rate_stands_in);
    g_test_add_func("/core/source-stats/nothing-is-known-at-first",
                    test_nothing_is_known_at_first);
    g_test_add_func("/core/source-stats/old-samples-go-when-the-rate-jumps",
                    test_old_samples_go_when_the_rate_jumps);
    g_test_add_func("/core/source-stats/slow-exchange-counts-for-little",
                    test_slow_exchange_counts_for_little);
    g_test_add_func("/core/source-stats/level-goes-by-the-known-rate",
                    test_level_goes_by_the_known_rate);
    g_test_add_func("/core/source-stats/forgets", test_forgets);
    return g_test_run();
}
