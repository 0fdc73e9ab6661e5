/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "hostd/host-watch.h"
#include "tests/hostd/fake-chronyd.h"
#include "tests/os/fake-kernel.h"

#define MOST_EVENTS 8

static const VtWall wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    VtClock *clock;
    VtHostWatch *watch;
    unsigned n_events;
    VtHostEvent events[MOST_EVENTS];
    unsigned n_released;
    VtHostEvent released;
    bool was_good_at_event; /* as told by on_judged before the last event */
    bool is_good;
} Fixture;

static void
on_judged(const VtHostClock *host, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->is_good = host->is_synchronised;
}

static void
on_event(const VtHostEvent *event, void *user_data)
{
    Fixture *fixture = user_data;
    g_assert_cmpuint(fixture->n_events, <, MOST_EVENTS);
    fixture->events[fixture->n_events] = *event;
    fixture->n_events += 1;
    fixture->was_good_at_event = fixture->is_good;
}

static void
on_released(const VtHostEvent *event, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_released += 1;
    fixture->released = *event;
}

static const VtHostWatchListener listener = {
    .on_judged = on_judged,
    .on_event = on_event,
    .on_released = on_released,
};

static void
set_error(Fixture *fixture, VtNs error_ns)
{
    fixture->kernel.maxerror_us = (long)(error_ns / VT_NS_PER_US);
}

static void
start(Fixture *fixture, VtHostClockTrust trust)
{
    VtHostWatchParams params = {
        .trust = trust,
        .clock_set = { .kernel = &fake_kernel_set_watch, .instance = &fixture->kernel },
    };
    fixture->watch = vt_host_watch_new(&params, fixture->clock, &listener, fixture);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_init(&fixture->kernel, wall);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_host_watch_free(fixture->watch);
    vt_clock_free(fixture->clock);
}

static void
turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

/* Somebody sets the clock as the kernel has it: what was known of its error is void. */
static void
step(Fixture *fixture, VtNs offset_ns)
{
    set_error(fixture, VT_CLOCK_UNKNOWN_ERROR_NS);
    fake_kernel_set_by_other(&fixture->kernel, offset_ns);
    turn();
}

static void
tick(Fixture *fixture)
{
    fake_kernel_pass(&fixture->kernel, VT_NS_PER_SEC);
    vt_host_watch_tick(fixture->watch);
}

static void
test_is_judged_from_the_start(Fixture *fixture, gconstpointer data)
{
    (void)data;
    set_error(fixture, VT_NS_PER_MS);
    start(fixture, VT_HOST_CLOCK_AUTO);

    g_assert_true(vt_host_watch_get_clock(fixture->watch)->is_synchronised);
    tick(fixture);
    g_assert_cmpuint(fixture->n_events, ==, 0);
}

static void
test_that_it_came_to_be_good_is_told_once(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, VT_HOST_CLOCK_AUTO);
    tick(fixture);
    g_assert_cmpuint(fixture->n_events, ==, 0);

    set_error(fixture, VT_NS_PER_MS);
    tick(fixture);
    tick(fixture);

    g_assert_cmpuint(fixture->n_events, ==, 1);
    g_assert_cmpint(fixture->events[0].cause, ==, VT_LINK_CAUSE_HOST_SYNCHRONISED);
    g_assert_true(fixture->was_good_at_event);
}

static void
test_that_it_lost_its_source_is_judged_and_no_event(Fixture *fixture, gconstpointer data)
{
    (void)data;
    set_error(fixture, VT_NS_PER_MS);
    start(fixture, VT_HOST_CLOCK_AUTO);

    set_error(fixture, VT_CLOCK_UNKNOWN_ERROR_NS);
    tick(fixture);

    g_assert_cmpuint(fixture->n_events, ==, 0);
    g_assert_false(vt_host_watch_get_clock(fixture->watch)->is_synchronised);
}

static void
test_step_is_held_until_the_clock_is_good_again(Fixture *fixture, gconstpointer data)
{
    (void)data;
    set_error(fixture, VT_NS_PER_MS);
    start(fixture, VT_HOST_CLOCK_AUTO);

    step(fixture, -3 * VT_NS_PER_SEC);
    g_assert_cmpuint(fixture->n_events, ==, 1);
    g_assert_cmpint(fixture->events[0].cause, ==, VT_LINK_CAUSE_HOST_CLOCK_STEPPED);
    g_assert_cmpint(fixture->events[0].span_ns, ==, -3 * VT_NS_PER_SEC);
    g_assert_true(fixture->events[0].is_held);
    g_assert_false(fixture->was_good_at_event);
    tick(fixture);
    g_assert_cmpuint(fixture->n_released, ==, 0);

    set_error(fixture, VT_NS_PER_MS);
    tick(fixture);
    tick(fixture);

    g_assert_cmpuint(fixture->n_released, ==, 1);
    g_assert_cmpint(fixture->released.cause, ==, VT_LINK_CAUSE_HOST_CLOCK_STEPPED);
    g_assert_false(fixture->released.is_held);
    g_assert_cmpuint(fixture->n_events, ==, 1);
}

static void
test_step_is_not_held_for_ever(Fixture *fixture, gconstpointer data)
{
    (void)data;
    set_error(fixture, VT_NS_PER_MS);
    start(fixture, VT_HOST_CLOCK_AUTO);

    step(fixture, VT_NS_PER_SEC);
    for (int i = 0; i < 40; i++)
        tick(fixture);
    step(fixture, VT_NS_PER_SEC);
    g_assert_cmpuint(fixture->n_released, ==, 0);
    for (int i = 0; i < 25; i++)
        tick(fixture);

    g_assert_cmpuint(fixture->n_released, ==, 1);
    g_assert_false(vt_host_watch_get_clock(fixture->watch)->is_synchronised);
}

static void
test_step_that_leaves_it_good_is_told_at_once(Fixture *fixture, gconstpointer data)
{
    (void)data;
    set_error(fixture, VT_NS_PER_MS);
    start(fixture, VT_HOST_CLOCK_AUTO);

    fake_kernel_set_by_other(&fixture->kernel, VT_NS_PER_SEC);
    turn();

    g_assert_cmpuint(fixture->n_events, ==, 1);
    g_assert_false(fixture->events[0].is_held);
}

static void
test_step_of_a_trusted_clock_is_told_at_once(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, VT_HOST_CLOCK_TRUSTED);

    step(fixture, VT_NS_PER_SEC);
    tick(fixture);

    g_assert_cmpuint(fixture->n_events, ==, 1);
    g_assert_false(fixture->events[0].is_held);
    g_assert_cmpuint(fixture->n_released, ==, 0);
}

static void
test_new_trust_is_in_force_at_the_next_tick(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, VT_HOST_CLOCK_UNSYNCHRONISED);
    g_assert_false(vt_host_watch_get_clock(fixture->watch)->is_synchronised);

    vt_host_watch_set_trust(fixture->watch, VT_HOST_CLOCK_TRUSTED);
    tick(fixture);

    g_assert_true(vt_host_watch_get_clock(fixture->watch)->is_synchronised);
}

static void
test_step_of_a_clock_that_never_was_good_is_told_at_once(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture, VT_HOST_CLOCK_AUTO);

    step(fixture, VT_NS_PER_SEC);

    g_assert_cmpuint(fixture->n_events, ==, 1);
    g_assert_cmpint(fixture->events[0].cause, ==, VT_LINK_CAUSE_HOST_CLOCK_STEPPED);
    g_assert_false(fixture->events[0].is_held);
}

static void
test_set_by_nothing_is_no_event(Fixture *fixture, gconstpointer data)
{
    (void)data;
    set_error(fixture, VT_NS_PER_MS);
    start(fixture, VT_HOST_CLOCK_AUTO);

    fake_kernel_set_by_other(&fixture->kernel, 1000);
    turn();

    g_assert_cmpuint(fixture->n_events, ==, 0);
}

static void
test_sleep_is_told_at_once_and_is_no_step(Fixture *fixture, gconstpointer data)
{
    (void)data;
    set_error(fixture, VT_NS_PER_MS);
    start(fixture, VT_HOST_CLOCK_AUTO);

    fake_kernel_sleep(&fixture->kernel, 3600 * VT_NS_PER_SEC);
    turn();
    tick(fixture);

    g_assert_cmpuint(fixture->n_events, ==, 1);
    g_assert_cmpint(fixture->events[0].cause, ==, VT_LINK_CAUSE_HOST_WOKE);
    g_assert_cmpint(fixture->events[0].span_ns, ==, 3600 * VT_NS_PER_SEC);
    g_assert_false(fixture->events[0].is_held);
}

static void
test_sleep_is_seen_without_anyone_telling(Fixture *fixture, gconstpointer data)
{
    VtHostWatchParams params = { .trust = VT_HOST_CLOCK_TRUSTED };
    (void)data;
    fixture->watch = vt_host_watch_new(&params, fixture->clock, &listener, fixture);

    fake_kernel_sleep(&fixture->kernel, 60 * VT_NS_PER_SEC);
    tick(fixture);

    g_assert_cmpuint(fixture->n_events, ==, 1);
    g_assert_cmpint(fixture->events[0].cause, ==, VT_LINK_CAUSE_HOST_WOKE);
}

#define add(path, function) \
    g_test_add("/hostd/host-watch/" path, Fixture, NULL, set_up, function, tear_down)

/* What chronyd says, and who set the clock, is judged together. */
static void
test_chronyd_is_believed_about_its_own_clock(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_autofree char *folder = g_dir_make_tmp("vt-host-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "chronyd.sock", NULL);
    uint32_t wall_sec = (uint32_t)(wall.ns / VT_NS_PER_SEC);
    VtChronyPlaces places = { .socket_path = path };
    VtHostWatchParams params = {
        .trust = VT_HOST_CLOCK_AUTO,
        .chrony = &places,
        .clock_set = { .kernel = &fake_kernel_set_watch, .instance = &fixture->kernel },
    };
    g_auto(VtFd) chronyd = fake_chronyd_listen(path);

    /* Without rtcsync the kernel knows of no error bound; chronyd does. */
    set_error(fixture, VT_CLOCK_UNKNOWN_ERROR_NS);
    fixture->watch = vt_host_watch_new(&params, fixture->clock, &listener, fixture);
    g_assert_false(vt_host_watch_get_clock(fixture->watch)->is_synchronised);
    fake_chronyd_reply(chronyd, 3, wall_sec);
    turn();
    tick(fixture);
    g_assert_true(vt_host_watch_get_clock(fixture->watch)->is_synchronised);
    g_assert_cmpint(vt_host_watch_get_clock(fixture->watch)->stratum, ==, 3);

    /* Set by somebody else: chronyd does not know of it before it has measured again. */
    fake_chronyd_reply(chronyd, 3, wall_sec);
    step(fixture, VT_NS_PER_SEC);
    g_assert_false(vt_host_watch_get_clock(fixture->watch)->is_synchronised);
    tick(fixture);
    fake_chronyd_reply(chronyd, 3, wall_sec + 60);
    turn();
    tick(fixture);
    g_assert_true(vt_host_watch_get_clock(fixture->watch)->is_synchronised);

    g_clear_pointer(&fixture->watch, vt_host_watch_free);
    g_unlink(path);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("is-judged-from-the-start", test_is_judged_from_the_start);
    add("that-it-came-to-be-good-is-told-once", test_that_it_came_to_be_good_is_told_once);
    add("that-it-lost-its-source-is-judged-and-no-event",
        test_that_it_lost_its_source_is_judged_and_no_event);
    add("step-is-held-until-the-clock-is-good-again",
        test_step_is_held_until_the_clock_is_good_again);
    add("step-is-not-held-for-ever", test_step_is_not_held_for_ever);
    add("step-that-leaves-it-good-is-told-at-once",
        test_step_that_leaves_it_good_is_told_at_once);
    add("step-of-a-trusted-clock-is-told-at-once",
        test_step_of_a_trusted_clock_is_told_at_once);
    add("new-trust-is-in-force-at-the-next-tick", test_new_trust_is_in_force_at_the_next_tick);
    add("step-of-a-clock-that-never-was-good-is-told-at-once",
        test_step_of_a_clock_that_never_was_good_is_told_at_once);
    add("set-by-nothing-is-no-event", test_set_by_nothing_is_no_event);
    add("sleep-is-told-at-once-and-is-no-step", test_sleep_is_told_at_once_and_is_no_step);
    add("sleep-is-seen-without-anyone-telling", test_sleep_is_seen_without_anyone_telling);
    add("chronyd-is-believed-about-its-own-clock",
        test_chronyd_is_believed_about_its_own_clock);
    return g_test_run();
}
