/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/socket.h>
#include <sys/un.h>

#include <glib/gstdio.h>

#include "os/fd.h"
#include "os/notify.h"

static VtFd
listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    VtFd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    return fd;
}

static void
test_sends_one_datagram(void)
{
    g_autofree char *folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "notify", NULL);
    g_auto(VtFd) fd = listen_at(path);
    char received[64] = "";
    g_setenv("NOTIFY_SOCKET", path, TRUE);

    vt_notify("READY=1\nSTATUS=%s", "tracking");

    g_assert_cmpint(recv(fd, received, sizeof received - 1, 0), >, 0);
    g_assert_cmpstr(received, ==, "READY=1\nSTATUS=tracking");
    g_unsetenv("NOTIFY_SOCKET");
    g_unlink(path);
    g_rmdir(folder);
}

static void
test_without_a_manager_does_nothing(void)
{
    g_unsetenv("NOTIFY_SOCKET");
    vt_notify("READY=1");

    g_setenv("NOTIFY_SOCKET", "/nonexistent/socket", TRUE);
    vt_notify("READY=1");
    g_unsetenv("NOTIFY_SOCKET");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/os/notify/sends-one-datagram", test_sends_one_datagram);
    g_test_add_func("/os/notify/without-a-manager-does-nothing",
                    test_without_a_manager_does_nothing);
    return g_test_run();
}
