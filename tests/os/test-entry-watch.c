/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdbool.h>

#include <glib/gstdio.h>

#include "os/entry-watch.h"

/* Only ends a test that would wait for ever. */
#define TIMEOUT_SEC 5

typedef struct {
    char *folder;
    GString *seen;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    fixture->seen = g_string_new(NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
    g_free(fixture->folder);
    g_string_free(fixture->seen, TRUE);
}

static void
on_entry(const char *name, void *user_data)
{
    Fixture *fixture = user_data;
    g_string_append_printf(fixture->seen, "%s ", name);
}

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

static void
wait_for(Fixture *fixture, const char *wanted)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (g_strcmp0(fixture->seen->str, wanted) != 0 && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_cmpstr(fixture->seen->str, ==, wanted);
}

static void
test_tells_what_comes_and_goes(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_autofree char *path = g_build_filename(fixture->folder, "invocation:a.service", NULL);
    const char *folders[] = { "/nowhere", fixture->folder, NULL };
    VtEntryWatch *watch = vt_entry_watch_new(folders, on_entry, fixture);
    g_assert_cmpuint(vt_entry_watch_count(watch), ==, 1);

    g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
    wait_for(fixture, "invocation:a.service ");
    g_assert_cmpint(g_rmdir(path), ==, 0);
    wait_for(fixture, "invocation:a.service invocation:a.service ");

    vt_entry_watch_free(watch);
}

static void
test_without_folders_nothing_is_watched(Fixture *fixture, gconstpointer data)
{
    (void)data;
    const char *folders[] = { "/nowhere", NULL };
    VtEntryWatch *watch = vt_entry_watch_new(folders, on_entry, fixture);

    g_assert_cmpuint(vt_entry_watch_count(watch), ==, 0);

    vt_entry_watch_free(watch);
    vt_entry_watch_free(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/os/entry-watch/tells-what-comes-and-goes", Fixture, NULL, set_up,
               test_tells_what_comes_and_goes, tear_down);
    g_test_add("/os/entry-watch/without-folders-nothing-is-watched", Fixture, NULL, set_up,
               test_without_folders_nothing_is_watched, tear_down);
    return g_test_run();
}
