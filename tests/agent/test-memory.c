/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole agent over restarts: what it remembers. */
#include <glib/gstdio.h>

#include "agent/agent.h"
#include "agent/tracking.h"
#include "tests/agent/fake-host.h"
#include "tests/agent/waiting.h"

/* Only ends a test that would wait for ever. */
#define TIMEOUT_SEC 5

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    FakeHost host;
    VtClock *clock;
    char *folder;
    char *machine_path;
    char *other_machine_path;
    VtAgentMemory *memory;
    VtAgent *agent;
} Fixture;

static VtAgentMemory *
remember(const char *folder, const char *machine_path)
{
    VtAgentMemoryPlaces places = {
        .folder = folder,
        .identity = { .machine_path = machine_path, .vm_path = "", .boot_path = "" },
    };
    return vt_agent_memory_new(&places);
}

static void
start(Fixture *fixture)
{
    fixture->memory = remember(fixture->folder, fixture->machine_path);
    VtAgentParams params = {
        .places = fake_host_get_places(&fixture->host),
        .tick_ns = 5 * VT_NS_PER_MS,
        .memory = fixture->memory,
    };
    fixture->agent = vt_agent_new(&params, fixture->clock);
}

static void
stop(Fixture *fixture)
{
    g_clear_pointer(&fixture->agent, vt_agent_free);
    g_clear_pointer(&fixture->memory, vt_agent_memory_free);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->kernel.read_cost_ns = VT_NS_PER_US;
    fake_host_init(&fixture->host, &fixture->kernel);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->folder = g_build_filename(fixture->host.folder, "state", NULL);
    fixture->machine_path = g_build_filename(fixture->host.folder, "machine-id", NULL);
    fixture->other_machine_path = g_build_filename(fixture->host.folder, "other-id", NULL);
    g_assert_true(g_file_set_contents(fixture->machine_path, "aa\n", -1, NULL));
    g_assert_true(g_file_set_contents(fixture->other_machine_path, "bb\n", -1, NULL));
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    stop(fixture);
    vt_clock_free(fixture->clock);
    fake_host_clear(&fixture->host);
    g_free(fixture->folder);
    g_free(fixture->machine_path);
    g_free(fixture->other_machine_path);
}

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

static void
wait_for_mode(Fixture *fixture, uint8_t mode)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (vt_agent_memory_get_mode(fixture->memory) != mode && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_cmpint(vt_agent_memory_get_mode(fixture->memory), ==, mode);
}

static void
wait_for_tracking(Fixture *fixture)
{
    wait_for_state(fixture->agent, VT_STATE_TRACKING);
}

static void
disrupt(Fixture *fixture, uint64_t counter)
{
    fixture->host.epoch += 1;
    fixture->host.ahead_ns += 30 * VT_NS_PER_SEC;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, counter);
    wait_for_count(&fixture->host.n_acks, fixture->host.n_acks + 1);
}

static void
test_disruptions_survive_a_restart(Fixture *fixture, gconstpointer data)
{
    const char *cause = NULL;
    (void)data;
    start(fixture);
    wait_for_tracking(fixture);
    disrupt(fixture, 1);
    disrupt(fixture, 2);
    stop(fixture);

    start(fixture);

    VtAgentView view = vt_agent_look(fixture->agent);
    g_autoptr(GVariant) tracking = g_variant_ref_sink(vt_tracking_to_variant(&view));
    g_autoptr(GVariant) last =
        g_variant_lookup_value(tracking, "last-disruption", G_VARIANT_TYPE_VARDICT);
    g_autoptr(GVariant) journal =
        g_variant_ref_sink(vt_agent_memory_get_journal(fixture->memory, 10));
    g_assert_cmpuint(view.status.n_disruptions, ==, 2);
    g_assert_true(g_variant_lookup(last, "cause", "&s", &cause));
    g_assert_cmpstr(cause, ==, "resumed");
    g_assert_cmpuint(g_variant_n_children(journal), ==, 2);
}

static void
test_count_goes_on_after_a_restart(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture);
    wait_for_tracking(fixture);
    disrupt(fixture, 1);
    stop(fixture);

    start(fixture);
    wait_for_tracking(fixture);
    disrupt(fixture, 2);

    g_assert_cmpuint(vt_agent_look(fixture->agent).status.n_disruptions, ==, 2);
    g_assert_cmpuint(vt_agent_journal_get_number(vt_agent_memory_get_last(fixture->memory)), ==,
                     2);
}

static void
test_mode_is_held_until_the_host_speaks(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->host.mode = VT_LINK_MODE_OFF;
    start(fixture);
    wait_for_mode(fixture, VT_LINK_MODE_OFF);
    stop(fixture);

    start(fixture);
    g_assert_cmpint(vt_agent_look(fixture->agent).mode, ==, VT_LINK_MODE_OFF);

    fixture->host.mode = VT_LINK_MODE_FULL;
    wait_for_mode(fixture, VT_LINK_MODE_FULL);
    g_assert_cmpint(vt_agent_look(fixture->agent).mode, ==, VT_LINK_MODE_FULL);
}

static void
test_mode_change_takes_effect_within_the_session(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture);
    wait_for_tracking(fixture);
    uint64_t own_nonce = fixture->host.session.peer_nonce;

    fixture->host.mode = VT_LINK_MODE_OBSERVE;
    fake_host_send_hello(&fixture->host);
    wait_for_mode(fixture, VT_LINK_MODE_OBSERVE);

    VtAgentView view = vt_agent_look(fixture->agent);
    g_assert_cmpint(view.link_state, ==, VT_LINK_STATE_UP);
    g_assert_cmpint(view.mode, ==, VT_LINK_MODE_OBSERVE);
    g_assert_false(view.synchronised);
    g_assert_cmpuint(fixture->host.session.peer_nonce, ==, own_nonce);
    g_assert_cmpint(fixture->kernel.status & STA_UNSYNC, !=, 0);
    disrupt(fixture, 1);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    g_assert_cmpint(fixture->host.ack.action, ==, VT_LINK_ACTION_OBSERVED);
}

static void
test_learnt_rate_is_the_next_start(Fixture *fixture, gconstpointer data)
{
    VtPipelineStatus status = {
        .state = VT_STATE_TRACKING,
        .rate_ppb = 4321,
        .rate_sigma_ppb = 50,
    };
    VtPipelineParams params = vt_pipeline_params_default();
    VtPipelineParams untouched = params;
    (void)data;
    fixture->memory = remember(fixture->folder, fixture->machine_path);
    vt_agent_memory_on_tick(fixture->memory, &status);
    stop(fixture);

    fixture->memory = remember(fixture->folder, fixture->machine_path);
    vt_agent_memory_get_rate(fixture->memory, &params);
    g_assert_cmpfloat(params.initial_rate_ppb, ==, 4321);
    g_assert_cmpfloat(params.initial_rate_sigma_ppb, <, untouched.initial_rate_sigma_ppb);
    stop(fixture);

    fixture->memory = remember(fixture->folder, fixture->other_machine_path);
    vt_agent_memory_get_rate(fixture->memory, &untouched);
    g_assert_cmpfloat(untouched.initial_rate_ppb, ==, 0);
}

static void
test_rate_that_nobody_knows_is_not_kept(Fixture *fixture, gconstpointer data)
{
    VtPipelineStatus rows[] = {
        { .state = VT_STATE_DISRUPTED, .rate_ppb = 4321, .rate_sigma_ppb = 50 },
        { .state = VT_STATE_TRACKING, .rate_ppb = 4321, .rate_sigma_ppb = 400000 },
    };
    VtPipelineParams params = vt_pipeline_params_default();
    (void)data;
    fixture->memory = remember(fixture->folder, fixture->machine_path);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        vt_agent_memory_on_tick(fixture->memory, &rows[i]);
    stop(fixture);

    fixture->memory = remember(fixture->folder, fixture->machine_path);
    vt_agent_memory_get_rate(fixture->memory, &params);

    g_assert_cmpfloat(params.initial_rate_ppb, ==, 0);
}

static void
test_rate_is_saved_while_it_runs(Fixture *fixture, gconstpointer data)
{
    VtPipelineStatus status = { .state = VT_STATE_TRACKING, .rate_ppb = 4321 };
    g_autofree char *path = g_build_filename(fixture->folder, "state", NULL);
    (void)data;
    fixture->memory = remember(fixture->folder, fixture->machine_path);

    for (int i = 0; i <= 300; i++)
        vt_agent_memory_on_tick(fixture->memory, &status);
    while (!g_file_test(path, G_FILE_TEST_EXISTS))
        g_main_context_iteration(NULL, FALSE);
}

#define add(path, function) \
    g_test_add("/agent/memory/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("disruptions-survive-a-restart", test_disruptions_survive_a_restart);
    add("count-goes-on-after-a-restart", test_count_goes_on_after_a_restart);
    add("mode-is-held-until-the-host-speaks", test_mode_is_held_until_the_host_speaks);
    add("mode-change-takes-effect-within-the-session",
        test_mode_change_takes_effect_within_the_session);
    add("learnt-rate-is-the-next-start", test_learnt_rate_is_the_next_start);
    add("rate-that-nobody-knows-is-not-kept", test_rate_that_nobody_knows_is_not_kept);
    add("rate-is-saved-while-it-runs", test_rate_is_saved_while_it_runs);
    return g_test_run();
}
