/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/agent/fake-chrony.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <glib/gstdio.h>

#define NULL_REPLY_BYTES 28

static void
bind_to(VtFd fd, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    g_assert_cmpint(bind(fd, (const struct sockaddr *)&address, sizeof address), ==, 0);
}

static void
answer(FakeChrony *chrony, const uint8_t *request, const struct sockaddr_un *peer)
{
    uint8_t reply[NULL_REPLY_BYTES] = { 6, 2, 0, 0, request[4], request[5], 0, 1 };
    gint status = g_atomic_int_get(&chrony->status);
    if (status < 0)
        return;
    reply[9] = (uint8_t)status;
    memcpy(reply + 16, request + 8, 4);
    (void)sendto(chrony->fd, reply, sizeof reply, 0, (const struct sockaddr *)peer,
                 sizeof *peer);
}

/* Until a datagram of one byte says that the test is over. */
static gpointer
serve(gpointer data)
{
    FakeChrony *chrony = data;
    for (;;) {
        struct sockaddr_un peer;
        socklen_t n_peer_bytes = sizeof peer;
        uint8_t request[256];
        ssize_t n_bytes = recvfrom(chrony->fd, request, sizeof request, 0,
                                   (struct sockaddr *)&peer, &n_peer_bytes);
        if (n_bytes < NULL_REPLY_BYTES)
            return NULL;
        gint n_before = g_atomic_int_get(&chrony->n_commands);
        g_assert_cmpint(n_before, <, FAKE_CHRONY_MOST_COMMANDS);
        chrony->commands[n_before] = (uint16_t)(request[4] << 8 | request[5]);
        g_atomic_int_inc(&chrony->n_commands);
        answer(chrony, request, &peer);
    }
}

void
fake_chrony_start(FakeChrony *chrony)
{
    g_assert_cmpint(g_mkdir(chrony->folder, 0700), ==, 0);
    chrony->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bind_to(chrony->fd, chrony->path);
    chrony->thread = g_thread_new("fake-chrony", serve, chrony);
}

void
fake_chrony_stop(FakeChrony *chrony)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_auto(VtFd) fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_strlcpy(address.sun_path, chrony->path, sizeof address.sun_path);
    g_assert_cmpint(sendto(fd, "", 1, 0, (const struct sockaddr *)&address, sizeof address), ==,
                    1);
    g_thread_join(g_steal_pointer(&chrony->thread));
    vt_fd_close(&chrony->fd);
    g_assert_cmpint(g_unlink(chrony->path), ==, 0);
    /* Nobody left anything there. */
    g_assert_cmpint(g_rmdir(chrony->folder), ==, 0);
}

void
fake_chrony_init(FakeChrony *chrony)
{
    *chrony = (FakeChrony){ .fd = VT_FD_NONE };
    g_autofree char *above = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    g_assert_cmpint(g_chmod(above, 0755), ==, 0);
    chrony->folder = g_build_filename(above, "chrony", NULL);
    chrony->path = g_build_filename(chrony->folder, "chronyd.sock", NULL);
    chrony->helper_path = g_build_filename(above, "helper.sock", NULL);
    fake_chrony_start(chrony);
}

void
fake_chrony_clear(FakeChrony *chrony)
{
    g_autofree char *above = g_path_get_dirname(chrony->folder);
    if (chrony->thread != NULL)
        fake_chrony_stop(chrony);
    g_unlink(chrony->helper_path);
    g_assert_cmpint(g_rmdir(above), ==, 0);
    g_free(chrony->folder);
    g_free(chrony->path);
    g_free(chrony->helper_path);
}

VtFd
fake_chrony_listen_for_helper(FakeChrony *chrony)
{
    VtFd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)g_unlink(chrony->helper_path);
    bind_to(fd, chrony->helper_path);
    g_assert_cmpint(g_chmod(chrony->helper_path, 0666), ==, 0);
    g_assert_cmpint(listen(fd, 4), ==, 0);
    return fd;
}
