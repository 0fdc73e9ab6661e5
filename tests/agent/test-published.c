/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel, and with it every program of the guest, is told in each state of the agent:
 * STA_UNSYNC and the maximum error.
 */
#include "agent/agent.h"
#include "tests/agent/linked-agent.h"
#include "tests/agent/waiting.h"

#define UNKNOWN_US 16000000

static void
start(LinkedAgent *fixture, VtNs tick_ns)
{
    VtAgentParams params = {
        .places = fake_host_get_places(&fixture->host),
        .tick_ns = tick_ns,
    };
    fixture->agent = vt_agent_new(&params, fixture->clock);
}

static bool
is_unsynchronised(const LinkedAgent *fixture)
{
    return (fixture->kernel.status & STA_UNSYNC) != 0;
}

static void
test_nothing_good_before_the_first_reading(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    /* What an earlier agent, or another daemon, has left. */
    fixture->kernel.status = 0;
    fixture->kernel.maxerror_us = 100;
    fixture->host.answers = false;
    start(fixture, 5 * VT_NS_PER_MS);
    wait_for_count(&fixture->host.n_requests, 1);

    g_assert_cmpint(vt_agent_look(fixture->agent).status.state, ==, VT_STATE_START);
    g_assert_true(is_unsynchronised(fixture));
    g_assert_cmpint(fixture->kernel.maxerror_us, ==, UNKNOWN_US);
}

static void
test_bound_while_tracking(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, 5 * VT_NS_PER_MS);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);

    VtPipelineStatus status = vt_agent_look(fixture->agent).status;
    g_assert_false(is_unsynchronised(fixture));
    g_assert_cmpint(fixture->kernel.maxerror_us, >, 0);
    /* Rounded up, and as old as one look at the clocks. */
    g_assert_cmpint(fixture->kernel.maxerror_us, <=, status.error_ns / VT_NS_PER_US + 1);
}

static void
test_bound_grows_in_holdover(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, 5 * VT_NS_PER_MS);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);
    long tracking_us = fixture->kernel.maxerror_us;

    fixture->host.answers = false;
    fake_kernel_pass(&fixture->kernel, 600 * VT_NS_PER_SEC);
    wait_for_state(fixture->agent, VT_STATE_HOLDOVER);

    g_assert_false(is_unsynchronised(fixture));
    g_assert_cmpint(fixture->kernel.maxerror_us, >, tracking_us);
    g_assert_cmpint(fixture->kernel.maxerror_us, <, UNKNOWN_US);
}

static void
test_nothing_good_while_disrupted(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, 5 * VT_NS_PER_MS);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);

    fixture->host.answers = false;
    fixture->host.epoch += 1;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, 1);
    wait_for_state(fixture->agent, VT_STATE_DISRUPTED);
    g_assert_true(is_unsynchronised(fixture));
    g_assert_cmpint(fixture->kernel.maxerror_us, ==, UNKNOWN_US);

    fixture->host.answers = true;
    wait_for_state(fixture->agent, VT_STATE_TRACKING);
    g_assert_false(is_unsynchronised(fixture));
    g_assert_cmpint(fixture->kernel.maxerror_us, <, UNKNOWN_US);
}

static void
test_bound_comes_back_after_a_step(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, 5 * VT_NS_PER_MS);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);

    fixture->host.epoch += 1;
    fixture->host.ahead_ns = 30 * VT_NS_PER_SEC;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, 1);
    wait_for_count(&fixture->host.n_acks, 1);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 1);
    g_assert_false(is_unsynchronised(fixture));
    g_assert_cmpint(fixture->kernel.maxerror_us, <, UNKNOWN_US);
}

/* An unsure moment is no news to those who only ask whether the clock is synchronised. */
static void
test_weak_hint_takes_the_bound_and_not_the_state(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, 60 * VT_NS_PER_SEC);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);
    unsigned n_requests = fixture->host.n_requests;

    fixture->host.answers = false;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_OPERATOR, 1);
    wait_for_count(&fixture->host.n_requests, n_requests + 1);

    g_assert_cmpint(vt_agent_look(fixture->agent).status.state, ==, VT_STATE_TRACKING);
    g_assert_false(is_unsynchronised(fixture));
    g_assert_cmpint(fixture->kernel.maxerror_us, ==, UNKNOWN_US);
    g_assert_cmpuint(fixture->host.n_acks, ==, 0);
}

static void
test_answered_weak_hint_gives_the_bound_back(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, 60 * VT_NS_PER_SEC);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);
    while (g_main_context_iteration(NULL, FALSE))
        continue; /* the report of that state is on its way */
    unsigned n_reports = fixture->host.n_reports;

    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_OPERATOR, 1);
    wait_for_count(&fixture->host.n_acks, 1);

    g_assert_false(is_unsynchronised(fixture));
    g_assert_cmpint(fixture->kernel.maxerror_us, <, UNKNOWN_US);
    g_assert_cmpuint(fixture->host.n_reports, ==, n_reports);
    g_assert_cmpuint(vt_agent_look(fixture->agent).status.n_disruptions, ==, 0);
}

static void
test_weak_hint_that_nothing_answers_counts(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    /* No tick comes: it is the doubt's own timer that wakes the agent. */
    start(fixture, 60 * VT_NS_PER_SEC);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);
    unsigned n_requests = fixture->host.n_requests;

    fixture->host.answers = false;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_OPERATOR, 1);
    wait_for_count(&fixture->host.n_requests, n_requests + 1);
    fake_kernel_pass(&fixture->kernel, VT_PIPELINE_DOUBT_NS);
    wait_for_state(fixture->agent, VT_STATE_HOLDOVER);
    g_assert_true(is_unsynchronised(fixture));
    g_assert_cmpint(fixture->kernel.maxerror_us, ==, UNKNOWN_US);
    g_assert_false(vt_agent_look(fixture->agent).synchronised);
    g_assert_cmpuint(vt_agent_look(fixture->agent).status.n_disruptions, ==, 0);

    fixture->host.answers = true;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_OPERATOR, 2);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);
    g_assert_false(is_unsynchronised(fixture));
}

static void
test_unsynchronised_host_gives_no_bound(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    fixture->host.is_synchronised = false;
    start(fixture, 5 * VT_NS_PER_MS);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);

    g_assert_true(is_unsynchronised(fixture));
    g_assert_cmpint(fixture->kernel.maxerror_us, ==, UNKNOWN_US);
}

static void
test_bound_follows_what_the_host_has_come_to_be(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, 5 * VT_NS_PER_MS);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);
    g_assert_false(is_unsynchronised(fixture));

    fixture->host.is_synchronised = false;
    wait_for_count(&fixture->host.n_requests, fixture->host.n_requests + 2);
    g_assert_true(is_unsynchronised(fixture));
    g_assert_cmpint(fixture->kernel.maxerror_us, ==, UNKNOWN_US);
}

static void
test_observe_promises_nothing(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    fixture->host.mode = VT_LINK_MODE_OBSERVE;
    start(fixture, 5 * VT_NS_PER_MS);
    wait_for_count(&fixture->host.n_requests, 4);

    g_assert_true(is_unsynchronised(fixture));
    g_assert_cmpint(fixture->kernel.maxerror_us, ==, UNKNOWN_US);
}

static void
test_mode_that_ends_takes_the_promise_back(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, 5 * VT_NS_PER_MS);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);
    unsigned n_reports = fixture->host.n_reports;

    fixture->host.mode = VT_LINK_MODE_OFF;
    fake_host_send_hello(&fixture->host);
    wait_for_count(&fixture->host.n_reports, n_reports + 1);

    g_assert_true(is_unsynchronised(fixture));
    g_assert_cmpint(fixture->kernel.maxerror_us, ==, UNKNOWN_US);
}

static void
test_end_takes_the_promise_back(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, 5 * VT_NS_PER_MS);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);

    g_clear_pointer(&fixture->agent, vt_agent_free);

    g_assert_true(is_unsynchronised(fixture));
    g_assert_cmpint(fixture->kernel.maxerror_us, ==, UNKNOWN_US);
}

static void
test_clock_of_another_is_not_spoken_for(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    fixture->kernel.may_set = false;
    fixture->kernel.status = 0;
    fixture->kernel.maxerror_us = 4711;
    start(fixture, 5 * VT_NS_PER_MS);
    wait_for_count(&fixture->host.n_requests, 3);
    g_clear_pointer(&fixture->agent, vt_agent_free);

    g_assert_cmpint(fixture->kernel.status, ==, 0);
    g_assert_cmpint(fixture->kernel.maxerror_us, ==, 4711);
}

#define add(path, function)                                                                \
    g_test_add("/agent/published/" path, LinkedAgent, NULL, linked_agent_set_up, function, \
               linked_agent_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FLAG_FATAL);
    add("nothing-good-before-the-first-reading", test_nothing_good_before_the_first_reading);
    add("bound-while-tracking", test_bound_while_tracking);
    add("bound-grows-in-holdover", test_bound_grows_in_holdover);
    add("nothing-good-while-disrupted", test_nothing_good_while_disrupted);
    add("bound-comes-back-after-a-step", test_bound_comes_back_after_a_step);
    add("weak-hint-takes-the-bound-and-not-the-state",
        test_weak_hint_takes_the_bound_and_not_the_state);
    add("answered-weak-hint-gives-the-bound-back",
        test_answered_weak_hint_gives_the_bound_back);
    add("weak-hint-that-nothing-answers-counts", test_weak_hint_that_nothing_answers_counts);
    add("unsynchronised-host-gives-no-bound", test_unsynchronised_host_gives_no_bound);
    add("bound-follows-what-the-host-has-come-to-be",
        test_bound_follows_what_the_host_has_come_to_be);
    add("observe-promises-nothing", test_observe_promises_nothing);
    add("mode-that-ends-takes-the-promise-back", test_mode_that_ends_takes_the_promise_back);
    add("end-takes-the-promise-back", test_end_takes_the_promise_back);
    add("clock-of-another-is-not-spoken-for", test_clock_of_another_is_not_spoken_for);
    return g_test_run();
}
