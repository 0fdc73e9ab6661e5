/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A clock that somebody else steers, through the whole pipeline. */
#include <glib.h>

#include "core/assist.h"
#include "core/pipeline.h"

#define EPOCH_NS (INT64_C(1800000000) * VT_NS_PER_SEC)
#define DELAY_NS (200 * VT_NS_PER_US)

/* More than any recovery takes. */
#define MOST_READINGS 20

/* A guest whose clock is @behind_ns behind the reference. */
typedef struct {
    VtPipeline *pipeline;
    VtInstant now;
    VtNs behind_ns;
    unsigned n_steps;
    unsigned n_others; /* slews and rates */
    VtNs stepped_ns;
} Fixture;

static const VtPipelineHint resumed = { .strength = VT_HINT_STRONG };

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

/* Somebody else sets or slews the clock. */
static void
set_clock(Fixture *fixture, VtNs moved_ns)
{
    fixture->now.wall.ns += moved_ns;
    fixture->behind_ns -= moved_ns;
}

static bool
measure(Fixture *fixture)
{
    VtReading reading = { .sent = fixture->now, .precision_ns = 1, .stratum = 2 };
    pass(fixture, DELAY_NS / 2);
    reading.reference_received_at = vt_wall_add(fixture->now.wall, fixture->behind_ns);
    reading.reference_sent_at = reading.reference_received_at;
    reading.reference_synchronised = true;
    pass(fixture, DELAY_NS / 2);
    reading.received = fixture->now;

    VtAction action = vt_pipeline_on_reading(fixture->pipeline, &reading, fixture->now);
    if (action.kind == VT_ACTION_STEP) {
        fixture->n_steps++;
        fixture->stepped_ns += action.offset_ns;
        set_clock(fixture, action.offset_ns);
    }
    fixture->n_others += action.kind == VT_ACTION_SLEW || action.set_rate;
    pass(fixture, 10 * VT_NS_PER_US);
    return action.measure_now;
}

static void
tick(Fixture *fixture, unsigned n_ticks)
{
    for (unsigned i = 0; i < n_ticks; i++) {
        for (int j = 0; j < MOST_READINGS && measure(fixture); j++)
            continue;
        pass(fixture, VT_NS_PER_SEC);
    }
}

static VtState
get_state(const Fixture *fixture)
{
    return vt_pipeline_get_status(fixture->pipeline, fixture->now).state;
}

/* In step, and then somebody else comes. */
static void
settle_and_yield(Fixture *fixture)
{
    tick(fixture, 30);
    g_assert_cmpint(get_state(fixture), ==, VT_STATE_TRACKING);
    vt_pipeline_yield(fixture->pipeline, 0, fixture->now);
    fixture->n_others = 0;
    g_assert_cmpint(get_state(fixture), ==, VT_STATE_ASSIST);
}

/* The guest stands still: the reference goes on. */
static void
pause_guest(Fixture *fixture, VtNs lost_ns)
{
    fixture->behind_ns += lost_ns;
    VtAction action = vt_pipeline_on_hint(fixture->pipeline, &resumed, fixture->now);
    g_assert_true(action.measure_now);
}

static void
assert_nothing_done(const Fixture *fixture)
{
    g_assert_cmpint(get_state(fixture), ==, VT_STATE_ASSIST);
    g_assert_cmpuint(fixture->n_steps, ==, 0);
    g_assert_cmpuint(fixture->n_others, ==, 0);
}

static void
test_pause_is_stepped_and_the_rate_left_alone(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle_and_yield(fixture);
    tick(fixture, 5);

    pause_guest(fixture, 60 * VT_NS_PER_SEC);
    tick(fixture, 20);

    g_assert_cmpint(get_state(fixture), ==, VT_STATE_ASSIST);
    g_assert_cmpuint(fixture->n_steps, ==, 1);
    g_assert_cmpuint(fixture->n_others, ==, 0);
    g_assert_cmpint(ABS(fixture->behind_ns), <, VT_NS_PER_MS);
    g_assert_true(vt_pipeline_get_status(fixture->pipeline, fixture->now).synchronised);
}

static void
test_unannounced_pause_is_found(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle_and_yield(fixture);
    tick(fixture, 5);

    fixture->behind_ns += 3 * VT_NS_PER_SEC;
    tick(fixture, 20);

    g_assert_cmpuint(fixture->n_steps, ==, 1);
    g_assert_cmpint(ABS(fixture->behind_ns), <, VT_NS_PER_MS);
}

static void
test_owner_may_set_and_slew(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle_and_yield(fixture);

    set_clock(fixture, VT_NS_PER_SEC);
    tick(fixture, 10);
    for (int i = 0; i < 12; i++) {
        set_clock(fixture, -80 * VT_NS_PER_MS);
        tick(fixture, 1);
    }

    assert_nothing_done(fixture);
}

static void
test_owner_that_set_the_clock_is_not_corrected(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle_and_yield(fixture);
    tick(fixture, 5);

    set_clock(fixture, -2 * VT_NS_PER_SEC);
    pause_guest(fixture, 0); /* the sign of a set alone */
    tick(fixture, 10);

    assert_nothing_done(fixture);
    g_assert_false(vt_pipeline_get_status(fixture->pipeline, fixture->now).synchronised);
}

static void
test_what_a_tool_put_right_is_not_stepped_again(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle_and_yield(fixture);
    tick(fixture, 5);

    fixture->behind_ns += 60 * VT_NS_PER_SEC;
    set_clock(fixture, 60 * VT_NS_PER_SEC + 2 * VT_NS_PER_MS);
    pause_guest(fixture, 0);
    tick(fixture, 10);

    assert_nothing_done(fixture);
}

static void
test_what_a_tool_put_half_right_is_finished(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle_and_yield(fixture);
    tick(fixture, 5);

    fixture->behind_ns += 60 * VT_NS_PER_SEC;
    set_clock(fixture, 59 * VT_NS_PER_SEC);
    pause_guest(fixture, 0);
    tick(fixture, 10);

    g_assert_cmpuint(fixture->n_steps, ==, 1);
    g_assert_cmpint(ABS(fixture->behind_ns), <, VT_NS_PER_MS);
}

/* Owner and host are not of one mind; who is right is not for us to say. */
static void
test_opinion_of_the_owner_is_kept(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle_and_yield(fixture);
    set_clock(fixture, 200 * VT_NS_PER_MS);
    tick(fixture, 5);

    pause_guest(fixture, 5 * VT_NS_PER_SEC);
    tick(fixture, 20);

    g_assert_cmpuint(fixture->n_steps, ==, 1);
    g_assert_cmpint(ABS(fixture->behind_ns + 200 * VT_NS_PER_MS), <, VT_NS_PER_MS);
}

static void
test_small_loss_is_the_owners(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle_and_yield(fixture);
    tick(fixture, 5);

    pause_guest(fixture, 5 * VT_NS_PER_MS);
    tick(fixture, 10);

    assert_nothing_done(fixture);
}

static void
test_step_that_was_undone_is_repeated_twice_at_most(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle_and_yield(fixture);
    tick(fixture, 5);
    pause_guest(fixture, 10 * VT_NS_PER_SEC);

    for (int i = 0; i < 20; i++) {
        tick(fixture, 1);
        set_clock(fixture, -50 * VT_NS_PER_MS); /* goes on with what it had begun */
    }

    g_assert_cmpuint(fixture->n_steps, >=, 2);
    g_assert_cmpuint(fixture->n_steps, <=, 5);
    g_assert_cmpuint(fixture->n_others, ==, 0);
    g_assert_cmpint(get_state(fixture), ==, VT_STATE_ASSIST);
}

static void
test_host_that_was_set_is_not_followed(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    static const VtPipelineHint host_was_set = { .strength = VT_HINT_STRONG,
                                                 .allows_backward = true,
                                                 .moves_reference = true };
    settle_and_yield(fixture);
    tick(fixture, 5);

    fixture->behind_ns += 7 * VT_NS_PER_SEC;
    (void)vt_pipeline_on_hint(fixture->pipeline, &host_was_set, fixture->now);
    tick(fixture, 10);
    assert_nothing_done(fixture);

    pause_guest(fixture, 5 * VT_NS_PER_SEC);
    tick(fixture, 10);
    g_assert_cmpuint(fixture->n_steps, ==, 1);
    g_assert_cmpint(ABS(fixture->stepped_ns - 5 * VT_NS_PER_SEC), <, VT_NS_PER_MS);
}

static void
test_start_beside_an_owner(Fixture *fixture, gconstpointer data)
{
    bool has_claim = data != NULL;
    fixture->behind_ns = 500 * VT_NS_PER_MS;

    vt_pipeline_yield(fixture->pipeline, has_claim ? VT_NS_PER_SEC : 0, fixture->now);
    tick(fixture, 10);

    g_assert_cmpint(get_state(fixture), ==, VT_STATE_ASSIST);
    g_assert_cmpuint(fixture->n_steps, ==, has_claim ? 0 : 1);
    g_assert_cmpuint(fixture->n_others, ==, 0);
}

static void
test_takes_over_again(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    settle_and_yield(fixture);
    set_clock(fixture, -300 * VT_NS_PER_MS);
    tick(fixture, 5);

    vt_pipeline_take_over(fixture->pipeline, fixture->now);
    tick(fixture, 10);

    g_assert_cmpint(get_state(fixture), ==, VT_STATE_TRACKING);
    g_assert_cmpuint(fixture->n_steps, ==, 1);
    g_assert_cmpuint(fixture->n_others, >, 0);
    g_assert_cmpint(ABS(fixture->behind_ns), <, VT_NS_PER_MS);
}

static void
test_checks_come_after_one_and_five_seconds(void)
{
    VtAssist assist = { 0 };
    vt_assist_begin(&assist, 0);
    vt_assist_note_step(&assist, (VtMono){ .ns = 0 });

    g_assert_false(vt_assist_take_check(&assist, (VtMono){ .ns = VT_NS_PER_SEC - 1 }));
    g_assert_true(vt_assist_take_check(&assist, (VtMono){ .ns = VT_NS_PER_SEC }));
    g_assert_false(vt_assist_take_check(&assist, (VtMono){ .ns = 5 * VT_NS_PER_SEC - 1 }));
    g_assert_true(vt_assist_take_check(&assist, (VtMono){ .ns = 5 * VT_NS_PER_SEC }));
    g_assert_false(vt_assist_take_check(&assist, (VtMono){ .ns = 500 * VT_NS_PER_SEC }));
}

static void
add(const char *name, gconstpointer data, void (*test)(Fixture *, gconstpointer))
{
    g_autofree char *path = g_strconcat("/core/assist/", name, NULL);
    g_test_add(path, Fixture, data, set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("pause-is-stepped-and-the-rate-left-alone", NULL,
        test_pause_is_stepped_and_the_rate_left_alone);
    add("unannounced-pause-is-found", NULL, test_unannounced_pause_is_found);
    add("owner-may-set-and-slew", NULL, test_owner_may_set_and_slew);
    add("owner-that-set-the-clock-is-not-corrected", NULL,
        test_owner_that_set_the_clock_is_not_corrected);
    add("what-a-tool-put-right-is-not-stepped-again", NULL,
        test_what_a_tool_put_right_is_not_stepped_again);
    add("what-a-tool-put-half-right-is-finished", NULL,
        test_what_a_tool_put_half_right_is_finished);
    add("opinion-of-the-owner-is-kept", NULL, test_opinion_of_the_owner_is_kept);
    add("small-loss-is-the-owners", NULL, test_small_loss_is_the_owners);
    add("step-that-was-undone-is-repeated-twice-at-most", NULL,
        test_step_that_was_undone_is_repeated_twice_at_most);
    add("host-that-was-set-is-not-followed", NULL, test_host_that_was_set_is_not_followed);
    add("start-beside-an-owner-without-a-claim", NULL, test_start_beside_an_owner);
    add("start-beside-an-owner-that-claims", "claims", test_start_beside_an_owner);
    add("takes-over-again", NULL, test_takes_over_again);
    g_test_add_func("/core/assist/checks-come-after-one-and-five-seconds",
                    test_checks_come_after_one_and_five_seconds);
    return g_test_run();
}
