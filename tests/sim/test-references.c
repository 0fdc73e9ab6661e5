/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests that change from one reference to another, and servers that are not believed at once. */
#include "tests/sim/seeds.h"
#include "tests/sim/sim-guest.h"

static const VtPipelineHint strong_hint = { .strength = VT_HINT_STRONG };

static void
change_reference(SimGuest *guest, VtNs holdover_after_ns)
{
    VtPipelineReference reference = {
        .is_synchronised = guest->host.synchronised,
        .holdover_after_ns = holdover_after_ns,
    };
    VtAction action = vt_pipeline_on_reference_change(guest->pipeline, &reference,
                                                      sim_oscillator_read(&guest->oscillator));
    g_assert_cmpint(action.kind, ==, VT_ACTION_HOLD);
}

static void
test_longer_path_is_no_disruption(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    guest.host.base_delay_ns = 20 * VT_NS_PER_MS;
    guest.host.jitter_ns = 2e6;
    change_reference(&guest, 5 * VT_NS_PER_SEC);
    sim_guest_run(&guest, 300 * VT_NS_PER_SEC);

    VtPipelineStatus status = sim_guest_get_status(&guest);
    g_assert_cmpint(status.state, ==, VT_STATE_TRACKING);
    g_assert_cmpuint(status.n_disruptions, ==, 0);
    g_assert_cmpuint(guest.n_steps, ==, 0);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, 2 * VT_NS_PER_MS);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, status.error_ns);
    sim_guest_clear(&guest);
}

static void
test_small_difference_is_slewed(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    guest.host.offset_ns -= 20 * VT_NS_PER_MS;
    change_reference(&guest, 5 * VT_NS_PER_SEC);
    sim_guest_run(&guest, 180 * VT_NS_PER_SEC);

    VtPipelineStatus status = sim_guest_get_status(&guest);
    g_assert_cmpint(status.state, ==, VT_STATE_TRACKING);
    g_assert_cmpuint(status.n_disruptions, ==, 0);
    g_assert_cmpuint(guest.n_steps, ==, 0);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, VT_NS_PER_MS);
    sim_guest_clear(&guest);
}

static void
test_large_difference_is_a_disruption(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    guest.host.offset_ns += 3 * VT_NS_PER_SEC;
    change_reference(&guest, 5 * VT_NS_PER_SEC);
    sim_guest_run(&guest, 10 * VT_NS_PER_SEC);

    g_assert_cmpuint(sim_guest_get_status(&guest).n_disruptions, ==, 1);
    g_assert_cmpuint(guest.n_steps, ==, 1);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, VT_NS_PER_MS);
    sim_guest_clear(&guest);
}

static void
test_first_synchronised_reference_is_followed_backward(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    guest.host.synchronised = false;
    guest.host.offset_ns = 3 * VT_NS_PER_SEC;
    sim_guest_settle(&guest);
    g_assert_false(sim_guest_get_status(&guest).synchronised);

    guest.host.synchronised = true;
    guest.host.offset_ns = 0;
    change_reference(&guest, 5 * VT_NS_PER_SEC);
    sim_guest_run(&guest, 10 * VT_NS_PER_SEC);

    VtPipelineStatus status = sim_guest_get_status(&guest);
    g_assert_true(status.synchronised);
    g_assert_cmpuint(guest.n_steps, ==, 1);
    g_assert_cmpuint(status.n_disruptions, ==, 0);
    g_assert_cmpuint(guest.n_recovered, ==, 0);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, VT_NS_PER_MS);
    sim_guest_clear(&guest);
}

static void
test_change_during_a_recovery_measures_afresh(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);
    guest.host.loss = 1;
    guest.host.offset_ns += 5 * VT_NS_PER_SEC;
    sim_guest_hint(&guest, &strong_hint);

    guest.host.loss = 0;
    change_reference(&guest, 5 * VT_NS_PER_SEC);
    sim_guest_run(&guest, 3 * VT_NS_PER_SEC);

    g_assert_cmpint(sim_guest_get_status(&guest).state, ==, VT_STATE_TRACKING);
    g_assert_cmpuint(sim_guest_get_status(&guest).n_disruptions, ==, 1);
    g_assert_cmpuint(guest.n_steps, ==, 1);
    g_assert_cmpuint(guest.n_recovered, ==, 1);
    sim_guest_clear(&guest);
}

static void
test_server_steps_only_after_four_readings(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    guest.host.n_to_step = 4;
    sim_guest_settle(&guest);
    guest.host.offset_ns += 5 * VT_NS_PER_SEC;
    /* As far as three readings, and not one more. */
    guest.host.n_answers_left = 3;

    sim_guest_hint(&guest, &strong_hint);
    g_assert_cmpuint(guest.n_steps, ==, 0);
    g_assert_cmpint(sim_guest_get_status(&guest).state, ==, VT_STATE_DISRUPTED);

    guest.host.loss = 0;
    sim_guest_run(&guest, 3 * VT_NS_PER_SEC);
    g_assert_cmpuint(guest.n_steps, ==, 1);
    g_assert_cmpint(sim_guest_get_status(&guest).state, ==, VT_STATE_TRACKING);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, VT_NS_PER_MS);
    sim_guest_clear(&guest);
}

static void
test_seldom_asked_reference_is_not_lost(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    change_reference(&guest, 320 * VT_NS_PER_SEC);
    guest.tick_ns = 64 * VT_NS_PER_SEC;
    sim_guest_run(&guest, 200 * VT_NS_PER_SEC);
    guest.host.loss = 1;
    sim_guest_run(&guest, 100 * VT_NS_PER_SEC);
    g_assert_cmpint(sim_guest_get_status(&guest).state, ==, VT_STATE_TRACKING);

    sim_guest_run(&guest, 400 * VT_NS_PER_SEC);
    g_assert_cmpint(sim_guest_get_status(&guest).state, ==, VT_STATE_HOLDOVER);
    sim_guest_clear(&guest);
}

static void
test_slew_goes_on_between_readings(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);
    guest.host.offset_ns += 4 * VT_NS_PER_MS;
    change_reference(&guest, 320 * VT_NS_PER_SEC);
    sim_guest_run(&guest, VT_NS_PER_SEC);

    guest.host.loss = 1;
    sim_guest_run(&guest, 30 * VT_NS_PER_SEC);

    /* By a millisecond each; the last one is a trim. */
    g_assert_cmpuint(guest.n_slews, >=, 3);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, VT_NS_PER_MS / 2);
    sim_guest_clear(&guest);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_seeds_add("/sim/references/longer-path-is-no-disruption",
                  test_longer_path_is_no_disruption);
    sim_seeds_add("/sim/references/small-difference-is-slewed",
                  test_small_difference_is_slewed);
    sim_seeds_add("/sim/references/large-difference-is-a-disruption",
                  test_large_difference_is_a_disruption);
    sim_seeds_add("/sim/references/first-synchronised-reference-is-followed-backward",
                  test_first_synchronised_reference_is_followed_backward);
    sim_seeds_add("/sim/references/change-during-a-recovery-measures-afresh",
                  test_change_during_a_recovery_measures_afresh);
    sim_seeds_add("/sim/references/server-steps-only-after-four-readings",
                  test_server_steps_only_after_four_readings);
    sim_seeds_add("/sim/references/seldom-asked-reference-is-not-lost",
                  test_seldom_asked_reference_is_not_lost);
    sim_seeds_add("/sim/references/slew-goes-on-between-readings",
                  test_slew_goes_on_between_readings);
    return g_test_run();
}
