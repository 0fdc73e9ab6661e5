/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/agent.h"
#include "agent/hints/boot-gap.h"
#include "agent/hints/clock-set.h"
#include "agent/hints/link-state.h"
#include "tests/agent/fake-host.h"

/* Only ends a test that would wait for ever. */
#define TIMEOUT_SEC 5

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    VtClock *clock;
    VtHintSource source;
    unsigned n_hints;
    VtHint hint;
} Fixture;

static void
on_hint(const VtHint *hint, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_hints += 1;
    fixture->hint = *hint;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
}

static void
set_up_clock_set(Fixture *fixture, gconstpointer data)
{
    VtClockSetPlaces places = { .kernel = &fake_kernel_set_watch,
                                .instance = &fixture->kernel };
    set_up(fixture, data);
    fixture->source = vt_hint_clock_set_new(&places, fixture->clock, on_hint, fixture, NULL);
    g_assert_nonnull(fixture->source.kind);
}

static void
set_up_boot_gap(Fixture *fixture, gconstpointer data)
{
    set_up(fixture, data);
    fixture->source = vt_hint_boot_gap_new(fixture->clock, on_hint, fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_hint_source_clear(&fixture->source);
    vt_clock_free(fixture->clock);
}

static void
turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
test_set_by_another_is_a_strong_hint(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_set_by_other(&fixture->kernel, -3600 * VT_NS_PER_SEC);
    turn();

    g_assert_cmpuint(fixture->n_hints, ==, 1);
    g_assert_cmpstr(fixture->hint.name, ==, "clock-set");
    g_assert_true(fixture->hint.is_strong);
    g_assert_true(fixture->hint.allows_backward);
}

static void
test_own_step_is_none(Fixture *fixture, gconstpointer data)
{
    (void)data;
    for (int i = 0; i < 3; i++) {
        g_assert_true(vt_clock_step(fixture->clock, 30 * VT_NS_PER_SEC, NULL));
        turn();
        fake_kernel_pass(&fixture->kernel, VT_NS_PER_SEC);
        vt_hint_source_tick(&fixture->source);
    }

    g_assert_cmpuint(fixture->n_hints, ==, 0);
}

static void
test_set_beside_an_own_step_is_seen(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_set_by_other(&fixture->kernel, 10 * VT_NS_PER_MS);
    g_assert_true(vt_clock_step(fixture->clock, 30 * VT_NS_PER_SEC, NULL));
    turn();
    g_assert_cmpuint(fixture->n_hints, ==, 1);

    g_assert_true(vt_clock_step(fixture->clock, -VT_NS_PER_SEC, NULL));
    fake_kernel_set_by_other(&fixture->kernel, -10 * VT_NS_PER_MS);
    turn();
    g_assert_cmpuint(fixture->n_hints, ==, 2);
}

static void
test_set_beside_an_own_step_is_seen_across_a_tick(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_true(vt_clock_step(fixture->clock, 30 * VT_NS_PER_SEC, NULL));
    fake_kernel_set_by_other(&fixture->kernel, 10 * VT_NS_PER_MS);
    vt_hint_source_tick(&fixture->source);
    turn();

    g_assert_cmpuint(fixture->n_hints, ==, 1);
}

static void
test_small_set_is_seen_too(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_set_by_other(&fixture->kernel, 1000);
    turn();

    g_assert_cmpuint(fixture->n_hints, ==, 1);
}

static void
test_rates_do_not_look_like_sets(Fixture *fixture, gconstpointer data)
{
    double taken_ppb;
    (void)data;
    g_assert_true(vt_clock_set_rate(fixture->clock, 400000, &taken_ppb, NULL));
    for (int i = 0; i < 3600; i++) {
        fake_kernel_pass(&fixture->kernel, VT_NS_PER_SEC);
        vt_hint_source_tick(&fixture->source);
    }
    g_assert_true(vt_clock_step(fixture->clock, VT_NS_PER_SEC, NULL));
    turn();

    g_assert_cmpuint(fixture->n_hints, ==, 0);
}

static void
test_sleep_is_a_strong_hint_once(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_pass(&fixture->kernel, VT_NS_PER_SEC);
    vt_hint_source_tick(&fixture->source);
    g_assert_cmpuint(fixture->n_hints, ==, 0);

    fake_kernel_sleep(&fixture->kernel, 60 * VT_NS_PER_SEC);
    vt_hint_source_tick(&fixture->source);
    vt_hint_source_tick(&fixture->source);

    g_assert_cmpuint(fixture->n_hints, ==, 1);
    g_assert_cmpstr(fixture->hint.name, ==, "boot-gap");
    g_assert_true(fixture->hint.is_strong);
    g_assert_true(fixture->hint.allows_backward);
}

static void
test_slow_readings_are_no_sleep(Fixture *fixture, gconstpointer data)
{
    (void)data;
    for (int i = 0; i < 10; i++) {
        fixture->kernel.read_cost_ns = i % 2 == 0 ? 0 : 5 * VT_NS_PER_MS;
        vt_hint_source_tick(&fixture->source);
    }

    g_assert_cmpuint(fixture->n_hints, ==, 0);
}

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

/* The whole agent: until it is in @state and has seen @n_disruptions. */
static void
wait_for(VtAgent *agent, VtState state, uint64_t n_disruptions)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    VtAgentView view = vt_agent_look(agent);
    while ((view.status.state != state || view.status.n_disruptions < n_disruptions) &&
           !has_timed_out) {
        g_main_context_iteration(NULL, TRUE);
        view = vt_agent_look(agent);
    }
    g_source_remove(id);
    g_assert_false(has_timed_out);
    g_assert_cmpuint(view.status.n_disruptions, ==, n_disruptions);
}

static VtNs
get_error(const FakeHost *host)
{
    VtNs passed_ns = vt_mono_diff(host->kernel->raw, host->raw_at_start);
    return vt_wall_diff(host->kernel->wall, vt_wall_add(host->wall_at_start, passed_ns));
}

static void
test_agent_puts_a_set_clock_back_either_way(Fixture *fixture, gconstpointer data)
{
    FakeHost host;
    (void)data;
    fixture->kernel.read_cost_ns = VT_NS_PER_US;
    fake_host_init(&host, &fixture->kernel);
    VtAgentParams params = {
        .places = fake_host_get_places(&host),
        .clock_set = { .kernel = &fake_kernel_set_watch, .instance = &fixture->kernel },
        /* Long enough that only the hint can be what acts. */
        .tick_ns = 60 * VT_NS_PER_SEC,
    };
    VtAgent *agent = vt_agent_new(&params, fixture->clock);
    wait_for(agent, VT_STATE_TRACKING, 0);

    fake_kernel_set_by_other(&fixture->kernel, 3600 * VT_NS_PER_SEC);
    wait_for(agent, VT_STATE_TRACKING, 1);
    g_assert_cmpint(vt_ns_abs(get_error(&host)), <, VT_NS_PER_MS);

    fake_kernel_set_by_other(&fixture->kernel, -3600 * VT_NS_PER_SEC);
    wait_for(agent, VT_STATE_TRACKING, 2);
    g_assert_cmpint(vt_ns_abs(get_error(&host)), <, VT_NS_PER_MS);
    g_assert_cmpstr(vt_agent_look(agent).last_disruption.hint_name, ==, "clock-set");
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 2);

    vt_agent_free(agent);
    fake_host_clear(&host);
}

/* Whether the host's side is there says little: what is measured then tells the rest. */
static void
test_link_that_opens_and_closes_is_a_weak_hint(Fixture *fixture, gconstpointer data)
{
    FakeHost host = { 0 };
    (void)data;
    fake_host_init(&host, &fixture->kernel);
    VtPortPlaces places = fake_host_get_places(&host);
    g_autoptr(VtLink) link = vt_link_new(&places, "org.virttime.0", fixture->clock);
    fixture->source = vt_hint_link_state_new(link, on_hint, fixture);

    vt_link_probe(link);
    while (vt_link_get_state(link) != VT_LINK_STATE_UP)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpstr(fixture->hint.name, ==, "link-up");
    g_assert_false(fixture->hint.is_strong);
    unsigned n_hints = fixture->n_hints;

    fake_host_hang_up(&host);
    vt_link_probe(link);
    g_assert_cmpint(vt_link_get_state(link), !=, VT_LINK_STATE_UP);
    g_assert_cmpuint(fixture->n_hints, >, n_hints);
    g_assert_cmpstr(fixture->hint.name, !=, "link-up");
    g_assert_false(fixture->hint.is_strong);
    vt_hint_source_clear(&fixture->source);
    fake_host_clear(&host);
}

#define add_clock_set(path, function)                                                     \
    g_test_add("/agent/hints/clock-set/" path, Fixture, NULL, set_up_clock_set, function, \
               tear_down)
#define add_boot_gap(path, function)                                                    \
    g_test_add("/agent/hints/boot-gap/" path, Fixture, NULL, set_up_boot_gap, function, \
               tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_clock_set("set-by-another-is-a-strong-hint", test_set_by_another_is_a_strong_hint);
    add_clock_set("own-step-is-none", test_own_step_is_none);
    add_clock_set("set-beside-an-own-step-is-seen", test_set_beside_an_own_step_is_seen);
    add_clock_set("set-beside-an-own-step-is-seen-across-a-tick",
                  test_set_beside_an_own_step_is_seen_across_a_tick);
    add_clock_set("small-set-is-seen-too", test_small_set_is_seen_too);
    add_clock_set("rates-do-not-look-like-sets", test_rates_do_not_look_like_sets);
    add_boot_gap("sleep-is-a-strong-hint-once", test_sleep_is_a_strong_hint_once);
    add_boot_gap("slow-readings-are-no-sleep", test_slow_readings_are_no_sleep);
    g_test_add("/agent/hints/link-that-opens-and-closes-is-a-weak-hint", Fixture, NULL, set_up,
               test_link_that_opens_and_closes_is_a_weak_hint, tear_down);
    g_test_add("/agent/hints/agent-puts-a-set-clock-back-either-way", Fixture, NULL, set_up,
               test_agent_puts_a_set_clock_back_either_way, tear_down);
    return g_test_run();
}
