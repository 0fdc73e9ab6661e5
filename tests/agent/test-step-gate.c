/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "agent/chrony-helper.h"
#include "agent/step-gate.h"
#include "proto/chrony-command.h"
#include "tests/agent/fake-chrony.h"
#include "tests/os/fake-kernel.h"

#define TIMEOUT_SEC 5

/* In units of the kernel: 8 %. */
#define SLEWING_TICK_US 10800

typedef struct {
    FakeKernel kernel;
    FakeChrony chrony;
    VtClock *clock;
    VtChronyHelper *helper;
    VtStepGate *gate;
    unsigned n_opened;
} Fixture;

static void
on_open(void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_opened++;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_init(&fixture->kernel, (VtWall){ .ns = VT_NS_PER_SEC });
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fake_chrony_init(&fixture->chrony);
    fixture->gate = vt_step_gate_new(fixture->clock, on_open, fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_step_gate_free(fixture->gate);
    vt_chrony_helper_free(fixture->helper);
    fake_chrony_clear(&fixture->chrony);
    vt_clock_free(fixture->clock);
}

static void
start_helper(Fixture *fixture)
{
    VtChronyHelperParams params = {
        .listen_fd = fake_chrony_listen_for_helper(&fixture->chrony),
        .group = getgid(),
        .chronyd_path = fixture->chrony.path,
    };
    fixture->helper = vt_chrony_helper_new(&params);
    vt_step_gate_set_helper(fixture->gate, fixture->chrony.helper_path);
}

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

static void
wait_for_opening(Fixture *fixture)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (fixture->n_opened == 0 && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_cmpuint(fixture->n_opened, ==, 1);
}

static void
wait_for_commands(Fixture *fixture, gint wanted)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (g_atomic_int_get(&fixture->chrony.n_commands) < wanted && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_cmpint(fixture->chrony.n_commands, ==, wanted);
}

/* chronyd's answer has come; with a rate that holds the gate opens then. */
static void
wait_for_telling(Fixture *fixture)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (!g_str_equal(vt_step_gate_describe(fixture->gate), "yes") && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_false(has_timed_out);
}

/* All of what is under way, and some of the time that it may take. */
static void
look_around(void)
{
    for (int i = 0; i < 20; i++)
        g_main_context_iteration(NULL, FALSE);
}

static void
test_without_chronyd_nothing_is_held_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_true(vt_step_gate_may_pass(fixture->gate, 0, true));
    vt_step_gate_note_step(fixture->gate);
    g_assert_cmpstr(vt_step_gate_describe(fixture->gate), ==, "");
}

static void
test_chronyd_forgets_before_and_measures_after(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_helper(fixture);
    g_assert_cmpstr(vt_step_gate_describe(fixture->gate), ==, "not yet");

    g_assert_false(vt_step_gate_may_pass(fixture->gate, 0, true));
    wait_for_opening(fixture);
    g_assert_cmpint(fixture->chrony.n_commands, ==, 1);
    g_assert_true(vt_step_gate_may_pass(fixture->gate, 0, true));
    vt_step_gate_note_step(fixture->gate);
    wait_for_commands(fixture, 2);
    look_around();

    g_assert_cmpuint(fixture->chrony.commands[0], ==, VT_CHRONY_RESET_SOURCES);
    g_assert_cmpuint(fixture->chrony.commands[1], ==, VT_CHRONY_BURST);
    g_assert_cmpstr(vt_step_gate_describe(fixture->gate), ==, "yes");
}

static void
test_next_step_is_told_again(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_helper(fixture);
    for (unsigned i = 1; i <= 2; i++) {
        fixture->n_opened = 0;
        g_assert_false(vt_step_gate_may_pass(fixture->gate, 0, true));
        wait_for_opening(fixture);
        vt_step_gate_note_step(fixture->gate);
        wait_for_commands(fixture, (gint)(2 * i));
    }
}

static void
test_fast_slew_is_finished_first(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_helper(fixture);
    fixture->kernel.tick_us = SLEWING_TICK_US;

    g_assert_false(vt_step_gate_may_pass(fixture->gate, 0, true));
    wait_for_commands(fixture, 2);
    g_assert_cmpuint(fixture->n_opened, ==, 0);
    fixture->kernel.tick_us = 10000;
    wait_for_opening(fixture);

    g_assert_cmpuint(fixture->chrony.commands[0], ==, VT_CHRONY_RESET_SOURCES);
    g_assert_cmpuint(fixture->chrony.commands[1], ==, VT_CHRONY_MAKESTEP);
}

static void
test_slew_without_end_holds_nothing_up_for_long(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_helper(fixture);
    fixture->kernel.tick_us = SLEWING_TICK_US;
    int64_t begun_us = g_get_monotonic_time();

    g_assert_false(vt_step_gate_may_pass(fixture->gate, 0, true));
    wait_for_opening(fixture);

    g_assert_cmpint(g_get_monotonic_time() - begun_us, >, 100000);
}

static void
test_without_helper_the_step_is_made_all_the_same(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_step_gate_set_helper(fixture->gate, fixture->chrony.helper_path);

    g_assert_false(vt_step_gate_may_pass(fixture->gate, 0, true));
    wait_for_opening(fixture);

    g_assert_true(vt_step_gate_may_pass(fixture->gate, 0, true));
    g_assert_true(
        g_str_has_prefix(vt_step_gate_describe(fixture->gate), "no: cannot reach virt-time-"));
}

static void
test_silent_chronyd_holds_nothing_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->chrony.status = -1;
    start_helper(fixture);

    g_assert_false(vt_step_gate_may_pass(fixture->gate, 0, true));
    wait_for_opening(fixture);

    g_assert_true(vt_step_gate_may_pass(fixture->gate, 0, true));
}

/* While the clock is measured; whoever then wants to step finds the gate open. */
static void
test_likely_step_is_prepared(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_helper(fixture);

    vt_step_gate_prepare(fixture->gate, 0, true);
    wait_for_commands(fixture, 1);
    g_assert_cmpuint(fixture->chrony.commands[0], ==, VT_CHRONY_RESET_SOURCES);
    wait_for_telling(fixture);

    g_assert_true(vt_step_gate_may_pass(fixture->gate, 0, true));
    g_assert_cmpuint(fixture->n_opened, ==, 0); /* nobody was waiting */
    vt_step_gate_note_step(fixture->gate);
    wait_for_commands(fixture, 2);
    g_assert_cmpuint(fixture->chrony.commands[1], ==, VT_CHRONY_BURST);
}

static void
test_step_that_is_not_wanted_any_more_ends_in_a_burst(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start_helper(fixture);
    g_assert_false(vt_step_gate_may_pass(fixture->gate, 0, true));
    wait_for_opening(fixture);

    vt_step_gate_on_tick(fixture->gate);
    vt_step_gate_on_tick(fixture->gate);
    wait_for_commands(fixture, 2);

    g_assert_cmpuint(fixture->chrony.commands[1], ==, VT_CHRONY_BURST);
    g_assert_false(vt_step_gate_may_pass(fixture->gate, 0, true));
}

static void
add(const char *name, void (*test)(Fixture *, gconstpointer))
{
    g_autofree char *path = g_strconcat("/agent/step-gate/", name, NULL);
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("without-chronyd-nothing-is-held-up", test_without_chronyd_nothing_is_held_up);
    add("chronyd-forgets-before-and-measures-after",
        test_chronyd_forgets_before_and_measures_after);
    add("next-step-is-told-again", test_next_step_is_told_again);
    add("fast-slew-is-finished-first", test_fast_slew_is_finished_first);
    add("slew-without-end-holds-nothing-up-for-long",
        test_slew_without_end_holds_nothing_up_for_long);
    add("without-helper-the-step-is-made-all-the-same",
        test_without_helper_the_step_is_made_all_the_same);
    add("silent-chronyd-holds-nothing-up", test_silent_chronyd_holds_nothing_up);
    add("likely-step-is-prepared", test_likely_step_is_prepared);
    add("step-that-is-not-wanted-any-more-ends-in-a-burst",
        test_step_that_is_not_wanted_any_more_ends_in_a_burst);
    return g_test_run();
}
