/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "hostd/folder-watch.h"
#include "tests/hostd/fake-channel.h"

typedef struct {
    FakeHost host;
    const char *folders[2];
    VtFolderWatch *watch;
    unsigned n_signs;
    unsigned n_wanted;
} Fixture;

static void
on_sign(const char *path, void *user_data)
{
    Fixture *fixture = user_data;
    g_assert_true(path == NULL || g_str_has_prefix(path, fixture->host.channel_folder));
    fixture->n_signs += 1;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_host_init(&fixture->host, 2);
    fixture->folders[0] = fixture->host.channel_folder;
    fixture->watch = vt_folder_watch_new(fixture->folders, on_sign, fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_folder_watch_free(fixture->watch);
    fake_host_clear(&fixture->host);
}

static bool
has_signs(void *user_data)
{
    Fixture *fixture = user_data;
    return fixture->n_signs >= fixture->n_wanted;
}

static void
wait_for_a_sign(Fixture *fixture)
{
    fixture->n_wanted = fixture->n_signs + 1;
    fake_host_run_until(has_signs, fixture);
}

static void
make_folder(const char *path)
{
    g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
}

static void
test_new_socket_in_a_new_folder(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = fake_host_dup_path(&fixture->host, 0);
    g_autofree char *folder = g_path_get_dirname(path);
    (void)data;
    make_folder(folder);
    wait_for_a_sign(fixture);

    fake_host_listen(&fixture->host, 0);

    wait_for_a_sign(fixture);
}

static void
test_folder_that_was_not_there(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_folder_watch_free(fixture->watch);
    g_assert_cmpint(g_rmdir(fixture->host.channel_folder), ==, 0);
    fixture->watch = vt_folder_watch_new(fixture->folders, on_sign, fixture);
    make_folder(fixture->host.channel_folder);

    vt_folder_watch_refresh(fixture->watch);
    fake_host_listen(&fixture->host, 0);

    wait_for_a_sign(fixture);
}

static void
test_removed_folder_is_survived(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = fake_host_dup_path(&fixture->host, 0);
    g_autofree char *folder = g_path_get_dirname(path);
    (void)data;
    make_folder(folder);
    wait_for_a_sign(fixture);
    g_assert_cmpint(g_rmdir(folder), ==, 0);

    fake_host_listen(&fixture->host, 1);

    wait_for_a_sign(fixture);
}

#define add(path, function) \
    g_test_add("/hostd/folder-watch/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("new-socket-in-a-new-folder", test_new_socket_in_a_new_folder);
    add("folder-that-was-not-there", test_folder_that_was_not_there);
    add("removed-folder-is-survived", test_removed_folder_is_survived);
    return g_test_run();
}
