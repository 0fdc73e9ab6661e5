/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "agent/owner-watch.h"
#include "tests/agent/fake-proc.h"

#define PID         2000000000
#define TIMEOUT_SEC 5

typedef struct {
    FakeProc proc;
    char *units; /* a folder of signs */
    VtOwnerWatch *watch;
    unsigned n_changes;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_proc_init(&fixture->proc);
    fixture->units = g_dir_make_tmp("virt-time-XXXXXX", NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_owner_watch_free(fixture->watch);
    fake_proc_clear(&fixture->proc);
    g_assert_cmpint(g_rmdir(fixture->units), ==, 0);
    g_free(fixture->units);
}

static void
on_change(void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_changes++;
}

static void
start(Fixture *fixture)
{
    const char *folders[] = { fixture->units, NULL };
    VtOwnerWatchParams params = { .where = fake_proc_get_places(&fixture->proc),
                                  .folders = folders };
    fixture->watch = vt_owner_watch_new(&params, on_change, fixture);
}

static void
tick(Fixture *fixture, unsigned n_ticks)
{
    for (unsigned i = 0; i < n_ticks; i++)
        vt_owner_watch_on_tick(fixture->watch);
}

static VtOwnerKind
get_kind(const Fixture *fixture)
{
    return vt_owner_watch_get(fixture->watch)->kind;
}

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

/* A unit starts: its sign comes first, and its process may be late. */
static void
start_unit(Fixture *fixture, unsigned n_ticks_later)
{
    g_autofree char *path = g_build_filename(fixture->units, "invocation:chrony.service", NULL);
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    if (n_ticks_later == 0)
        fake_proc_add(&fixture->proc, PID, "chronyd", true);
    g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
    g_assert_true(g_main_context_iteration(NULL, TRUE));
    g_assert_cmpint(g_rmdir(path), ==, 0);
    tick(fixture, n_ticks_later);
    if (n_ticks_later > 0)
        fake_proc_add(&fixture->proc, PID, "chronyd", true);
    g_source_remove(id);
    g_assert_false(has_timed_out);
}

static void
test_finds_at_start_and_tells_nobody(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_proc_add(&fixture->proc, PID, "ntpd", true);
    fake_proc_add(&fixture->proc, PID + 1, "vmtoolsd", true);

    start(fixture);

    g_assert_cmpint(get_kind(fixture), ==, VT_OWNER_OTHER);
    g_assert_cmpstr(vt_owner_watch_get_writers(fixture->watch), ==, "vmtoolsd");
    g_assert_cmpuint(fixture->n_changes, ==, 0);
}

static void
test_unit_is_noticed_at_once(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture);

    start_unit(fixture, 0);

    g_assert_cmpint(get_kind(fixture), ==, VT_OWNER_CHRONYD);
    g_assert_cmpuint(fixture->n_changes, ==, 1);
}

static void
test_late_process_of_a_unit_is_noticed(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture);

    start_unit(fixture, 3);
    g_assert_cmpint(get_kind(fixture), ==, VT_OWNER_NONE);
    tick(fixture, 1);

    g_assert_cmpint(get_kind(fixture), ==, VT_OWNER_CHRONYD);
}

static void
test_daemon_without_unit_is_noticed_within_a_minute(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture);
    fake_proc_add(&fixture->proc, PID, "chronyd", true);

    tick(fixture, 60);

    g_assert_cmpint(get_kind(fixture), ==, VT_OWNER_CHRONYD);
}

static void
test_restart_is_no_end(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_proc_add(&fixture->proc, PID, "chronyd", true);
    start(fixture);

    fake_proc_remove(&fixture->proc, PID);
    tick(fixture, VT_OWNER_GONE_TICKS - 1);
    fake_proc_add(&fixture->proc, PID + 1, "chronyd", true);
    tick(fixture, VT_OWNER_GONE_TICKS + 1);

    g_assert_cmpint(get_kind(fixture), ==, VT_OWNER_CHRONYD);
    g_assert_cmpint(vt_owner_watch_get(fixture->watch)->pid, ==, PID + 1);
}

static void
test_owner_that_stays_away_is_gone(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_proc_add(&fixture->proc, PID, "chronyd", true);
    start(fixture);

    fake_proc_remove(&fixture->proc, PID);
    tick(fixture, VT_OWNER_GONE_TICKS);
    g_assert_cmpint(get_kind(fixture), ==, VT_OWNER_CHRONYD);
    tick(fixture, 1);

    g_assert_cmpint(get_kind(fixture), ==, VT_OWNER_NONE);
    g_assert_cmpuint(fixture->n_changes, ==, 1);
}

static void
test_unseen_writer_is_yielded_to_for_a_while(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture);

    vt_owner_watch_note_foreign_rate(fixture->watch);
    vt_owner_watch_note_foreign_rate(fixture->watch);
    g_assert_cmpint(get_kind(fixture), ==, VT_OWNER_NONE);
    vt_owner_watch_note_foreign_rate(fixture->watch);
    g_assert_cmpint(get_kind(fixture), ==, VT_OWNER_UNKNOWN);
    tick(fixture, 899);
    g_assert_cmpint(get_kind(fixture), ==, VT_OWNER_UNKNOWN);
    tick(fixture, 1);

    g_assert_cmpint(get_kind(fixture), ==, VT_OWNER_NONE);
}

static void
test_rates_changed_now_and_then_are_nobodys(Fixture *fixture, gconstpointer data)
{
    (void)data;
    start(fixture);

    for (int i = 0; i < 10; i++) {
        vt_owner_watch_note_foreign_rate(fixture->watch);
        tick(fixture, 60);
    }

    g_assert_cmpint(get_kind(fixture), ==, VT_OWNER_NONE);
}

static void
add(const char *name, void (*test)(Fixture *, gconstpointer))
{
    g_autofree char *path = g_strconcat("/agent/owner-watch/", name, NULL);
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("finds-at-start-and-tells-nobody", test_finds_at_start_and_tells_nobody);
    add("unit-is-noticed-at-once", test_unit_is_noticed_at_once);
    add("late-process-of-a-unit-is-noticed", test_late_process_of_a_unit_is_noticed);
    add("daemon-without-unit-is-noticed-within-a-minute",
        test_daemon_without_unit_is_noticed_within_a_minute);
    add("restart-is-no-end", test_restart_is_no_end);
    add("owner-that-stays-away-is-gone", test_owner_that_stays_away_is_gone);
    add("unseen-writer-is-yielded-to-for-a-while",
        test_unseen_writer_is_yielded_to_for_a_while);
    add("rates-changed-now-and-then-are-nobodys", test_rates_changed_now_and_then_are_nobodys);
    return g_test_run();
}
