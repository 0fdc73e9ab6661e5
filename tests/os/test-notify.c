/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <sys/stat.h>

#include "os/notify.h"
#include "tests/os/fake-manager.h"

static void
set_up(FakeManager *manager, gconstpointer data)
{
    (void)data;
    fake_manager_init(manager);
}

static void
tear_down(FakeManager *manager, gconstpointer data)
{
    (void)data;
    fake_manager_clear(manager);
}

static void
test_sends_one_datagram(FakeManager *manager, gconstpointer data)
{
    g_auto(VtFd) passed_fd = VT_FD_NONE;
    (void)data;

    vt_notify("READY=1\nSTATUS=%s", "tracking");

    g_autofree char *received = fake_manager_receive(manager, &passed_fd);
    g_assert_cmpstr(received, ==, "READY=1\nSTATUS=tracking");
    g_assert_cmpint(passed_fd, ==, VT_FD_NONE);
}

static void
test_gives_a_descriptor_to_keep(FakeManager *manager, gconstpointer data)
{
    int ends[2];
    struct stat given;
    struct stat kept;
    g_auto(VtFd) kept_fd = VT_FD_NONE;
    (void)data;
    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);

    g_assert_true(vt_notify_store_fd("guest-1", ends[0]));

    g_autofree char *received = fake_manager_receive(manager, &kept_fd);
    g_assert_cmpstr(received, ==, "FDSTORE=1\nFDNAME=guest-1");
    g_assert_cmpint(fstat(ends[0], &given), ==, 0);
    g_assert_cmpint(fstat(kept_fd, &kept), ==, 0);
    g_assert_cmpuint(given.st_ino, ==, kept.st_ino);
    vt_fd_close(&ends[0]);
    vt_fd_close(&ends[1]);
}

static void
test_takes_a_kept_descriptor_back(FakeManager *manager, gconstpointer data)
{
    g_auto(VtFd) passed_fd = VT_FD_NONE;
    (void)data;

    vt_notify_remove_fd("guest-1");

    g_autofree char *received = fake_manager_receive(manager, &passed_fd);
    g_assert_cmpstr(received, ==, "FDSTOREREMOVE=1\nFDNAME=guest-1");
}

static void
test_without_a_manager_does_nothing(void)
{
    g_unsetenv("NOTIFY_SOCKET");
    vt_notify("READY=1");
    g_assert_false(vt_notify_store_fd("guest-1", 0));

    g_setenv("NOTIFY_SOCKET", "/nonexistent/socket", TRUE);
    vt_notify("READY=1");
    g_assert_false(vt_notify_store_fd("guest-1", 0));
    g_unsetenv("NOTIFY_SOCKET");
}

#define add(path, function) \
    g_test_add("/os/notify/" path, FakeManager, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("sends-one-datagram", test_sends_one_datagram);
    add("gives-a-descriptor-to-keep", test_gives_a_descriptor_to_keep);
    add("takes-a-kept-descriptor-back", test_takes_a_kept_descriptor_back);
    g_test_add_func("/os/notify/without-a-manager-does-nothing",
                    test_without_a_manager_does_nothing);
    return g_test_run();
}
