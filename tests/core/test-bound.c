/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/bound.h"

#define RAW_OFFSET_NS (INT64_C(1800000000) * VT_NS_PER_SEC)

static VtEstimate
make_estimate(VtNs raw_ns)
{
    return (VtEstimate){
        .is_known = true,
        .raw_at = { .ns = raw_ns },
        .raw_offset_ns = RAW_OFFSET_NS,
    };
}

/* The budget has seen enough samples for 15 ppm. */
static void
begin(VtBound *bound)
{
    static const VtDoubt doubt = { .sigma_ns = 1000 };
    vt_bound_init(bound, 15000, 250000);
    for (int i = -100; i < 0; i++) {
        VtSample sample = { .raw_at = { .ns = i * VT_NS_PER_SEC } };
        sample.raw_offset_ns = RAW_OFFSET_NS;
        vt_drift_budget_take(&bound->budget, &sample, &doubt, 0);
    }
}

static void
take(VtBound *bound, VtNs raw_ns, VtNs error_ns)
{
    VtSample sample = {
        .raw_at = { .ns = raw_ns },
        .raw_offset_ns = RAW_OFFSET_NS,
        .error_ns = error_ns,
    };
    VtEstimate prediction = make_estimate(raw_ns);
    vt_bound_take(bound, &sample, &prediction);
}

static VtNs
get(const VtBound *bound, VtNs raw_ns, VtNs behind_ns)
{
    VtEstimate estimate = make_estimate(raw_ns);
    VtInstant now = {
        .wall = { .ns = RAW_OFFSET_NS + raw_ns - behind_ns },
        .raw = { .ns = raw_ns },
    };
    return vt_bound_get(bound, &estimate, now);
}

static void
test_unknown_is_16_s(void)
{
    VtBound bound;
    begin(&bound);
    g_assert_cmpint(get(&bound, VT_NS_PER_SEC, 0), ==, 16 * VT_NS_PER_SEC);

    take(&bound, VT_NS_PER_SEC, 1000);
    vt_bound_forget(&bound);

    g_assert_cmpint(get(&bound, VT_NS_PER_SEC, 0), ==, 16 * VT_NS_PER_SEC);
}

static void
test_offset_and_age_add(void)
{
    VtBound bound;
    begin(&bound);
    take(&bound, VT_NS_PER_SEC, 50000);

    g_assert_cmpint(get(&bound, VT_NS_PER_SEC, 0), ==, 50000);
    g_assert_cmpint(get(&bound, VT_NS_PER_SEC, -7000), ==, 57000);
    g_assert_cmpint(get(&bound, 11 * VT_NS_PER_SEC, 0), ==, 200000);
}

static void
test_unsure_rate_widens(void)
{
    VtBound bound;
    begin(&bound);
    take(&bound, VT_NS_PER_SEC, 50000);
    VtEstimate estimate = make_estimate(2 * VT_NS_PER_SEC);
    estimate.rate_sigma_ppb = 20000;
    VtInstant now = {
        .wall = { .ns = RAW_OFFSET_NS + 2 * VT_NS_PER_SEC },
        .raw = { .ns = 2 * VT_NS_PER_SEC },
    };

    g_assert_cmpint(vt_bound_get(&bound, &estimate, now), ==, 110000);
}

static void
test_slow_exchange_does_not_spoil_it(void)
{
    VtBound bound;
    begin(&bound);
    take(&bound, VT_NS_PER_SEC, 50000);

    take(&bound, 2 * VT_NS_PER_SEC, 5 * VT_NS_PER_MS);
    g_assert_cmpint(get(&bound, 2 * VT_NS_PER_SEC, 0), ==, 65000);
    take(&bound, 3 * VT_NS_PER_SEC, 60000);

    g_assert_cmpint(get(&bound, 3 * VT_NS_PER_SEC, 0), ==, 60000);
}

/* A rate that changed by little hides behind the noise of the samples that follow. */
static void
test_old_sample_is_not_kept(void)
{
    VtBound bound;
    begin(&bound);
    take(&bound, VT_NS_PER_SEC, 50000);

    for (int i = 2; i <= 9; i++)
        take(&bound, i * VT_NS_PER_SEC, 5 * VT_NS_PER_MS);
    VtNs with_old_ns = get(&bound, 9 * VT_NS_PER_SEC, 0);
    take(&bound, 10 * VT_NS_PER_SEC, 5 * VT_NS_PER_MS);

    g_assert_cmpint(with_old_ns, ==, 50000 + 8 * 15000);
    g_assert_cmpint(get(&bound, 10 * VT_NS_PER_SEC, 0), ==, 5 * VT_NS_PER_MS);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/bound/unknown-is-16-s", test_unknown_is_16_s);
    g_test_add_func("/core/bound/offset-and-age-add", test_offset_and_age_add);
    g_test_add_func("/core/bound/old-sample-is-not-kept-for-ever", test_old_sample_is_not_kept);
    g_test_add_func("/core/bound/unsure-rate-widens", test_unsure_rate_widens);
    g_test_add_func("/core/bound/slow-exchange-does-not-spoil-it",
                    test_slow_exchange_does_not_spoil_it);
    return g_test_run();
}
