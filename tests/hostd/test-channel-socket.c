/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>

#include "base/error.h"
#include "hostd/channel-socket.h"
#include "tests/hostd/fake-channel.h"

typedef struct {
    FakeHost host;
    char *path;
    const char *folders[3];
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_host_init(&fixture->host, 1);
    fake_host_listen(&fixture->host, 0);
    fixture->path = fake_host_dup_path(&fixture->host, 0);
    fixture->folders[0] = "/nonexistent/folder";
    fixture->folders[1] = fixture->host.channel_folder;
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_host_clear(&fixture->host);
    g_free(fixture->path);
}

static void
assert_refused(Fixture *fixture, const char *path, VtError code)
{
    g_autoptr(GError) error = NULL;

    VtFd fd = vt_channel_socket_connect_beneath(path, fixture->folders, &error);

    g_assert_cmpint(fd, ==, VT_FD_NONE);
    g_assert_error(error, VT_ERROR, (int)code);
    g_assert_cmpint(fake_host_accept(&fixture->host, 0), ==, VT_FD_NONE);
}

static void
test_connects_beneath_its_folders(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    char byte = 0;
    (void)data;

    g_auto(VtFd) fd =
        vt_channel_socket_connect_beneath(fixture->path, fixture->folders, &error);

    g_assert_no_error(error);
    g_auto(VtFd) guest_fd = fake_host_accept(&fixture->host, 0);
    g_assert_cmpint(write(guest_fd, "x", 1), ==, 1);
    g_assert_cmpint(read(fd, &byte, 1), ==, 1);
}

static void
test_refuses_other_folders(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->folders[1] = "/run/libvirt/qemu/channel";

    assert_refused(fixture, fixture->path, VT_ERROR_DENIED);
    assert_refused(fixture, "relative/path", VT_ERROR_DENIED);
    assert_refused(fixture, "", VT_ERROR_DENIED);
}

static void
test_refuses_a_neighbour_with_the_same_beginning(Fixture *fixture, gconstpointer data)
{
    g_autofree char *shorter =
        g_strndup(fixture->host.channel_folder, strlen(fixture->host.channel_folder) - 1);
    (void)data;
    fixture->folders[1] = shorter;

    assert_refused(fixture, fixture->path, VT_ERROR_DENIED);
}

static void
test_refuses_the_way_out(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path =
        g_strconcat(fixture->host.channel_folder, "/../channel/1-guest0/org.virttime.0", NULL);
    (void)data;

    assert_refused(fixture, path, VT_ERROR_DENIED);
}

static void
test_refuses_a_linked_socket(Fixture *fixture, gconstpointer data)
{
    g_autofree char *link_path = g_build_filename(fixture->host.channel_folder, "link", NULL);
    (void)data;
    g_assert_cmpint(symlink(fixture->path, link_path), ==, 0);

    assert_refused(fixture, link_path, VT_ERROR_DENIED);
    (void)g_unlink(link_path);
}

static void
test_refuses_a_linked_folder(Fixture *fixture, gconstpointer data)
{
    g_autofree char *link_path = g_build_filename(fixture->host.channel_folder, "link", NULL);
    g_autofree char *path = g_build_filename(link_path, "org.virttime.0", NULL);
    (void)data;
    g_assert_cmpint(symlink("1-guest0", link_path), ==, 0);

    assert_refused(fixture, path, VT_ERROR_DENIED);
    (void)g_unlink(link_path);
}

static void
test_refuses_a_folder_that_is_itself_linked(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *link_path = g_build_filename(fixture->host.folder, "link", NULL);
    g_autofree char *path = g_build_filename(link_path, "1-guest0", "org.virttime.0", NULL);
    (void)data;
    g_assert_cmpint(symlink("channel", link_path), ==, 0);
    fixture->folders[1] = link_path;

    VtFd fd = vt_channel_socket_connect_beneath(path, fixture->folders, &error);

    g_assert_cmpint(fd, ==, VT_FD_NONE);
    g_assert_nonnull(error);
    g_assert_cmpint(fake_host_accept(&fixture->host, 0), ==, VT_FD_NONE);
    (void)g_unlink(link_path);
}

static void
test_refuses_what_is_no_socket(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_build_filename(fixture->host.channel_folder, "file", NULL);
    (void)data;
    g_assert_true(g_file_set_contents(path, "", 0, NULL));

    assert_refused(fixture, path, VT_ERROR_DENIED);
    (void)g_unlink(path);
}

static void
test_missing_socket_is_not_found(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(fixture->host.channel_folder, "nothing", NULL);
    (void)data;

    assert_refused(fixture, path, VT_ERROR_NOT_FOUND);
    g_assert_cmpint(vt_channel_socket_connect(path, &error), ==, VT_FD_NONE);
    g_assert_error(error, VT_ERROR, VT_ERROR_NOT_FOUND);
}

static void
test_dead_socket_is_not_found(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_fd_close(&fixture->host.listen_fds[0]);

    assert_refused(fixture, fixture->path, VT_ERROR_NOT_FOUND);
}

static void
test_full_queue_is_busy(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    VtFd fds[4];
    size_t n_fds = 0;
    (void)data;

    while (error == NULL && n_fds < G_N_ELEMENTS(fds))
        fds[n_fds++] = vt_channel_socket_connect(fixture->path, &error);

    g_assert_error(error, VT_ERROR, VT_ERROR_BUSY);
    while (n_fds > 0)
        vt_fd_close(&fds[--n_fds]);
}

#define add(path, function) \
    g_test_add("/hostd/channel-socket/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("connects-beneath-its-folders", test_connects_beneath_its_folders);
    add("refuses-other-folders", test_refuses_other_folders);
    add("refuses-a-neighbour-with-the-same-beginning",
        test_refuses_a_neighbour_with_the_same_beginning);
    add("refuses-the-way-out", test_refuses_the_way_out);
    add("refuses-a-linked-socket", test_refuses_a_linked_socket);
    add("refuses-a-linked-folder", test_refuses_a_linked_folder);
    add("refuses-a-folder-that-is-itself-linked", test_refuses_a_folder_that_is_itself_linked);
    add("refuses-what-is-no-socket", test_refuses_what_is_no_socket);
    add("missing-socket-is-not-found", test_missing_socket_is_not_found);
    add("dead-socket-is-not-found", test_dead_socket_is_not_found);
    add("full-queue-is-busy", test_full_queue_is_busy);
    return g_test_run();
}
