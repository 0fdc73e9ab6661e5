/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pipeline.h"

#define EPOCH_NS (INT64_C(1800000000) * VT_NS_PER_SEC)

/* A perfect clock @behind_ns behind the reference, and the pipeline that minds it. */
typedef struct {
    VtPipeline *pipeline;
    VtInstant now;
    VtNs behind_ns;
} Fixture;

static const VtPipelineHint strong_hint = { .strength = VT_HINT_STRONG };

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtPipelineParams params = vt_pipeline_params_default();
    fixture->pipeline = vt_pipeline_new(&params);
    fixture->now.raw.ns = 100 * VT_NS_PER_SEC;
    fixture->now.wall.ns = EPOCH_NS;
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_pipeline_free(fixture->pipeline);
}

static void
pass(Fixture *fixture, VtNs span_ns)
{
    fixture->now.raw.ns += span_ns;
    fixture->now.wall.ns += span_ns;
}

static VtReading
make_reading(Fixture *fixture, VtNs delay_ns)
{
    VtReading reading = { .sent = fixture->now, .precision_ns = 1, .stratum = 2 };
    pass(fixture, delay_ns / 2);
    reading.reference_received_at = vt_wall_add(fixture->now.wall, fixture->behind_ns);
    reading.reference_sent_at = reading.reference_received_at;
    reading.reference_synchronised = true;
    pass(fixture, delay_ns - delay_ns / 2);
    reading.received = fixture->now;
    return reading;
}

/* One reading, carried out. */
static VtAction
measure(Fixture *fixture)
{
    VtReading reading = make_reading(fixture, 200 * VT_NS_PER_US);
    VtAction action = vt_pipeline_on_reading(fixture->pipeline, &reading, fixture->now);
    if (action.kind == VT_ACTION_STEP) {
        fixture->now.wall.ns += action.offset_ns;
        fixture->behind_ns -= action.offset_ns;
    }
    pass(fixture, 10 * VT_NS_PER_US);
    return action;
}

static void
settle(Fixture *fixture)
{
    for (int i = 0; i < 30; i++) {
        while (measure(fixture).measure_now)
            continue;
        pass(fixture, VT_NS_PER_SEC);
    }
    g_assert_cmpint(vt_pipeline_get_status(fixture->pipeline, fixture->now).state, ==,
                    VT_STATE_TRACKING);
}

static void
test_knows_nothing_at_first(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    VtPipelineStatus status = vt_pipeline_get_status(fixture->pipeline, fixture->now);

    g_assert_cmpint(status.state, ==, VT_STATE_START);
    g_assert_false(status.synchronised);
    g_assert_false(status.has_reference);
    g_assert_cmpint(status.error_ns, ==, 16 * VT_NS_PER_SEC);
    g_assert_cmpint(status.host_error_ns, ==, 16 * VT_NS_PER_SEC);
    g_assert_cmpuint(vt_pipeline_get_outcome(fixture->pipeline).n_steps, ==, 0);
}

static void
test_hint_moves_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle(fixture);
    fixture->behind_ns += VT_NS_PER_SEC;

    VtAction action = vt_pipeline_on_hint(fixture->pipeline, &strong_hint, fixture->now);
    VtPipelineStatus status = vt_pipeline_get_status(fixture->pipeline, fixture->now);

    g_assert_cmpint(action.kind, ==, VT_ACTION_HOLD);
    g_assert_false(action.set_rate);
    g_assert_true(action.measure_now);
    g_assert_cmpint(status.state, ==, VT_STATE_DISRUPTED);
    g_assert_false(status.synchronised);
    g_assert_cmpint(status.error_ns, ==, 16 * VT_NS_PER_SEC);
}

static void
test_steps_at_first_good_reading(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle(fixture);
    fixture->behind_ns += VT_NS_PER_SEC;
    VtMono hint_at = fixture->now.raw;
    vt_pipeline_on_hint(fixture->pipeline, &strong_hint, fixture->now);

    VtAction first = measure(fixture);
    VtAction second = measure(fixture);
    VtAction third = measure(fixture);
    VtOutcome outcome = vt_pipeline_get_outcome(fixture->pipeline);

    g_assert_cmpint(first.kind, ==, VT_ACTION_STEP);
    g_assert_cmpint(vt_ns_abs(first.offset_ns - VT_NS_PER_SEC), <=, VT_NS_PER_US);
    g_assert_true(second.measure_now);
    g_assert_false(second.recovered);
    g_assert_true(third.recovered);
    g_assert_false(third.measure_now);
    g_assert_cmpint(outcome.raw_first_hint_at.ns, ==, hint_at.ns);
    g_assert_cmpint(outcome.raw_corrected_at.ns, ==, hint_at.ns + 200 * VT_NS_PER_US);
}

static void
test_untouched_takes_two_readings(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle(fixture);
    vt_pipeline_on_hint(fixture->pipeline, &strong_hint, fixture->now);

    VtAction first = measure(fixture);
    VtAction second = measure(fixture);

    g_assert_true(first.measure_now);
    g_assert_false(first.recovered);
    g_assert_true(second.recovered);
    g_assert_cmpint(vt_pipeline_get_outcome(fixture->pipeline).kind, ==, VT_ACTION_HOLD);
}

static void
test_silence_leads_to_holdover(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle(fixture);

    pass(fixture, 3 * VT_NS_PER_SEC);
    vt_pipeline_on_silence(fixture->pipeline, fixture->now);
    g_assert_cmpint(vt_pipeline_get_status(fixture->pipeline, fixture->now).state, ==,
                    VT_STATE_TRACKING);
    pass(fixture, 3 * VT_NS_PER_SEC);
    vt_pipeline_on_silence(fixture->pipeline, fixture->now);

    g_assert_cmpint(vt_pipeline_get_status(fixture->pipeline, fixture->now).state, ==,
                    VT_STATE_HOLDOVER);
}

static void
test_rubbish_is_counted_and_ages(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle(fixture);
    VtReading reading = make_reading(fixture, 200 * VT_NS_PER_US);
    reading.reference_sent_at.ns -= VT_NS_PER_SEC;
    pass(fixture, 10 * VT_NS_PER_SEC);

    VtAction action = vt_pipeline_on_reading(fixture->pipeline, &reading, fixture->now);
    VtPipelineStatus status = vt_pipeline_get_status(fixture->pipeline, fixture->now);

    g_assert_cmpint(action.kind, ==, VT_ACTION_HOLD);
    g_assert_false(action.measure_now);
    g_assert_cmpuint(status.n_rejected, ==, 1);
    g_assert_cmpint(status.state, ==, VT_STATE_HOLDOVER);
}

static void
test_failed_verification_steps_again(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle(fixture);
    fixture->behind_ns += VT_NS_PER_SEC;
    vt_pipeline_on_hint(fixture->pipeline, &strong_hint, fixture->now);
    measure(fixture);

    /* Another pause, of which no sign came. */
    fixture->behind_ns += 10 * VT_NS_PER_MS;
    measure(fixture);
    VtAction second = measure(fixture);
    while (measure(fixture).measure_now)
        continue;
    VtOutcome outcome = vt_pipeline_get_outcome(fixture->pipeline);

    g_assert_cmpint(second.kind, ==, VT_ACTION_STEP);
    g_assert_cmpuint(outcome.n_steps, ==, 2);
    g_assert_cmpint(vt_ns_abs(outcome.offset_ns - VT_NS_PER_SEC - 10 * VT_NS_PER_MS), <=,
                    VT_NS_PER_US);
    g_assert_cmpint(vt_ns_abs(fixture->behind_ns), <=, VT_NS_PER_US);
}

static void
test_three_steps_are_enough(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle(fixture);
    vt_pipeline_on_hint(fixture->pipeline, &strong_hint, fixture->now);

    /* A reference that runs away from its own readings. */
    VtAction action = { .measure_now = true };
    for (int i = 0; i < 20 && !action.recovered; i++) {
        fixture->behind_ns += 20 * VT_NS_PER_MS;
        action = measure(fixture);
    }

    g_assert_true(action.recovered);
    g_assert_cmpuint(vt_pipeline_get_outcome(fixture->pipeline).n_steps, ==, 3);
    g_assert_cmpint(action.kind, ==, VT_ACTION_SLEW);
}

static void
test_weak_hint_restarts_burst(Fixture *fixture, gconstpointer data)
{
    static const VtPipelineHint weak_hint = { .strength = VT_HINT_WEAK };
    (void)data; /* no parameters */
    settle(fixture);
    fixture->behind_ns += VT_NS_PER_SEC;
    vt_pipeline_on_hint(fixture->pipeline, &strong_hint, fixture->now);
    measure(fixture);
    measure(fixture);

    fixture->behind_ns += VT_NS_PER_SEC;
    vt_pipeline_on_hint(fixture->pipeline, &weak_hint, fixture->now);
    VtAction action = measure(fixture);

    g_assert_cmpint(action.kind, ==, VT_ACTION_STEP);
    g_assert_cmpuint(vt_pipeline_get_status(fixture->pipeline, fixture->now).n_disruptions, ==,
                     1);
}

static void
test_migration_reopens_rate(Fixture *fixture, gconstpointer data)
{
    static const VtPipelineHint hint = { .strength = VT_HINT_STRONG, .reopens_rate = true };
    (void)data; /* no parameters */
    settle(fixture);
    double before_ppb = vt_pipeline_get_status(fixture->pipeline, fixture->now).rate_sigma_ppb;

    vt_pipeline_on_hint(fixture->pipeline, &hint, fixture->now);

    g_assert_cmpfloat(before_ppb, <, 10000);
    g_assert_cmpfloat(vt_pipeline_get_status(fixture->pipeline, fixture->now).rate_sigma_ppb,
                      >=, 100000);
}

static void
test_bound_is_wider_after_disruption(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle(fixture);
    vt_pipeline_on_hint(fixture->pipeline, &strong_hint, fixture->now);
    while (measure(fixture).measure_now)
        continue;

    VtNs before_ns = vt_pipeline_get_status(fixture->pipeline, fixture->now).error_ns;
    pass(fixture, VT_NS_PER_SEC);
    VtNs after_ns = vt_pipeline_get_status(fixture->pipeline, fixture->now).error_ns;

    g_assert_cmpint(after_ns - before_ns, >=, 250 * VT_NS_PER_US);
}

static void
test_permission_settles_what_has_drifted(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle(fixture);
    vt_pipeline_set_may_correct(fixture->pipeline, false);
    for (int i = 0; i < 100; i++) {
        fixture->behind_ns += 50 * VT_NS_PER_US;
        pass(fixture, VT_NS_PER_SEC);
        VtAction action = measure(fixture);
        g_assert_cmpint(action.kind, ==, VT_ACTION_HOLD);
        g_assert_false(action.set_rate);
    }

    vt_pipeline_set_may_correct(fixture->pipeline, true);
    pass(fixture, VT_NS_PER_SEC);
    VtAction action = measure(fixture);

    g_assert_cmpint(action.kind, ==, VT_ACTION_STEP);
    g_assert_cmpuint(vt_pipeline_get_status(fixture->pipeline, fixture->now).n_disruptions, ==,
                     0);
}

static void
test_initial_rate_is_set_at_once(void)
{
    VtPipelineParams params = vt_pipeline_params_default();
    params.initial_rate_ppb = 12345;
    params.initial_rate_sigma_ppb = 500;
    Fixture fixture = { .pipeline = vt_pipeline_new(&params), .behind_ns = VT_NS_PER_SEC };
    fixture.now.raw.ns = 100 * VT_NS_PER_SEC;
    fixture.now.wall.ns = EPOCH_NS;

    VtAction action;
    do
        action = measure(&fixture);
    while (action.kind != VT_ACTION_STEP);

    g_assert_true(action.set_rate);
    g_assert_cmpfloat_with_epsilon(action.rate_ppb, 12345, 1);
    vt_pipeline_free(fixture.pipeline);
}

static void
test_foreign_rate_is_put_back(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle(fixture);

    VtAction back = vt_pipeline_on_foreign_rate(fixture->pipeline);
    vt_pipeline_set_may_correct(fixture->pipeline, false);
    VtAction forbidden = vt_pipeline_on_foreign_rate(fixture->pipeline);

    g_assert_true(back.set_rate);
    g_assert_cmpfloat_with_epsilon(back.rate_ppb, 0, 100);
    g_assert_false(forbidden.set_rate);
    g_assert_cmpuint(vt_pipeline_get_status(fixture->pipeline, fixture->now).n_foreign_rates,
                     ==, 2);
}

/* Another oscillator: the rate is learnt again at once, in a hurry. */
static void
test_migration_quickens_polling(Fixture *fixture, gconstpointer data)
{
    static const VtPipelineHint hint = { .strength = VT_HINT_STRONG, .reopens_rate = true };
    (void)data; /* no parameters */
    settle(fixture);
    VtAction before = measure(fixture);

    vt_pipeline_on_hint(fixture->pipeline, &hint, fixture->now);
    VtAction after;
    do
        after = measure(fixture);
    while (after.measure_now);

    g_assert_cmpint(before.measure_after_ns, ==, 0);
    g_assert_cmpint(after.measure_after_ns, >, 0);
    g_assert_cmpint(after.measure_after_ns, <=, 125 * VT_NS_PER_MS);
}

/* Suspicion asks for more readings. One that is worth nothing, or fails, does not end that. */
static void
test_hurry_outlives_what_goes_wrong(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle(fixture);
    fixture->behind_ns += 300 * VT_NS_PER_US; /* no step, and no noise */
    VtReading odd = make_reading(fixture, 200 * VT_NS_PER_US);
    VtAction first = vt_pipeline_on_reading(fixture->pipeline, &odd, fixture->now);
    g_assert_true(first.measure_now);

    VtReading rubbish = { .sent = fixture->now, .received = fixture->now };
    VtAction again = vt_pipeline_on_reading(fixture->pipeline, &rubbish, fixture->now);
    g_assert_true(again.measure_now);
    again = vt_pipeline_on_reading(fixture->pipeline, &rubbish, fixture->now);
    g_assert_true(again.measure_now);
    again = vt_pipeline_on_reading(fixture->pipeline, &rubbish, fixture->now);
    g_assert_false(again.measure_now);
    g_assert_cmpint(again.measure_after_ns, ==, 125 * VT_NS_PER_MS);

    pass(fixture, 125 * VT_NS_PER_MS);
    VtAction silence = vt_pipeline_on_silence(fixture->pipeline, fixture->now);
    g_assert_cmpint(silence.measure_after_ns, ==, 125 * VT_NS_PER_MS);

    /* Nor does it last for ever. */
    pass(fixture, 6 * VT_NS_PER_SEC);
    silence = vt_pipeline_on_silence(fixture->pipeline, fixture->now);
    g_assert_cmpint(silence.measure_after_ns, ==, 0);
}

/* A clock that advances in steps, or a simulator's, shows several readings one instant. */
static void
test_readings_of_one_instant_count(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle(fixture);
    fixture->behind_ns += 300 * VT_NS_PER_US;
    uint64_t n_before = vt_pipeline_get_status(fixture->pipeline, fixture->now).n_readings;
    for (int i = 0; i < 4; i++) {
        VtReading reading = make_reading(fixture, 0);
        vt_pipeline_on_reading(fixture->pipeline, &reading, fixture->now);
    }
    VtPipelineStatus status = vt_pipeline_get_status(fixture->pipeline, fixture->now);

    g_assert_cmpuint(status.n_readings, ==, n_before + 4);
    /* What has happened is clear: it was not left to the filter to find out in minutes. */
    g_assert_cmpint(vt_ns_abs(status.offset_ns - 300 * VT_NS_PER_US), <, 10 * VT_NS_PER_US);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/core/pipeline/initial-rate-is-set-at-once",
                    test_initial_rate_is_set_at_once);
    g_test_add("/core/pipeline/knows-nothing-at-first", Fixture, NULL, set_up,
               test_knows_nothing_at_first, tear_down);
    g_test_add("/core/pipeline/hint-moves-nothing", Fixture, NULL, set_up,
               test_hint_moves_nothing, tear_down);
    g_test_add("/core/pipeline/steps-at-first-good-reading", Fixture, NULL, set_up,
               test_steps_at_first_good_reading, tear_down);
    g_test_add("/core/pipeline/untouched-takes-two-readings", Fixture, NULL, set_up,
               test_untouched_takes_two_readings, tear_down);
    g_test_add("/core/pipeline/silence-leads-to-holdover", Fixture, NULL, set_up,
               test_silence_leads_to_holdover, tear_down);
    g_test_add("/core/pipeline/rubbish-is-counted-and-ages", Fixture, NULL, set_up,
               test_rubbish_is_counted_and_ages, tear_down);
    g_test_add("/core/pipeline/failed-verification-steps-again", Fixture, NULL, set_up,
               test_failed_verification_steps_again, tear_down);
    g_test_add("/core/pipeline/three-steps-are-enough", Fixture, NULL, set_up,
               test_three_steps_are_enough, tear_down);
    g_test_add("/core/pipeline/weak-hint-restarts-burst", Fixture, NULL, set_up,
               test_weak_hint_restarts_burst, tear_down);
    g_test_add("/core/pipeline/migration-reopens-rate", Fixture, NULL, set_up,
               test_migration_reopens_rate, tear_down);
    g_test_add("/core/pipeline/bound-is-wider-after-disruption", Fixture, NULL, set_up,
               test_bound_is_wider_after_disruption, tear_down);
    g_test_add("/core/pipeline/permission-settles-what-has-drifted", Fixture, NULL, set_up,
               test_permission_settles_what_has_drifted, tear_down);
    g_test_add("/core/pipeline/foreign-rate-is-put-back", Fixture, NULL, set_up,
               test_foreign_rate_is_put_back, tear_down);
    g_test_add("/core/pipeline/migration-quickens-polling", Fixture, NULL, set_up,
               test_migration_quickens_polling, tear_down);
    g_test_add("/core/pipeline/hurry-outlives-what-goes-wrong", Fixture, NULL, set_up,
               test_hurry_outlives_what_goes_wrong, tear_down);
    g_test_add("/core/pipeline/readings-of-one-instant-count", Fixture, NULL, set_up,
               test_readings_of_one_instant_count, tear_down);
    return g_test_run();
}
