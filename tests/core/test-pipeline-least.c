/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A clock that was set to what the time is at least, until a better reading comes. */
#include "core/pipeline.h"

#define EPOCH_NS (INT64_C(1800000000) * VT_NS_PER_SEC)

typedef struct {
    VtPipeline *pipeline;
    VtInstant now;
    VtNs behind_ns;
} Fixture;

static const VtPipelineHint strong_hint = { .strength = VT_HINT_STRONG };

static void
pass(Fixture *fixture, VtNs span_ns)
{
    fixture->now.raw.ns += span_ns;
    fixture->now.wall.ns += span_ns;
}

static VtReading
make_reading(const Fixture *fixture, VtNs precision_ns)
{
    VtWall reference = vt_wall_add(fixture->now.wall, fixture->behind_ns);
    return (VtReading){
        .sent = fixture->now,
        .received = fixture->now,
        .reference_received_at = reference,
        .reference_sent_at = reference,
        .precision_ns = precision_ns,
        .reference_synchronised = true,
        .stratum = 2,
    };
}

static VtAction
take(Fixture *fixture, const VtReading *reading)
{
    VtAction action = vt_pipeline_on_reading(fixture->pipeline, reading, fixture->now);
    if (action.kind == VT_ACTION_STEP) {
        fixture->now.wall.ns += action.offset_ns;
        fixture->behind_ns -= action.offset_ns;
    }
    pass(fixture, 10 * VT_NS_PER_US);
    return action;
}

static VtAction
take_good(Fixture *fixture)
{
    VtReading reading = make_reading(fixture, 10 * VT_NS_PER_US);
    return take(fixture, &reading);
}

/* True time is @more_ns ahead of what the reading says. */
static VtAction
take_least(Fixture *fixture, VtNs more_ns)
{
    VtReading reading = make_reading(fixture, VT_NS_PER_SEC);
    reading.reference_received_at = vt_wall_add(reading.reference_received_at, -more_ns);
    reading.reference_sent_at = reading.reference_received_at;
    reading.is_least = true;
    return take(fixture, &reading);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    VtPipelineParams params = vt_pipeline_params_default();
    fixture->pipeline = vt_pipeline_new(&params);
    fixture->now.raw.ns = 100 * VT_NS_PER_SEC;
    fixture->now.wall.ns = EPOCH_NS;
    for (int i = 0; i < 10; i++) {
        (void)take_good(fixture);
        pass(fixture, VT_NS_PER_SEC);
    }
    g_assert_cmpint(vt_pipeline_get_status(fixture->pipeline, fixture->now).state, ==,
                    VT_STATE_TRACKING);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_pipeline_free(fixture->pipeline);
}

static void
begin_disruption(Fixture *fixture, VtNs late_ns)
{
    fixture->behind_ns += late_ns;
    (void)vt_pipeline_on_hint(fixture->pipeline, &strong_hint, fixture->now);
    pass(fixture, VT_NS_PER_MS);
}

static void
test_comes_first_and_ends_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data;
    begin_disruption(fixture, 60 * VT_NS_PER_SEC);

    VtAction first = take_least(fixture, 700 * VT_NS_PER_MS);
    VtPipelineStatus status = vt_pipeline_get_status(fixture->pipeline, fixture->now);

    g_assert_cmpint(first.kind, ==, VT_ACTION_STEP);
    g_assert_true(first.measure_now);
    g_assert_cmpint(fixture->behind_ns, >, 699 * VT_NS_PER_MS);
    g_assert_cmpint(fixture->behind_ns, <, 701 * VT_NS_PER_MS);
    g_assert_cmpint(status.state, ==, VT_STATE_DISRUPTED);
    g_assert_false(status.synchronised);
}

static void
test_good_reading_steps_the_rest(Fixture *fixture, gconstpointer data)
{
    (void)data;
    begin_disruption(fixture, 60 * VT_NS_PER_SEC);
    (void)take_least(fixture, 700 * VT_NS_PER_MS);
    pass(fixture, 300 * VT_NS_PER_MS);

    VtAction second = take_good(fixture);
    (void)take_good(fixture);
    VtAction last = take_good(fixture);
    VtOutcome outcome = vt_pipeline_get_outcome(fixture->pipeline);

    g_assert_cmpint(second.kind, ==, VT_ACTION_STEP);
    g_assert_cmpint(vt_ns_abs(fixture->behind_ns), <, 100 * VT_NS_PER_US);
    g_assert_true(last.recovered);
    g_assert_cmpuint(outcome.n_steps, ==, 2);
    g_assert_cmpint(vt_ns_abs(outcome.offset_ns - 60 * VT_NS_PER_SEC), <, VT_NS_PER_MS);
}

static void
test_moves_once_and_only_forward(Fixture *fixture, gconstpointer data)
{
    (void)data;
    begin_disruption(fixture, 60 * VT_NS_PER_SEC);
    (void)take_least(fixture, 0);
    g_assert_cmpint(take_least(fixture, 0).kind, ==, VT_ACTION_HOLD);

    begin_disruption(fixture, -60 * VT_NS_PER_SEC);
    g_assert_cmpint(take_least(fixture, 0).kind, ==, VT_ACTION_HOLD);
}

static void
test_without_a_sign_it_moves_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->behind_ns += 60 * VT_NS_PER_SEC;

    VtAction action = take_least(fixture, 0);

    g_assert_cmpint(action.kind, ==, VT_ACTION_HOLD);
    g_assert_false(action.measure_now);
}

static void
test_step_that_failed_is_not_counted(Fixture *fixture, gconstpointer data)
{
    (void)data;
    begin_disruption(fixture, 60 * VT_NS_PER_SEC);
    VtReading reading = make_reading(fixture, VT_NS_PER_SEC);
    reading.is_least = true;
    VtAction refused = vt_pipeline_on_reading(fixture->pipeline, &reading, fixture->now);
    g_assert_cmpint(refused.kind, ==, VT_ACTION_STEP);
    vt_pipeline_on_failed_action(fixture->pipeline);

    pass(fixture, VT_NS_PER_SEC);
    for (int i = 0; i < 5; i++)
        (void)take_good(fixture);

    g_assert_cmpuint(vt_pipeline_get_outcome(fixture->pipeline).n_steps, ==, 1);
    g_assert_cmpint(vt_ns_abs(fixture->behind_ns), <, VT_NS_PER_MS);
}

#define add(path, function) \
    g_test_add("/core/pipeline-least/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("comes-first-and-ends-nothing", test_comes_first_and_ends_nothing);
    add("good-reading-steps-the-rest", test_good_reading_steps_the_rest);
    add("moves-once-and-only-forward", test_moves_once_and_only_forward);
    add("without-a-sign-it-moves-nothing", test_without_a_sign_it_moves_nothing);
    add("step-that-failed-is-not-counted", test_step_that_failed_is_not_counted);
    return g_test_run();
}
