/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A chronyd of the test's own, behind the two doors that the real one has. */
#include <glib/gstdio.h>

#include "hostd/chrony-watch.h"
#include "tests/hostd/fake-chronyd.h"
#include "tests/os/fake-kernel.h"

typedef struct {
    FakeKernel kernel;
    VtClock *clock;
    char *folder;
    char *path;
    VtFd chronyd;
    VtChronyWatch *watch;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer is_udp)
{
    VtChronyPlaces places = { 0 };

    fake_kernel_init(&fixture->kernel, (VtWall){ .ns = VT_NS_PER_SEC });
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->folder = g_dir_make_tmp("vt-chrony-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "chronyd.sock", NULL);
    places.socket_path = fixture->path;
    if (is_udp != NULL)
        fixture->chronyd = fake_chronyd_listen_udp(&places.port);
    else
        fixture->chronyd = fake_chronyd_listen(fixture->path);
    fixture->watch = vt_chrony_watch_new(&places, fixture->clock);
}

static void
tear_down(Fixture *fixture, gconstpointer is_udp)
{
    (void)is_udp;
    vt_chrony_watch_free(fixture->watch);
    vt_fd_close(&fixture->chronyd);
    g_unlink(fixture->path);
    /* Nothing of the watch is left behind. */
    g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
    vt_clock_free(fixture->clock);
    g_free(fixture->path);
    g_free(fixture->folder);
}

static void
ask_and_reply(Fixture *fixture, uint8_t stratum)
{
    vt_chrony_watch_ask(fixture->watch);
    fake_chronyd_reply(fixture->chronyd, stratum, 0);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
test_answer_is_there_when_it_has_come(Fixture *fixture, gconstpointer is_udp)
{
    VtChronyTracking tracking;
    (void)is_udp;
    g_assert_false(vt_chrony_watch_get(fixture->watch, &tracking));

    ask_and_reply(fixture, 3);
    g_assert_true(vt_chrony_watch_get(fixture->watch, &tracking));
    g_assert_cmpuint(tracking.stratum, ==, 3);

    ask_and_reply(fixture, 4);
    g_assert_true(vt_chrony_watch_get(fixture->watch, &tracking));
    g_assert_cmpuint(tracking.stratum, ==, 4);
}

static void
test_old_answer_is_none(Fixture *fixture, gconstpointer is_udp)
{
    VtChronyTracking tracking;
    (void)is_udp;
    ask_and_reply(fixture, 3);

    fake_kernel_pass(&fixture->kernel, 6 * VT_NS_PER_SEC);

    g_assert_false(vt_chrony_watch_get(fixture->watch, &tracking));
}

static void
test_chronyd_that_began_anew_is_found(Fixture *fixture, gconstpointer is_udp)
{
    VtChronyTracking tracking;
    (void)is_udp;
    ask_and_reply(fixture, 3);
    vt_fd_close(&fixture->chronyd);
    g_unlink(fixture->path);
    vt_chrony_watch_ask(fixture->watch);
    fake_kernel_pass(&fixture->kernel, 6 * VT_NS_PER_SEC);
    g_assert_false(vt_chrony_watch_get(fixture->watch, &tracking));

    fixture->chronyd = fake_chronyd_listen(fixture->path);
    ask_and_reply(fixture, 5);

    g_assert_true(vt_chrony_watch_get(fixture->watch, &tracking));
    g_assert_cmpuint(tracking.stratum, ==, 5);
}

#define add(path, is_udp, function) \
    g_test_add("/hostd/chrony-watch/" path, Fixture, is_udp, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("answer-is-there-when-it-has-come", NULL, test_answer_is_there_when_it_has_come);
    add("answer-comes-over-udp-too", "udp", test_answer_is_there_when_it_has_come);
    add("old-answer-is-none", NULL, test_old_answer_is_none);
    add("chronyd-that-began-anew-is-found", NULL, test_chronyd_that_began_anew_is_found);
    return g_test_run();
}
