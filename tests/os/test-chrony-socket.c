/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/socket.h>
#include <sys/un.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "os/chrony-socket.h"

typedef struct {
    char *folder;
    char *path; /* of the server's socket */
    VtFd server;
} Fixture;

static void
listen_there(Fixture *fixture)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, fixture->path, sizeof address.sun_path);
    fixture->server = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fixture->server, (struct sockaddr *)&address, sizeof address), ==, 0);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->folder = g_dir_make_tmp("virt-time-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "chronyd.sock", NULL);
    listen_there(fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_fd_close(&fixture->server);
    g_unlink(fixture->path);
    /* Nothing is left behind. */
    g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
    g_free(fixture->path);
    g_free(fixture->folder);
}

static void
test_answer_comes_back(Fixture *fixture, gconstpointer data)
{
    g_auto(VtChronySocket) chrony = VT_CHRONY_SOCKET_CLOSED;
    struct sockaddr_un peer;
    socklen_t n_peer = sizeof peer;
    char byte = 'q';
    (void)data;

    g_assert_true(vt_chrony_socket_open(&chrony, fixture->path, "test", NULL));
    g_assert_cmpint(send(chrony.fd, &byte, 1, 0), ==, 1);
    g_assert_cmpint(recvfrom(fixture->server, &byte, 1, 0, (struct sockaddr *)&peer, &n_peer),
                    ==, 1);
    g_assert_cmpstr(peer.sun_path, ==, chrony.own_path);
    byte = 'a';
    g_assert_cmpint(sendto(fixture->server, &byte, 1, 0, (struct sockaddr *)&peer, n_peer), ==,
                    1);

    byte = '\0';
    g_assert_cmpint(recv(chrony.fd, &byte, 1, 0), ==, 1);
    g_assert_cmpint(byte, ==, 'a');
}

static void
test_rest_of_a_dead_process_is_replaced(Fixture *fixture, gconstpointer data)
{
    g_auto(VtChronySocket) chrony = VT_CHRONY_SOCKET_CLOSED;
    g_autofree char *own = g_strdup_printf("%s/test.%d.sock", fixture->folder, (int)getpid());
    (void)data;
    g_assert_true(g_file_set_contents(own, "", -1, NULL));

    g_assert_true(vt_chrony_socket_open(&chrony, fixture->path, "test", NULL));

    g_assert_cmpstr(chrony.own_path, ==, own);
}

static void
test_without_chronyd_it_says_so(Fixture *fixture, gconstpointer data)
{
    g_auto(VtChronySocket) chrony = VT_CHRONY_SOCKET_CLOSED;
    g_autofree char *nowhere = g_build_filename(fixture->folder, "nobody.sock", NULL);
    g_autoptr(GError) error = NULL;
    (void)data;

    g_assert_false(vt_chrony_socket_open(&chrony, nowhere, "test", &error));

    g_assert_error(error, VT_ERROR, VT_ERROR_NOT_FOUND);
    g_assert_cmpint(chrony.fd, ==, VT_FD_NONE);
}

static void
test_ended_chronyd_refuses_and_nothing_stays(Fixture *fixture, gconstpointer data)
{
    g_auto(VtChronySocket) chrony = VT_CHRONY_SOCKET_CLOSED;
    g_autoptr(GError) error = NULL;
    (void)data;
    vt_fd_close(&fixture->server);

    g_assert_false(vt_chrony_socket_open(&chrony, fixture->path, "test", &error));

    g_assert_nonnull(error);
    g_assert_null(chrony.own_path);
}

static void
add(const char *name, void (*test)(Fixture *, gconstpointer))
{
    g_autofree char *path = g_strconcat("/os/chrony-socket/", name, NULL);
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("answer-comes-back", test_answer_comes_back);
    add("rest-of-a-dead-process-is-replaced", test_rest_of_a_dead_process_is_replaced);
    add("without-chronyd-it-says-so", test_without_chronyd_it_says_so);
    add("ended-chronyd-refuses-and-nothing-stays",
        test_ended_chronyd_refuses_and_nothing_stays);
    return g_test_run();
}
