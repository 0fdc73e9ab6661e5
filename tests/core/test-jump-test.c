/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/jump-test.h"

static const VtDoubt doubt = { .half_width_ns = 3000, .sigma_ns = 1000 };

/* A filter that has seen a straight line, and the test that watches it. */
typedef struct {
    VtFilter filter;
    VtJumpTest test;
    VtNs at_ns;
} Fixture;

static VtJump
feed(Fixture *fixture, VtNs at_ns, VtNs raw_offset_ns)
{
    VtSample sample = { .raw_at = { .ns = at_ns }, .raw_offset_ns = raw_offset_ns };
    if (!fixture->test.is_running)
        vt_jump_test_begin(&fixture->test, &fixture->filter, &sample, 0);
    VtEstimate predicted = vt_filter_predict(&fixture->filter, sample.raw_at);
    VtNs residual_ns = vt_ns_abs(raw_offset_ns - predicted.raw_offset_ns);
    double likelihood = vt_filter_update(&fixture->filter, &sample, &doubt);
    fixture->at_ns = at_ns;
    vt_jump_test_update(&fixture->test, &sample, &doubt, likelihood);
    if (residual_ns > doubt.half_width_ns)
        vt_jump_test_note_exclusion(&fixture->test);
    fixture->test.is_won |= vt_jump_test_is_beyond_chance(&fixture->test);
    return fixture->test.is_won ? vt_jump_test_follow(&fixture->test, &fixture->filter)
                                : VT_JUMP_NONE;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    *fixture = (Fixture){ 0 };
    vt_filter_init(&fixture->filter, 0, 100);
    for (int i = 0; i < 100; i++) {
        VtSample sample = { .raw_at = { .ns = i * VT_NS_PER_SEC } };
        vt_filter_update(&fixture->filter, &sample, &doubt);
    }
    fixture->at_ns = 99 * VT_NS_PER_SEC;
}

static void
test_one_sample_is_not_enough(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_assert_cmpint(feed(fixture, 100 * VT_NS_PER_SEC, 500000), ==, VT_JUMP_NONE);

    g_assert_false(fixture->test.is_won);
    VtEstimate estimate = vt_filter_predict(&fixture->filter, (VtMono){ 100 * VT_NS_PER_SEC });
    g_assert_cmpfloat(estimate.rate_ppb, <, 20000);
}

static void
test_names_rate_jump(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    /* 200 ppm from 0.5 s before the first of them. */
    VtJump jump = VT_JUMP_NONE;
    for (int i = 0; i < 8 && jump == VT_JUMP_NONE; i++)
        jump = feed(fixture, 100 * VT_NS_PER_SEC + i * 125 * VT_NS_PER_MS, 100000 + i * 25000);

    g_assert_cmpint(jump, ==, VT_JUMP_RATE);
    g_assert_cmpfloat_with_epsilon(vt_filter_get_best(&fixture->filter)->rate_ppb, 200000,
                                   20000);
}

static void
test_names_phase_jump(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtJump jump = VT_JUMP_NONE;
    for (int i = 0; i < 8 && jump == VT_JUMP_NONE; i++)
        jump = feed(fixture, 100 * VT_NS_PER_SEC + i * 125 * VT_NS_PER_MS, 400000);

    g_assert_cmpint(jump, ==, VT_JUMP_PHASE);
    g_assert_cmpfloat_with_epsilon(vt_filter_get_best(&fixture->filter)->rate_ppb, 0, 1000);
}

static void
test_lonely_spike_is_refuted(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    feed(fixture, 100 * VT_NS_PER_SEC, 8000);
    for (int i = 1; i < 4; i++)
        g_assert_cmpint(feed(fixture, 100 * VT_NS_PER_SEC + i * VT_NS_PER_MS, 0), ==,
                        VT_JUMP_NONE);

    g_assert_false(fixture->test.is_won);
    g_assert_true(vt_jump_test_is_refuted(&fixture->test));
}

/* Steady noise of the strength that is expected: a day of ticks. */
static void
test_noise_is_no_jump(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    for (int i = 0; i < 86400; i++) {
        double noise = 0;
        for (int j = 0; j < 12; j++)
            noise += g_test_rand_double() - 0.5;
        VtJump jump =
            feed(fixture, fixture->at_ns + VT_NS_PER_SEC, vt_ns_from_double(noise * 1000));
        g_assert_cmpint(jump, ==, VT_JUMP_NONE);
        if (vt_jump_test_is_refuted(&fixture->test))
            vt_jump_test_end(&fixture->test);
    }
}

/* As behind a queue that builds up: always off, but never by more than the reading tells. */
static void
test_nothing_excluded_is_no_jump(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    for (int i = 0; i < 60; i++) {
        VtNs at_ns = fixture->at_ns + VT_NS_PER_SEC;
        VtEstimate predicted = vt_filter_predict(&fixture->filter, (VtMono){ at_ns });
        VtJump jump = feed(fixture, at_ns, predicted.raw_offset_ns + doubt.half_width_ns);
        g_assert_cmpint(jump, ==, VT_JUMP_NONE);
    }

    g_assert_false(fixture->test.is_won);
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
    add("/core/jump-test/one-sample-is-not-enough", test_one_sample_is_not_enough);
    add("/core/jump-test/names-rate-jump", test_names_rate_jump);
    add("/core/jump-test/names-phase-jump", test_names_phase_jump);
    add("/core/jump-test/lonely-spike-is-refuted", test_lonely_spike_is_refuted);
    add("/core/jump-test/nothing-excluded-is-no-jump", test_nothing_excluded_is_no_jump);
    add("/core/jump-test/noise-is-no-jump", test_noise_is_no_jump);
    return g_test_run();
}
