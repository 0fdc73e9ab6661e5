/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/filter.h"

/* About what 2027 is since 1970: where a double has steps of 256 ns. */
#define RAW_OFFSET_NS (INT64_C(1800000000) * VT_NS_PER_SEC)

static const VtDoubt fine_doubt = { .half_width_ns = 3000, .sigma_ns = 1000 };

static VtSample
make_sample(VtNs raw_at_ns, VtNs raw_offset_ns)
{
    return (VtSample){ .raw_at = { .ns = raw_at_ns }, .raw_offset_ns = raw_offset_ns };
}

/* One sample a second on a straight line. */
static VtMono
feed_line(VtFilter *filter, VtNs from_ns, int n_samples, VtNs rate_ppb)
{
    VtSample sample = { 0 };
    for (int i = 0; i < n_samples; i++) {
        sample = make_sample(from_ns + i * VT_NS_PER_SEC, RAW_OFFSET_NS + i * rate_ppb);
        vt_filter_update(filter, &sample, &fine_doubt);
    }
    return sample.raw_at;
}

static void
test_learns_rate_and_offset(void)
{
    VtFilter filter;
    vt_filter_init(&filter, 0, 500000);

    VtMono last_at = feed_line(&filter, VT_NS_PER_SEC, 100, 123456);
    VtEstimate estimate = vt_filter_predict(&filter, vt_mono_add(last_at, VT_NS_PER_SEC));

    g_assert_true(estimate.is_known);
    g_assert_cmpfloat_with_epsilon(estimate.rate_ppb, 123456, 1);
    g_assert_cmpint(vt_ns_abs(estimate.raw_offset_ns - (RAW_OFFSET_NS + 100 * 123456)), <=, 2);
    g_assert_cmpfloat(estimate.rate_sigma_ppb, <, 100);
    g_assert_cmpfloat(estimate.offset_sigma_ns, <, 1000);
}

static void
test_no_precision_is_lost(void)
{
    VtFilter filter;
    vt_filter_init(&filter, 0, 1);

    feed_line(&filter, VT_NS_PER_SEC, 1000, 7);
    VtEstimate estimate = vt_filter_predict(&filter, vt_filter_get_best(&filter)->raw_at);

    g_assert_cmpint(vt_ns_abs(estimate.raw_offset_ns - (RAW_OFFSET_NS + 999 * 7)), <=, 3);
}

static void
test_nothing_known_at_first(void)
{
    VtFilter filter;
    vt_filter_init(&filter, 4242, 100);

    VtEstimate estimate = vt_filter_predict(&filter, (VtMono){ .ns = VT_NS_PER_SEC });

    g_assert_false(estimate.is_known);
    g_assert_cmpfloat_with_epsilon(estimate.rate_ppb, 4242, 1e-9);
    g_assert_cmpfloat_with_epsilon(estimate.rate_sigma_ppb, 100, 1e-9);
}

static void
test_reset_keeps_rate(void)
{
    VtFilter filter;
    vt_filter_init(&filter, 0, 500000);
    VtMono last_at = feed_line(&filter, VT_NS_PER_SEC, 100, 50000);

    VtSample jumped = make_sample(last_at.ns + VT_NS_PER_SEC, RAW_OFFSET_NS * 2);
    vt_filter_reset_phase(&filter, &jumped, &fine_doubt);
    VtEstimate estimate =
        vt_filter_predict(&filter, vt_mono_add(jumped.raw_at, 10 * VT_NS_PER_SEC));

    g_assert_cmpint(vt_ns_abs(estimate.raw_offset_ns - (RAW_OFFSET_NS * 2 + 500000)), <=, 20);
    g_assert_cmpfloat_with_epsilon(estimate.rate_ppb, 50000, 1);
}

static void
test_doubtful_sample_weighs_little(void)
{
    VtFilter filter;
    vt_filter_init(&filter, 0, 500000);
    VtMono last_at = feed_line(&filter, VT_NS_PER_SEC, 100, 0);
    VtSample spike = make_sample(last_at.ns + VT_NS_PER_SEC, RAW_OFFSET_NS + 2500000);
    VtDoubt doubt = { .half_width_ns = 2500000, .sigma_ns = 1443000 };

    vt_filter_update(&filter, &spike, &doubt);
    VtEstimate estimate = vt_filter_predict(&filter, spike.raw_at);

    g_assert_cmpint(vt_ns_abs(estimate.raw_offset_ns - RAW_OFFSET_NS), <=, 10);
}

static void
test_reopened_rate_is_relearnt(void)
{
    VtFilter filter;
    vt_filter_init(&filter, 0, 500000);
    VtMono last_at = feed_line(&filter, VT_NS_PER_SEC, 1000, 0);

    vt_filter_reopen(&filter, 0, 100000);
    VtSample sample = make_sample(last_at.ns + VT_NS_PER_SEC, RAW_OFFSET_NS + 80000);
    vt_filter_update(&filter, &sample, &fine_doubt);

    g_assert_cmpfloat_with_epsilon(vt_filter_predict(&filter, sample.raw_at).rate_ppb, 80000,
                                   2000);
}

/* Samples of a random walk of that strength, a second apart, with the noise that is told. */
static void
feed_walk(VtFilter *filter, double wander_ppb, int n_samples)
{
    double rate_ppb = 0;
    double offset_ns = 0;
    for (int i = 0; i < n_samples; i++) {
        double noise = 0;
        double walk = 0;
        for (int j = 0; j < 12; j++) {
            noise += g_test_rand_double() - 0.5;
            walk += g_test_rand_double() - 0.5;
        }
        VtSample sample =
            make_sample((i + 1) * VT_NS_PER_SEC, vt_ns_from_double(offset_ns + noise * 1000));
        vt_filter_update(filter, &sample, &fine_doubt);
        rate_ppb += walk * wander_ppb;
        offset_ns += rate_ppb;
    }
}

static void
test_learns_wander(void)
{
    static const double wanders_ppb[] = { 1, 10, 60 };
    for (size_t i = 0; i < G_N_ELEMENTS(wanders_ppb); i++) {
        VtFilter filter;
        vt_filter_init(&filter, 0, 500000);

        feed_walk(&filter, wanders_ppb[i], 4000);

        double found_ppb2 = vt_filter_get_best(&filter)->wander_variance;
        g_assert_cmpfloat(found_ppb2, >, wanders_ppb[i] * wanders_ppb[i] / 25);
        g_assert_cmpfloat(found_ppb2, <, wanders_ppb[i] * wanders_ppb[i] * 25);
    }
}

static void
test_offset_is_what_clock_does_not_show_yet(void)
{
    VtEstimate estimate = { .is_known = true, .raw_offset_ns = RAW_OFFSET_NS };
    VtInstant now = {
        .wall = { .ns = RAW_OFFSET_NS + 300 },
        .raw = { .ns = 500 },
    };

    g_assert_cmpint(vt_estimate_get_offset(&estimate, now), ==, 200);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/filter/learns-rate-and-offset", test_learns_rate_and_offset);
    g_test_add_func("/core/filter/no-precision-is-lost", test_no_precision_is_lost);
    g_test_add_func("/core/filter/nothing-known-at-first", test_nothing_known_at_first);
    g_test_add_func("/core/filter/reset-keeps-rate", test_reset_keeps_rate);
    g_test_add_func("/core/filter/doubtful-sample-weighs-little",
                    test_doubtful_sample_weighs_little);
    g_test_add_func("/core/filter/reopened-rate-is-relearnt", test_reopened_rate_is_relearnt);
    g_test_add_func("/core/filter/learns-wander", test_learns_wander);
    g_test_add_func("/core/filter/offset-is-what-clock-does-not-show-yet",
                    test_offset_is_what_clock_does_not_show_yet);
    return g_test_run();
}
