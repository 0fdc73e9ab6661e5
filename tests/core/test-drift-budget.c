/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/drift-budget.h"

#define TRACKING_PPB  15000.0
#define DISRUPTED_PPB 250000.0

static const VtDoubt doubt = { .half_width_ns = 3000, .sigma_ns = 1000 };

/* A tick a second of a clock that is right; @wander_ppb is what was learnt of it. */
typedef struct {
    VtDriftBudget budget;
    VtEstimate estimate;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    *fixture = (Fixture){ .estimate = { .is_known = true, .rate_sigma_ppb = 10 } };
    fixture->estimate.wander_ppb = 1;
    vt_drift_budget_init(&fixture->budget, TRACKING_PPB, DISRUPTED_PPB);
}

static void
pass(Fixture *fixture, unsigned n_ticks)
{
    for (unsigned i = 0; i < n_ticks; i++) {
        fixture->estimate.raw_at = vt_mono_add(fixture->estimate.raw_at, VT_NS_PER_SEC);
        VtSample sample = { .raw_at = fixture->estimate.raw_at };
        vt_drift_budget_take(&fixture->budget, &sample, &doubt, fixture->estimate.rate_ppb);
    }
}

static double
get(const Fixture *fixture, double age_sec)
{
    return vt_drift_budget_get(&fixture->budget, &fixture->estimate, age_sec);
}

static void
test_first_samples_prove_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    pass(fixture, 5);
    double at_first_ppb = get(fixture, 1);
    pass(fixture, 60);

    g_assert_cmpfloat(at_first_ppb, ==, DISRUPTED_PPB);
    g_assert_cmpfloat(get(fixture, 1), ==, TRACKING_PPB);
}

/* A server of a network is asked each 64 s: it would be half an hour until there are 32. */
static void
test_few_samples_prove_enough_if_they_took_long(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    for (int i = 0; i < 8; i++) {
        fixture->estimate.raw_at = vt_mono_add(fixture->estimate.raw_at, 64 * VT_NS_PER_SEC);
        g_assert_cmpfloat(get(fixture, 1), ==, DISRUPTED_PPB);
        VtSample sample = { .raw_at = fixture->estimate.raw_at };
        vt_drift_budget_take(&fixture->budget, &sample, &doubt, fixture->estimate.rate_ppb);
    }

    g_assert_cmpfloat(get(fixture, 1), ==, TRACKING_PPB);
}

static void
test_calm_oscillator_is_held_to_what_it_does(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    pass(fixture, 1000);
    double soon_ppb = get(fixture, 1);
    double after_a_day_ppb = get(fixture, 86400);
    fixture->estimate.wander_ppb = 100;

    g_assert_cmpfloat(soon_ppb, ==, 1000);
    /* 4 sigmas of 3.16 ppb times 294. */
    g_assert_cmpfloat_with_epsilon(after_a_day_ppb, 3715, 5);
    g_assert_cmpfloat(get(fixture, 86400), ==, TRACKING_PPB);
}

static void
test_jump_takes_the_proof_away(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    pass(fixture, 1000);

    VtKalman now = { .has_phase = true, .raw_at = fixture->estimate.raw_at };
    vt_drift_budget_reopen(&fixture->budget, &now, now.rate_ppb);
    pass(fixture, 100);

    g_assert_cmpfloat(get(fixture, 1), ==, TRACKING_PPB);
}

static void
test_disruption_widens_until_the_rate_is_seen(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    pass(fixture, 1000);
    VtKalman now = { .has_phase = true, .raw_at = fixture->estimate.raw_at };

    vt_drift_budget_reopen(&fixture->budget, &now, now.rate_ppb);
    double at_once_ppb = get(fixture, 1);
    pass(fixture, 1);
    double after_one_ppb = get(fixture, 1);
    pass(fixture, 2);

    g_assert_cmpfloat_with_epsilon(at_once_ppb, DISRUPTED_PPB, 1);
    /* 1 us over 1 s, three times. */
    g_assert_cmpfloat(after_one_ppb, <=, TRACKING_PPB);
    g_assert_cmpfloat(get(fixture, 1), ==, TRACKING_PPB);
}

/* After a migration that is taken for a pause alone the filter goes on with the old rate. */
static void
test_rate_that_is_no_more_true_widens(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    pass(fixture, 1000);
    VtKalman now = { .has_phase = true, .raw_at = fixture->estimate.raw_at };
    vt_drift_budget_reopen(&fixture->budget, &now, now.rate_ppb);

    fixture->estimate.rate_ppb -= 100000;
    pass(fixture, 3);

    g_assert_cmpfloat(get(fixture, 1), >=, 100000);
    g_assert_cmpfloat(get(fixture, 1), <=, DISRUPTED_PPB);
}

/* What was taken for another rate may have been a queue: the one of before is not excluded yet. */
static void
test_rate_of_before_is_not_excluded(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    pass(fixture, 1000);
    double before_ppb = fixture->estimate.rate_ppb;
    fixture->estimate.rate_ppb += 190000;
    VtKalman now = { .has_phase = true, .raw_at = fixture->estimate.raw_at };
    now.rate_ppb = fixture->estimate.rate_ppb;
    now.rate_variance = 20000.0 * 20000.0;

    vt_drift_budget_reopen(&fixture->budget, &now, before_ppb);
    static const VtDoubt vague = { .half_width_ns = 300000, .sigma_ns = 100000 };
    for (int i = 1; i <= 8; i++) {
        VtSample sample = { .raw_at = vt_mono_add(now.raw_at, i * VT_NS_PER_SEC) };
        sample.raw_offset_ns = i * 190000;
        vt_drift_budget_take(&fixture->budget, &sample, &vague, fixture->estimate.rate_ppb);
    }

    g_assert_cmpfloat(get(fixture, 1), >=, 190000);
    g_assert_cmpfloat(get(fixture, 1), <=, DISRUPTED_PPB);
}

static void
test_unsure_rate_widens(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    pass(fixture, 1000);
    fixture->estimate.rate_sigma_ppb = 20000;

    g_assert_cmpfloat(get(fixture, 1), ==, 60000);
}

/* Late by up to 2 ms, and over 40 s each a little more than the one before: that is 25 ppm. */
static void
test_wide_samples_may_slant(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    const VtDoubt wide = { .half_width_ns = VT_NS_PER_MS, .sigma_ns = 500e3 };
    for (int i = 0; i <= 40; i++) {
        fixture->estimate.raw_at = vt_mono_add(fixture->estimate.raw_at, VT_NS_PER_SEC);
        VtSample sample = { .raw_at = fixture->estimate.raw_at };
        vt_drift_budget_take(&fixture->budget, &sample, &wide, 0);
    }

    g_assert_cmpfloat_with_epsilon(get(fixture, 1), 25000, 1);
    pass(fixture, 60);
    g_assert_cmpfloat(get(fixture, 1), ==, TRACKING_PPB);
}

static void
add(const char *path, void (*func)(Fixture *fixture, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, func, NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/core/drift-budget/first-samples-prove-nothing", test_first_samples_prove_nothing);
    add("/core/drift-budget/few-samples-prove-enough-if-they-took-long",
        test_few_samples_prove_enough_if_they_took_long);
    add("/core/drift-budget/calm-oscillator-is-held-to-what-it-does",
        test_calm_oscillator_is_held_to_what_it_does);
    add("/core/drift-budget/jump-takes-the-proof-away", test_jump_takes_the_proof_away);
    add("/core/drift-budget/disruption-widens-until-the-rate-is-seen",
        test_disruption_widens_until_the_rate_is_seen);
    add("/core/drift-budget/rate-that-is-no-more-true-widens",
        test_rate_that_is_no_more_true_widens);
    add("/core/drift-budget/rate-of-before-is-not-excluded",
        test_rate_of_before_is_not_excluded);
    add("/core/drift-budget/wide-samples-may-slant", test_wide_samples_may_slant);
    add("/core/drift-budget/unsure-rate-widens", test_unsure_rate_widens);
    return g_test_run();
}
