/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/os/fake-manager.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <glib/gstdio.h>

#include "os/fd-message.h"

void
fake_manager_init(FakeManager *manager)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    manager->folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    manager->path = g_build_filename(manager->folder, "notify", NULL);
    g_strlcpy(address.sun_path, manager->path, sizeof address.sun_path);
    manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(manager->fd, >=, 0);
    g_assert_cmpint(bind(manager->fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_setenv("NOTIFY_SOCKET", manager->path, TRUE);
}

void
fake_manager_clear(FakeManager *manager)
{
    g_unsetenv("NOTIFY_SOCKET");
    vt_fd_close(&manager->fd);
    (void)g_unlink(manager->path);
    (void)g_rmdir(manager->folder);
    g_clear_pointer(&manager->path, g_free);
    g_clear_pointer(&manager->folder, g_free);
}

char *
fake_manager_receive(FakeManager *manager, VtFd *ret_fd)
{
    char text[256] = "";

    *ret_fd = VT_FD_NONE;
    if (vt_fd_message_receive(manager->fd, text, sizeof text - 1, ret_fd) < 0)
        return NULL;
    return g_strdup(text);
}

void
fake_manager_announce(int n_fds, const char *names)
{
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
    g_autofree char *count = g_strdup_printf("%d", n_fds);
    g_setenv("LISTEN_PID", pid, TRUE);
    g_setenv("LISTEN_FDS", count, TRUE);
    g_setenv("LISTEN_FDNAMES", names, TRUE);
}
