/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "os/socket.h"

static bool refuses_flags;
static int refusal;

/* Before the C library's. */
int
socket(int domain, int type, int protocol)
{
    if (refuses_flags && (type & SOCK_CLOEXEC) != 0) {
        errno = refusal;
        return -1;
    }
    return (int)syscall(SYS_socket, domain, type, protocol);
}

static void
check_open(void)
{
    g_auto(VtFd) fd = vt_socket_open(AF_INET);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, FD_CLOEXEC);
}

static void
test_opens_in_one_go(void)
{
    refuses_flags = false;
    check_open();
}

static void
test_opens_where_flags_are_unknown(void)
{
    refuses_flags = true;
    refusal = EINVAL;
    check_open();
}

static void
test_tells_why_there_is_none(void)
{
    refuses_flags = true;
    refusal = EMFILE;
    errno = 0;
    g_assert_cmpint(vt_socket_open(AF_INET), ==, VT_FD_NONE);
    g_assert_cmpint(errno, ==, EMFILE);
    refuses_flags = false;
    errno = 0;
    g_assert_cmpint(vt_socket_open(12345), ==, VT_FD_NONE);
    g_assert_cmpint(errno, !=, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/os/socket/opens-in-one-go", test_opens_in_one_go);
    g_test_add_func("/os/socket/opens-where-flags-are-unknown",
                    test_opens_where_flags_are_unknown);
    g_test_add_func("/os/socket/tells-why-there-is-none", test_tells_why_there_is_none);
    return g_test_run();
}
