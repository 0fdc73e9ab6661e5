/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>

#include "os/passed-fds.h"
#include "tests/os/fake-manager.h"

/* Above what a test program has open by itself. */
#define FIRST_FD 200

static void
open_fds(int n_fds)
{
    for (int i = 0; i < n_fds; i++) {
        g_auto(VtFd) fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        g_assert_cmpint(dup2(fd, FIRST_FD + i), ==, FIRST_FD + i);
    }
}

static bool
is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void
close_fds(int n_fds)
{
    for (int i = 0; i < n_fds; i++)
        (void)close(FIRST_FD + i); /* most are closed already */
}

static void
test_are_found_by_name(void)
{
    g_autofree char *rest = NULL;
    open_fds(3);
    fake_manager_announce(3, "listen:guest-a:guest-b");

    g_autoptr(VtPassedFds) passed = vt_passed_fds_take(FIRST_FD);

    g_auto(VtFd) guest_fd = vt_passed_fds_steal(passed, "guest-", &rest);
    g_assert_cmpint(guest_fd, ==, FIRST_FD + 1);
    g_assert_cmpstr(rest, ==, "a");
    g_assert_cmpint(fcntl(guest_fd, F_GETFD), ==, FD_CLOEXEC);
    g_auto(VtFd) listen_fd = vt_passed_fds_steal(passed, "listen", NULL);
    g_assert_cmpint(listen_fd, ==, FIRST_FD);
    g_assert_cmpint(vt_passed_fds_steal(passed, "listen", NULL), ==, VT_FD_NONE);
}

static void
test_are_closed_when_nobody_wants_them(void)
{
    open_fds(2);
    fake_manager_announce(2, "a:b");

    VtPassedFds *passed = vt_passed_fds_take(FIRST_FD);
    vt_passed_fds_free(passed);

    g_assert_false(is_open(FIRST_FD));
    g_assert_false(is_open(FIRST_FD + 1));
}

static void
test_are_announced_once(void)
{
    open_fds(1);
    fake_manager_announce(1, "a");

    VtPassedFds *passed = vt_passed_fds_take(FIRST_FD);
    vt_passed_fds_free(passed);

    g_assert_null(g_getenv("LISTEN_PID"));
    g_assert_null(g_getenv("LISTEN_FDS"));
    g_assert_null(g_getenv("LISTEN_FDNAMES"));
}

static void
test_missing_names_are_empty(void)
{
    open_fds(2);
    fake_manager_announce(2, "a");

    g_autoptr(VtPassedFds) passed = vt_passed_fds_take(FIRST_FD);

    g_auto(VtFd) named_fd = vt_passed_fds_steal(passed, "a", NULL);
    g_auto(VtFd) nameless_fd = vt_passed_fds_steal(passed, "", NULL);
    g_assert_cmpint(named_fd, ==, FIRST_FD);
    g_assert_cmpint(nameless_fd, ==, FIRST_FD + 1);
}

static void
test_malformed_announcements_give_none(void)
{
    static const struct {
        const char *name;
        const char *pid;
        const char *count;
    } rows[] = {
        { "of another process", "1", "1" },
        { "no process", "", "1" },
        { "no number", "self", "one" },
        { "negative", "self", "-1" },
        { "more than there can be", "self", "4294967295" },
        { "none", "self", "0" },
        { "not open", "self", "1" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%s", rows[i].name);
        fake_manager_announce(1, "");
        if (g_strcmp0(rows[i].pid, "self") != 0)
            g_setenv("LISTEN_PID", rows[i].pid, TRUE);
        g_setenv("LISTEN_FDS", rows[i].count, TRUE);
        close_fds(1);

        g_autoptr(VtPassedFds) passed = vt_passed_fds_take(FIRST_FD);

        g_assert_cmpint(vt_passed_fds_steal(passed, "", NULL), ==, VT_FD_NONE);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/os/passed-fds/are-found-by-name", test_are_found_by_name);
    g_test_add_func("/os/passed-fds/are-closed-when-nobody-wants-them",
                    test_are_closed_when_nobody_wants_them);
    g_test_add_func("/os/passed-fds/are-announced-once", test_are_announced_once);
    g_test_add_func("/os/passed-fds/missing-names-are-empty", test_missing_names_are_empty);
    g_test_add_func("/os/passed-fds/malformed-announcements-give-none",
                    test_malformed_announcements_give_none);
    return g_test_run();
}
