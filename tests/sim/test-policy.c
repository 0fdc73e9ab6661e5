/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Corrections that may not be made, and what a guest says of itself then. */
#include "tests/sim/seeds.h"
#include "tests/sim/sim-guest.h"

#define UNKNOWN_NS (16 * VT_NS_PER_SEC)
#define DAY_NS     (86400 * VT_NS_PER_SEC)

static const VtPipelineHint strong_hint = { .strength = VT_HINT_STRONG };

static void
test_backward_unannounced(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    guest.host.offset_ns -= 5 * VT_NS_PER_SEC;
    sim_guest_run(&guest, 60 * VT_NS_PER_SEC);

    VtPipelineStatus status = sim_guest_get_status(&guest);
    VtOutcome outcome = vt_pipeline_get_outcome(guest.pipeline);
    g_assert_cmpuint(guest.n_steps, ==, 0);
    g_assert_cmpuint(guest.n_slews, ==, 0);
    g_assert_cmpuint(guest.n_recovered, ==, 1);
    g_assert_cmpint(outcome.refusal, ==, VT_REFUSAL_BACKWARD);
    g_assert_cmpint(outcome.kind, ==, VT_ACTION_HOLD);
    g_assert_cmpint(status.state, ==, VT_STATE_DISRUPTED);
    g_assert_false(status.synchronised);
    g_assert_cmpint(status.error_ns, ==, UNKNOWN_NS);
    g_assert_cmpint(status.host_error_ns, >=, 5 * VT_NS_PER_SEC - VT_NS_PER_MS);
    /* A refusal is measured on at ticks, not in a busy loop. */
    g_assert_cmpuint(guest.n_readings, <=, 75);
    sim_guest_clear(&guest);
}

static void
test_backward_refusal_ends(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);
    guest.host.offset_ns -= 5 * VT_NS_PER_SEC;
    sim_guest_run(&guest, 10 * VT_NS_PER_SEC);

    guest.host.offset_ns += 5 * VT_NS_PER_SEC;
    sim_guest_run(&guest, 3 * VT_NS_PER_SEC);

    g_assert_cmpint(sim_guest_get_status(&guest).state, ==, VT_STATE_TRACKING);
    g_assert_cmpuint(guest.n_steps, ==, 0);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, VT_NS_PER_MS);
    sim_guest_clear(&guest);
}

static void
test_backward_announced(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);
    VtPipelineHint hint = { .strength = VT_HINT_STRONG, .allows_backward = true };

    guest.host.offset_ns -= 5 * VT_NS_PER_SEC;
    sim_guest_hint(&guest, &hint);

    g_assert_cmpint(sim_guest_get_status(&guest).state, ==, VT_STATE_TRACKING);
    g_assert_cmpuint(guest.n_steps, ==, 1);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, VT_NS_PER_MS);
    sim_guest_clear(&guest);
}

static void
test_small_backward_is_slewed(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    guest.host.offset_ns -= 20 * VT_NS_PER_MS;
    sim_guest_run(&guest, 120 * VT_NS_PER_SEC);

    g_assert_cmpuint(guest.n_steps, ==, 0);
    /* By a millisecond each; the last one is a trim. */
    g_assert_cmpuint(guest.n_slews, >=, 19);
    g_assert_cmpint(sim_guest_get_status(&guest).state, ==, VT_STATE_TRACKING);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, 100 * VT_NS_PER_US);
    sim_guest_clear(&guest);
}

static void
test_observe(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    guest.oscillator.rate_ppb = 50000;
    guest.oscillator.wall_ns -= 3 * VT_NS_PER_SEC;
    vt_pipeline_set_may_correct(guest.pipeline, false);

    sim_guest_run(&guest, 60 * VT_NS_PER_SEC);
    sim_oscillator_pause(&guest.oscillator, 5 * VT_NS_PER_SEC);
    sim_guest_hint(&guest, &strong_hint);
    sim_guest_run(&guest, 60 * VT_NS_PER_SEC);

    VtPipelineStatus status = sim_guest_get_status(&guest);
    g_assert_cmpuint(guest.n_steps + guest.n_slews + guest.n_rates, ==, 0);
    g_assert_cmpint(vt_pipeline_get_outcome(guest.pipeline).refusal, ==, VT_REFUSAL_OBSERVE);
    g_assert_false(status.synchronised);
    /* It measures all the same. */
    g_assert_cmpint(vt_ns_abs(status.offset_ns - sim_guest_get_error(&guest)), <=,
                    50 * VT_NS_PER_US);

    vt_pipeline_set_may_correct(guest.pipeline, true);
    sim_guest_run(&guest, 2 * VT_NS_PER_SEC);
    g_assert_cmpint(sim_guest_get_status(&guest).state, ==, VT_STATE_TRACKING);
    g_assert_cmpuint(guest.n_steps, ==, 1);
    sim_guest_clear(&guest);
}

static void
test_unsynchronised_host(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    guest.host.synchronised = false;
    guest.host.offset_ns = 7 * VT_NS_PER_SEC;

    sim_guest_run(&guest, 10 * VT_NS_PER_SEC);

    VtPipelineStatus status = sim_guest_get_status(&guest);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, 500 * VT_NS_PER_US);
    g_assert_cmpint(status.state, ==, VT_STATE_TRACKING);
    g_assert_false(status.synchronised);
    g_assert_cmpint(status.error_ns, ==, UNKNOWN_NS);
    g_assert_cmpint(status.host_error_ns, <=, VT_NS_PER_MS);
    g_assert_cmpint(status.host_error_ns, >=, vt_ns_abs(sim_guest_get_error(&guest)));
    sim_guest_clear(&guest);
}

static void
test_two_days_forward(uint32_t seed)
{
    static const struct {
        bool synchronised;
        bool is_declared;
        bool is_stepped;
    } rows[] = {
        { true, false, true },
        { false, true, true },
        { false, false, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        SimGuest guest;
        sim_guest_init(&guest, seed);
        sim_guest_settle(&guest);
        guest.host.synchronised = rows[i].synchronised;
        VtPipelineHint hint = {
            .strength = VT_HINT_STRONG,
            .is_declared = rows[i].is_declared,
        };

        sim_oscillator_pause(&guest.oscillator, 2 * DAY_NS);
        sim_guest_hint(&guest, &hint);

        g_assert_cmpuint(guest.n_steps, ==, rows[i].is_stepped);
        g_assert_cmpint(vt_pipeline_get_outcome(guest.pipeline).refusal, ==,
                        rows[i].is_stepped ? VT_REFUSAL_NONE : VT_REFUSAL_NO_WITNESS);
        sim_guest_clear(&guest);
    }
}

static void
test_before_build(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);

    guest.host.offset_ns = -400 * DAY_NS;
    sim_guest_run(&guest, 3 * VT_NS_PER_SEC);

    g_assert_cmpuint(guest.n_steps, ==, 0);
    g_assert_cmpint(guest.last_action.refusal, ==, VT_REFUSAL_BEFORE_BUILD);
    g_assert_cmpint(sim_guest_get_status(&guest).state, ==, VT_STATE_MEASURING);
    sim_guest_clear(&guest);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_seeds_add("/sim/policy/unannounced-backward-jump-is-refused",
                  test_backward_unannounced);
    sim_seeds_add("/sim/policy/refusal-ends-when-its-reason-does", test_backward_refusal_ends);
    sim_seeds_add("/sim/policy/announced-backward-jump-is-stepped", test_backward_announced);
    sim_seeds_add("/sim/policy/small-backward-jump-is-slewed", test_small_backward_is_slewed);
    sim_seeds_add("/sim/policy/observe-never-moves", test_observe);
    sim_seeds_add("/sim/policy/unsynchronised-host-is-told-apart", test_unsynchronised_host);
    sim_seeds_add("/sim/policy/two-days-forward-need-a-witness", test_two_days_forward);
    sim_seeds_add("/sim/policy/never-before-the-build", test_before_build);
    return g_test_run();
}
