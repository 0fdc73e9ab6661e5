/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole agent over a simulated kernel and a host on a pseudo-terminal. */
#include "agent/agent.h"
#include "agent/tracking.h"
#include "tests/agent/linked-agent.h"
#include "tests/agent/waiting.h"

#define LINE_BYTES 256

/* GLib has one log writer for each process, so what it keeps is the process's too. */
static char last_warning[LINE_BYTES];
static char last_step[LINE_BYTES];

static void
start(LinkedAgent *fixture, bool observe_only)
{
    VtAgentParams params = {
        .places = fake_host_get_places(&fixture->host),
        .mode = observe_only ? VT_AGENT_MODE_MONITOR : VT_AGENT_MODE_AUTO,
        .tick_ns = 5 * VT_NS_PER_MS,
    };
    fixture->agent = vt_agent_new(&params, fixture->clock);
}

static void
test_right_clock_is_left_alone(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, false);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);

    VtAgentView view = vt_agent_look(fixture->agent);
    g_assert_true(view.synchronised);
    g_assert_cmpstr(view.reference, ==, "link");
    g_assert_cmpint(fixture->kernel.status & STA_UNSYNC, ==, 0);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
}

static void
test_pause_is_stepped_once_and_acknowledged(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, false);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);

    fixture->host.epoch += 1;
    fixture->host.ahead_ns = 30 * VT_NS_PER_SEC;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, 1);
    wait_for_count(&fixture->host.n_acks, 1);

    g_assert_cmpuint(fixture->host.n_acks, ==, 1);
    g_assert_cmpuint(fixture->host.ack.event.counter, ==, 1);
    g_assert_cmpint(fixture->host.ack.action, ==, VT_LINK_ACTION_STEPPED);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 1);
    g_assert_cmpint(ABS(fixture->host.ack.offset_ns - 30 * VT_NS_PER_SEC), <, VT_NS_PER_MS);
    g_assert_cmpint(ABS(fixture->host.ack.residual_ns), <, VT_NS_PER_MS);
}

/* It is no disruption, so that the journal of those has nothing of it. */
static void
test_first_step_is_told(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    last_step[0] = '\0';
    fixture->host.ahead_ns = 30 * VT_NS_PER_SEC;

    start(fixture, false);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 1);
    g_assert_true(g_str_has_prefix(last_step, "stepped clock by +30"));
    last_step[0] = '\0';

    fixture->host.epoch += 1;
    fixture->host.ahead_ns += 30 * VT_NS_PER_SEC;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, 1);
    wait_for_count(&fixture->host.n_acks, 1);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 2);
    g_assert_cmpstr(last_step, ==, ""); /* the disruption has a line of its own */
}

static void
test_notice_for_nothing_moves_nothing(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, false);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);

    fixture->host.epoch += 1;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, 1);
    wait_for_count(&fixture->host.n_acks, 1);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    g_assert_cmpint(fixture->host.ack.action, !=, VT_LINK_ACTION_STEPPED);
}

static void
test_strong_notice_is_published_before_it_is_measured(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, false);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);

    fixture->host.answers = false;
    fixture->host.epoch += 1;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, 1);
    wait_for_state(fixture->agent, VT_STATE_DISRUPTED);

    g_assert_cmpint(fixture->kernel.status & STA_UNSYNC, !=, 0);
    g_assert_cmpint(fixture->kernel.maxerror_us, ==, 16000000);
    g_assert_false(vt_agent_look(fixture->agent).synchronised);
}

static void
test_without_permission_it_measures_and_says_so(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    fixture->kernel.may_set = false;
    fixture->host.ahead_ns = 30 * VT_NS_PER_SEC;
    last_warning[0] = '\0';

    start(fixture, false);
    g_assert_cmpstr(
        last_warning, ==,
        "cannot take over the clock: Operation not permitted; the clock is measured and left as it is");
    last_warning[0] = '\0';
    wait_for_count(&fixture->host.n_requests, 5);
    wait_for_count(&fixture->host.n_reports, 1);

    VtAgentView view = vt_agent_look(fixture->agent);
    g_assert_cmpstr(last_warning, ==, ""); /* said once */
    g_assert_cmpuint(view.status.n_readings, >=, 2);
    g_assert_cmpint(ABS(view.status.offset_ns - 30 * VT_NS_PER_SEC), <, VT_NS_PER_MS);
    g_assert_false(view.can_correct);
    g_assert_false(view.synchronised);
    g_assert_cmpstr(view.problem, !=, "");
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    g_assert_cmpint(fixture->host.report.flags & VT_LINK_REPORT_CANNOT_CORRECT, !=, 0);
    g_assert_cmpint(fixture->host.report.flags & VT_LINK_REPORT_SYNCHRONISED, ==, 0);
}

static void
test_observe_moves_nothing(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    fixture->host.ahead_ns = 30 * VT_NS_PER_SEC;
    fixture->host.mode = VT_LINK_MODE_OBSERVE;

    start(fixture, false);
    wait_for_count(&fixture->host.n_requests, 8);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    g_assert_cmpuint(fixture->kernel.n_slews, ==, 0);
    g_assert_false(vt_agent_look(fixture->agent).synchronised);
}

static void
test_mode_off_does_not_even_measure(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    fixture->host.mode = VT_LINK_MODE_OFF;

    start(fixture, false);
    wait_for_count(&fixture->host.n_reports, 1);

    g_assert_cmpuint(fixture->host.n_requests, ==, 0);
}

static void
test_unsynchronised_host_is_told_on(LinkedAgent *fixture, gconstpointer data)
{
    (void)data;
    fixture->host.is_synchronised = false;

    start(fixture, false);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);

    VtAgentView view = vt_agent_look(fixture->agent);
    g_assert_false(view.updates.is_reference_synchronised);
    g_assert_false(view.synchronised);
    g_assert_cmpint(view.status.host_error_ns, <, VT_NS_PER_SEC);
    g_assert_cmpint(fixture->kernel.status & STA_UNSYNC, !=, 0);
}

static void
test_tracking_has_every_documented_key(LinkedAgent *fixture, gconstpointer data)
{
    static const char *const keys[] = {
        "role",
        "clock-owner",
        "clock-owner-pid",
        "clock-owner-told",
        "clock-setters",
        "version",
        "mode",
        "state",
        "reference",
        "reference-id",
        "has-reference",
        "stratum",
        "problem",
        "offset-ns",
        "error-ns",
        "host-error-ns",
        "rate-ppb",
        "delay-ns",
        "link",
        "readings",
        "last-disruption",
        "rejected",
        "spikes",
        "disruptions",
        "can-correct",
        "reference-synchronised",
        "synchronised",
        "rate-sigma-ppb",
        "root-distance-ns",
        "last-reading-age-ns",
        "reference-time-ns",
        "leap",
        "last-offset-ns",
        "rms-offset-ns",
        "root-delay-ns",
        "root-dispersion-ns",
        "update-interval-ns",
    };
    (void)data;
    start(fixture, false);
    wait_for_state(fixture->agent, VT_STATE_TRACKING);

    VtAgentView view = vt_agent_look(fixture->agent);
    g_autoptr(GVariant) tracking = g_variant_ref_sink(vt_tracking_to_variant(&view));

    g_assert_cmpuint(g_variant_n_children(tracking), ==, G_N_ELEMENTS(keys));
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autoptr(GVariant) value = g_variant_lookup_value(tracking, keys[i], NULL);
        g_test_message("%s", keys[i]);
        g_assert_nonnull(value);
    }
}

#define add(path, function)                                                            \
    g_test_add("/agent/agent/" path, LinkedAgent, NULL, linked_agent_set_up, function, \
               linked_agent_tear_down)

/* GLib's own writer would end the test at a warning. */
static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    (void)user_data;
    for (gsize i = 0; i < n_fields; i++) {
        if (strcmp(fields[i].key, "MESSAGE") != 0)
            continue;
        if ((level & G_LOG_LEVEL_WARNING) != 0)
            g_strlcpy(last_warning, fields[i].value, LINE_BYTES);
        if (g_str_has_prefix(fields[i].value, "stepped"))
            g_strlcpy(last_step, fields[i].value, LINE_BYTES);
    }
    return G_LOG_WRITER_HANDLED;
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(write_log, NULL, NULL);
    add("first-step-is-told", test_first_step_is_told);
    add("right-clock-is-left-alone", test_right_clock_is_left_alone);
    add("pause-is-stepped-once-and-acknowledged", test_pause_is_stepped_once_and_acknowledged);
    add("notice-for-nothing-moves-nothing", test_notice_for_nothing_moves_nothing);
    add("strong-notice-is-published-before-it-is-measured",
        test_strong_notice_is_published_before_it_is_measured);
    add("without-permission-it-measures-and-says-so",
        test_without_permission_it_measures_and_says_so);
    add("observe-moves-nothing", test_observe_moves_nothing);
    add("mode-off-does-not-even-measure", test_mode_off_does_not_even_measure);
    add("unsynchronised-host-is-told-on", test_unsynchronised_host_is_told_on);
    add("tracking-has-every-documented-key", test_tracking_has_every_documented_key);
    return g_test_run();
}
