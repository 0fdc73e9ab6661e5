/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What befalls a guest, and how long until its clock is right again. */
#include "tests/sim/seeds.h"
#include "tests/sim/sim-guest.h"

/* The project's promise for the residual after the first step. */
#define RESIDUAL_NS (500 * VT_NS_PER_US)

/* A burst of ten exchanges of 240 us takes 2.5 ms; jitter on top. */
#define RECOVERY_NS (5 * VT_NS_PER_MS)

#define MINUTE_NS (60 * VT_NS_PER_SEC)

static const VtPipelineHint strong_hint = { .strength = VT_HINT_STRONG };
static const VtPipelineHint weak_hint = { .strength = VT_HINT_WEAK };

static void
assert_right(const SimGuest *guest)
{
    VtPipelineStatus status = sim_guest_get_status(guest);

    g_assert_cmpint(status.state, ==, VT_STATE_TRACKING);
    g_assert_true(status.synchronised);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(guest)), <=, RESIDUAL_NS);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(guest)), <=, status.error_ns);
}

static void
test_boot(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    guest.oscillator.rate_ppb = 100000;
    guest.oscillator.wall_ns -= 3 * VT_NS_PER_SEC;

    sim_guest_run(&guest, 10 * VT_NS_PER_MS);
    assert_right(&guest);
    sim_guest_run(&guest, MINUTE_NS);

    assert_right(&guest);
    VtPipelineStatus status = sim_guest_get_status(&guest);
    g_assert_cmpuint(guest.n_steps, ==, 1);
    g_assert_cmpuint(guest.n_recovered, ==, 0);
    g_assert_cmpuint(status.n_disruptions, ==, 0);
    /* One minute of readings with 20 us of jitter tell the rate to better than 1 ppm. */
    g_assert_cmpfloat_with_epsilon(status.rate_ppb, -100000, 1000);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, 20 * VT_NS_PER_US);
    sim_guest_clear(&guest);
}

static void
check_announced_pause(VtNs pause_ns, uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    guest.oscillator.rate_ppb = 20000;
    sim_guest_settle(&guest);

    sim_oscillator_pause(&guest.oscillator, pause_ns);
    VtNs exposure_ns = sim_guest_hint(&guest, &strong_hint);

    assert_right(&guest);
    VtOutcome outcome = vt_pipeline_get_outcome(guest.pipeline);
    g_assert_cmpint(exposure_ns, <=, RECOVERY_NS);
    g_assert_cmpuint(guest.n_steps, ==, 1);
    g_assert_cmpuint(guest.n_recovered, ==, 1);
    g_assert_cmpuint(sim_guest_get_status(&guest).n_disruptions, ==, 1);
    g_assert_cmpint(outcome.kind, ==, VT_ACTION_STEP);
    g_assert_cmpint(vt_ns_abs(outcome.offset_ns - pause_ns), <=, RESIDUAL_NS);
    g_assert_cmpint(vt_ns_abs(outcome.residual_ns), <=, RESIDUAL_NS);
    g_assert_true(outcome.was_announced);
    sim_guest_run(&guest, MINUTE_NS);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, 20 * VT_NS_PER_US);
    g_assert_cmpuint(guest.n_steps, ==, 1);
    sim_guest_clear(&guest);
}

static void
test_announced_pause(uint32_t seed)
{
    check_announced_pause(5 * VT_NS_PER_SEC, seed);
    check_announced_pause(MINUTE_NS, seed);
}

static void
test_unannounced_pause(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    sim_guest_run(&guest, 300 * VT_NS_PER_MS);
    sim_oscillator_pause(&guest.oscillator, 5 * VT_NS_PER_SEC);
    sim_guest_run(&guest, guest.until_tick_ns + 10 * VT_NS_PER_MS);

    assert_right(&guest);
    VtOutcome outcome = vt_pipeline_get_outcome(guest.pipeline);
    g_assert_false(outcome.was_announced);
    g_assert_cmpuint(outcome.n_steps, ==, 1);
    g_assert_cmpuint(sim_guest_get_status(&guest).n_disruptions, ==, 1);
    sim_guest_clear(&guest);
}

static void
test_pause_inside_reading(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    /* The reply was stamped before the pause and says that all is well. */
    guest.host.pause_after_ns = 3600 * VT_NS_PER_SEC;
    sim_guest_run(&guest, 3600 * VT_NS_PER_SEC + guest.until_tick_ns + VT_NS_PER_MS);
    /* Nothing else is read until the hint, except by who was curious already: that one finds it. */
    g_assert_cmpuint(guest.n_steps, ==, guest.n_readings > 1 ? 1 : 0);
    sim_guest_hint(&guest, &strong_hint);

    assert_right(&guest);
    g_assert_cmpuint(guest.n_steps, ==, 1);
    sim_guest_clear(&guest);
}

static void
test_old_reading_clears_nothing(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);
    VtReading old;
    guest.host.pause_after_ns = MINUTE_NS;
    g_assert_true(sim_host_exchange(&guest.host, &guest.oscillator, &old));
    VtPipelineStatus before = sim_guest_get_status(&guest);

    VtInstant now = sim_oscillator_read(&guest.oscillator);
    VtAction action = vt_pipeline_on_hint(guest.pipeline, &strong_hint, now);
    g_assert_true(action.measure_now);
    for (int i = 0; i < 3; i++)
        action = vt_pipeline_on_reading(guest.pipeline, &old, now);

    VtPipelineStatus after = sim_guest_get_status(&guest);
    g_assert_cmpuint(after.n_rejected - before.n_rejected, ==, 3);
    g_assert_cmpint(after.state, ==, VT_STATE_DISRUPTED);
    g_assert_false(after.synchronised);
    g_assert_cmpint(after.error_ns, ==, 16 * VT_NS_PER_SEC);
    g_assert_true(action.measure_now);
    sim_guest_clear(&guest);
}

static void
test_reading_from_before_step_is_dropped(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);
    sim_oscillator_pause(&guest.oscillator, MINUTE_NS);
    vt_pipeline_on_hint(guest.pipeline, &strong_hint, sim_oscillator_read(&guest.oscillator));
    VtReading first;
    VtReading late;
    sim_oscillator_run(&guest.oscillator, VT_NS_PER_US);
    sim_host_exchange(&guest.host, &guest.oscillator, &first);
    late = first;
    late.received = sim_oscillator_read(&guest.oscillator);
    late.received.wall.ns += VT_NS_PER_MS;
    late.received.raw.ns += VT_NS_PER_MS;
    /* Whether the first one is good enough depends on its jitter: use one that surely is. */
    VtAction action = { .measure_now = true };
    for (int i = 0; i < 4 && action.kind != VT_ACTION_STEP; i++) {
        VtInstant now = sim_oscillator_read(&guest.oscillator);
        action = vt_pipeline_on_reading(guest.pipeline, &first, now);
        sim_host_exchange(&guest.host, &guest.oscillator, &first);
    }
    g_assert_cmpint(action.kind, ==, VT_ACTION_STEP);
    sim_oscillator_step(&guest.oscillator, action.offset_ns);
    uint64_t n_rejected = sim_guest_get_status(&guest).n_rejected;

    action =
        vt_pipeline_on_reading(guest.pipeline, &late, sim_oscillator_read(&guest.oscillator));

    g_assert_cmpuint(sim_guest_get_status(&guest).n_rejected, ==, n_rejected + 1);
    g_assert_cmpint(action.kind, ==, VT_ACTION_HOLD);
    sim_guest_clear(&guest);
}

static void
test_two_pauses_in_a_row(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    sim_oscillator_pause(&guest.oscillator, 5 * VT_NS_PER_SEC);
    sim_guest_hint(&guest, &strong_hint);
    sim_guest_run(&guest, 200 * VT_NS_PER_MS);
    sim_oscillator_pause(&guest.oscillator, 2 * VT_NS_PER_SEC);
    VtNs exposure_ns = sim_guest_hint(&guest, &strong_hint);

    assert_right(&guest);
    g_assert_cmpint(exposure_ns, <=, RECOVERY_NS);
    g_assert_cmpuint(guest.n_steps, ==, 2);
    g_assert_cmpuint(sim_guest_get_status(&guest).n_disruptions, ==, 2);
    sim_guest_clear(&guest);
}

static void
test_pause_inside_recovery(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);
    sim_oscillator_pause(&guest.oscillator, 5 * VT_NS_PER_SEC);
    vt_pipeline_on_hint(guest.pipeline, &strong_hint, sim_oscillator_read(&guest.oscillator));
    sim_oscillator_run(&guest.oscillator, VT_NS_PER_MS);

    sim_oscillator_pause(&guest.oscillator, 2 * VT_NS_PER_SEC);
    sim_guest_hint(&guest, &strong_hint);

    assert_right(&guest);
    VtOutcome outcome = vt_pipeline_get_outcome(guest.pipeline);
    g_assert_cmpuint(sim_guest_get_status(&guest).n_disruptions, ==, 1);
    g_assert_cmpuint(guest.n_recovered, ==, 1);
    g_assert_cmpint(vt_ns_abs(outcome.offset_ns - 7 * VT_NS_PER_SEC), <=, RESIDUAL_NS);
    sim_guest_clear(&guest);
}

static void
test_strong_hint_for_nothing(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);
    VtNs error_ns = sim_guest_get_error(&guest);

    VtNs exposure_ns = sim_guest_hint(&guest, &strong_hint);

    assert_right(&guest);
    VtOutcome outcome = vt_pipeline_get_outcome(guest.pipeline);
    g_assert_cmpint(exposure_ns, <=, RECOVERY_NS);
    g_assert_cmpuint(guest.n_readings, >=, 2);
    g_assert_cmpuint(guest.n_steps, ==, 0);
    g_assert_cmpuint(guest.n_recovered, ==, 1);
    g_assert_cmpint(outcome.kind, !=, VT_ACTION_STEP);
    g_assert_cmpint(outcome.refusal, ==, VT_REFUSAL_NONE);
    g_assert_cmpint(outcome.raw_corrected_at.ns, ==, outcome.raw_first_hint_at.ns);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest) - error_ns), <=, VT_NS_PER_US);
    sim_guest_clear(&guest);
}

static void
test_weak_hint_for_nothing(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    vt_pipeline_on_hint(guest.pipeline, &weak_hint, sim_oscillator_read(&guest.oscillator));
    VtPipelineStatus doubtful = sim_guest_get_status(&guest);
    sim_guest_hint(&guest, &weak_hint);

    g_assert_cmpint(doubtful.state, ==, VT_STATE_TRACKING);
    g_assert_true(doubtful.synchronised);
    g_assert_cmpint(doubtful.error_ns, ==, 16 * VT_NS_PER_SEC);
    assert_right(&guest);
    g_assert_cmpuint(guest.n_readings, ==, 1);
    g_assert_cmpuint(guest.n_recovered, ==, 0);
    g_assert_cmpuint(sim_guest_get_status(&guest).n_disruptions, ==, 0);
    sim_guest_clear(&guest);
}

static void
test_weak_hint_finds_pause(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    sim_oscillator_pause(&guest.oscillator, 5 * VT_NS_PER_SEC);
    VtNs exposure_ns = sim_guest_hint(&guest, &weak_hint);

    assert_right(&guest);
    g_assert_cmpint(exposure_ns, <=, RECOVERY_NS);
    g_assert_cmpuint(guest.n_steps, ==, 1);
    sim_guest_clear(&guest);
}

static void
test_weak_hint_that_nothing_answers(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    guest.host.loss = 1;
    guest.host.timeout_ns = 50 * VT_NS_PER_MS;
    sim_guest_hint(&guest, &weak_hint);
    VtPipelineStatus waiting = sim_guest_get_status(&guest);
    sim_oscillator_run(&guest.oscillator, VT_PIPELINE_DOUBT_NS);
    vt_pipeline_on_silence(guest.pipeline, sim_oscillator_read(&guest.oscillator));
    VtPipelineStatus overdue = sim_guest_get_status(&guest);
    guest.host.loss = 0;
    sim_guest_run(&guest, VT_NS_PER_SEC);

    g_assert_cmpint(waiting.state, ==, VT_STATE_TRACKING);
    g_assert_true(waiting.synchronised);
    g_assert_cmpint(waiting.error_ns, ==, 16 * VT_NS_PER_SEC);
    g_assert_cmpint(overdue.state, ==, VT_STATE_HOLDOVER);
    g_assert_false(overdue.synchronised);
    g_assert_cmpint(overdue.error_ns, ==, 16 * VT_NS_PER_SEC);
    assert_right(&guest);
    g_assert_cmpuint(guest.n_recovered, ==, 0);
    g_assert_cmpuint(sim_guest_get_status(&guest).n_disruptions, ==, 0);
    sim_guest_clear(&guest);
}

/* More signs that nothing answers do not put the end of the first one's time off. */
static void
test_weak_hints_in_a_row(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    guest.host.loss = 1;
    guest.host.timeout_ns = 50 * VT_NS_PER_MS;
    for (int i = 0; i < 2; i++) {
        sim_guest_hint(&guest, &weak_hint);
        g_assert_true(sim_guest_get_status(&guest).synchronised);
        sim_oscillator_run(&guest.oscillator, 100 * VT_NS_PER_MS);
    }

    g_assert_false(sim_guest_get_status(&guest).synchronised);
    sim_guest_clear(&guest);
}

static void
test_foreign_step(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    sim_oscillator_step(&guest.oscillator, 10 * VT_NS_PER_SEC);
    sim_guest_run(&guest, guest.until_tick_ns + 10 * VT_NS_PER_MS);

    assert_right(&guest);
    g_assert_cmpuint(guest.n_steps, ==, 1);
    g_assert_cmpuint(sim_guest_get_status(&guest).n_disruptions, ==, 1);
    sim_guest_clear(&guest);
}

static void
test_rate_jump(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    guest.oscillator.rate_ppb += 200000;
    VtNs worst_ns = 0;
    for (int i = 0; i < 30; i++) {
        sim_guest_run(&guest, VT_NS_PER_SEC);
        worst_ns = vt_ns_max(worst_ns, vt_ns_abs(sim_guest_get_error(&guest)));
    }

    g_assert_cmpint(worst_ns, <=, VT_NS_PER_MS);
    g_assert_cmpuint(guest.n_steps, ==, 0);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, 50 * VT_NS_PER_US);
    g_assert_cmpfloat_with_epsilon(sim_guest_get_status(&guest).rate_ppb, -200000, 5000);
    sim_guest_clear(&guest);
}

static void
test_failed_step_is_tried_again(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);
    guest.kernel_refuses = true;

    sim_oscillator_pause(&guest.oscillator, 5 * VT_NS_PER_SEC);
    sim_guest_hint(&guest, &strong_hint);
    sim_guest_run(&guest, 3 * VT_NS_PER_SEC);
    g_assert_cmpint(sim_guest_get_status(&guest).state, ==, VT_STATE_DISRUPTED);
    g_assert_cmpuint(guest.n_readings, <=, 4 * 32);
    guest.kernel_refuses = false;
    sim_guest_run(&guest, 2 * VT_NS_PER_SEC);

    assert_right(&guest);
    g_assert_cmpuint(guest.n_steps, ==, 1);
    g_assert_cmpuint(vt_pipeline_get_outcome(guest.pipeline).n_steps, ==, 1);
    sim_guest_clear(&guest);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_seeds_add("/sim/scenarios/boot-steps-once-and-learns-rate", test_boot);
    sim_seeds_add("/sim/scenarios/announced-pause-is-mended-in-5-ms", test_announced_pause);
    sim_seeds_add("/sim/scenarios/unannounced-pause-is-found-at-tick", test_unannounced_pause);
    sim_seeds_add("/sim/scenarios/pause-inside-reading-clears-nothing",
                  test_pause_inside_reading);
    sim_seeds_add("/sim/scenarios/old-reading-clears-nothing", test_old_reading_clears_nothing);
    sim_seeds_add("/sim/scenarios/reading-from-before-step-is-dropped",
                  test_reading_from_before_step_is_dropped);
    sim_seeds_add("/sim/scenarios/two-pauses-in-a-row", test_two_pauses_in_a_row);
    sim_seeds_add("/sim/scenarios/pause-inside-recovery-is-one-disruption",
                  test_pause_inside_recovery);
    sim_seeds_add("/sim/scenarios/strong-hint-for-nothing-moves-nothing",
                  test_strong_hint_for_nothing);
    sim_seeds_add("/sim/scenarios/weak-hint-for-nothing-changes-no-state",
                  test_weak_hint_for_nothing);
    sim_seeds_add("/sim/scenarios/weak-hint-finds-pause", test_weak_hint_finds_pause);
    sim_seeds_add("/sim/scenarios/weak-hint-that-nothing-answers-counts-in-time",
                  test_weak_hint_that_nothing_answers);
    sim_seeds_add("/sim/scenarios/weak-hints-in-a-row-count-from-the-first",
                  test_weak_hints_in_a_row);
    sim_seeds_add("/sim/scenarios/foreign-step-is-taken-back", test_foreign_step);
    sim_seeds_add("/sim/scenarios/rate-jump-is-followed-without-step", test_rate_jump);
    sim_seeds_add("/sim/scenarios/failed-step-is-tried-again", test_failed_step_is_tried_again);
    return g_test_run();
}
