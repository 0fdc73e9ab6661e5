/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "core/kalman.h"

static const VtDoubt doubt = { .half_width_ns = 3000, .sigma_ns = 1000 };

static VtSample
make_sample(VtNs raw_at_sec, VtNs raw_offset_ns)
{
    return (VtSample){
        .raw_at = { .ns = raw_at_sec * VT_NS_PER_SEC },
        .raw_offset_ns = raw_offset_ns,
    };
}

static VtKalman
make_settled(double wander_variance)
{
    VtKalman kalman = { .rate_variance = 1e10, .wander_variance = wander_variance };
    for (int i = 0; i < 100; i++) {
        VtSample sample = make_sample(i, i * 500);
        vt_kalman_update(&kalman, &sample, &doubt);
    }
    return kalman;
}

static void
test_expected_sample_is_likelier(void)
{
    VtKalman one = make_settled(1);
    VtKalman other = make_settled(1);
    VtSample expected = make_sample(100, 100 * 500);
    VtSample odd = make_sample(100, 100 * 500 + 3000);

    double of_expected = vt_kalman_update(&one, &expected, &doubt);
    double of_odd = vt_kalman_update(&other, &odd, &doubt);

    /* Nearly three sigmas: exp(-9 / 2) of the likelihood, a bit more for the filter's own doubt. */
    g_assert_cmpfloat(of_expected - of_odd, >, 3);
    g_assert_cmpfloat(of_expected - of_odd, <, 4.5);
}

static void
test_first_sample_says_nothing(void)
{
    VtKalman kalman = { .rate_variance = 1 };
    VtSample first = make_sample(1, 123456789);

    g_assert_cmpfloat_with_epsilon(vt_kalman_update(&kalman, &first, &doubt), 0, 1e-9);
    g_assert_cmpint(kalman.raw_offset_ns, ==, 123456789);
}

static void
test_wander_grows_doubt_of_rate(void)
{
    VtKalman calm = make_settled(1);
    VtKalman wild = make_settled(1e4);

    g_assert_cmpfloat(wild.rate_variance, >, 100 * calm.rate_variance);
}

/* An old phase error that is known to stem from the rate is undone with the rate. */
static void
test_covariance_ties_phase_to_rate(void)
{
    VtKalman kalman = make_settled(1);
    VtKalmanDoubt jump = { .phase_variance = 1e10 / 3,
                           .covariance = 1e10 / 2,
                           .rate_variance = 1e10 };
    VtSample jumped = make_sample(100, 100 * 500 + 50000);

    vt_kalman_advance(&kalman, jumped.raw_at);
    vt_kalman_reopen(&kalman, &jump);
    vt_kalman_update(&kalman, &jumped, &doubt);

    /* 1.5 times the offset over the second in which it arose. */
    g_assert_cmpfloat_with_epsilon(kalman.rate_ppb, 500 + 75000, 1000);
}

/* Samples that rise by 3000 ppm are of something else than an oscillator. */
static void
test_impossible_rate_is_not_believed(void)
{
    VtKalman kalman = { .rate_variance = 1e12 };
    for (int i = 0; i < 10; i++) {
        VtSample sample = make_sample(i, i * 3 * VT_NS_PER_MS);
        vt_kalman_update(&kalman, &sample, &doubt);
        g_assert_cmpfloat(kalman.rate_ppb, <=, VT_KALMAN_MOST_RATE_PPB);
    }
    g_assert_cmpfloat_with_epsilon(kalman.rate_ppb, VT_KALMAN_MOST_RATE_PPB, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/kalman/expected-sample-is-likelier",
                    test_expected_sample_is_likelier);
    g_test_add_func("/core/kalman/first-sample-says-nothing", test_first_sample_says_nothing);
    g_test_add_func("/core/kalman/wander-grows-doubt-of-rate", test_wander_grows_doubt_of_rate);
    g_test_add_func("/core/kalman/covariance-ties-phase-to-rate",
                    test_covariance_ties_phase_to_rate);
    g_test_add_func("/core/kalman/impossible-rate-is-not-believed",
                    test_impossible_rate_is_not_believed);
    return g_test_run();
}
