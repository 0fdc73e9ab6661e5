/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "os/fd-message.h"

typedef struct {
    VtFd ends[2];
    VtFd pipe_ends[2];
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fixture->ends), ==,
                    0);
    g_assert_cmpint(pipe2(fixture->pipe_ends, O_CLOEXEC), ==, 0);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    for (size_t i = 0; i < 2; i++) {
        vt_fd_close(&fixture->ends[i]);
        vt_fd_close(&fixture->pipe_ends[i]);
    }
}

static void
test_descriptor_goes_along(Fixture *fixture, gconstpointer data)
{
    char text[8] = "";
    struct stat sent;
    struct stat received;
    g_auto(VtFd) fd = VT_FD_NONE;
    (void)data;

    g_assert_cmpint(vt_fd_message_send(fixture->ends[0], "here", 4, fixture->pipe_ends[0]), ==,
                    4);

    g_assert_cmpint(vt_fd_message_receive(fixture->ends[1], text, sizeof text, &fd), ==, 4);
    g_assert_cmpstr(text, ==, "here");
    g_assert_cmpint(fstat(fixture->pipe_ends[0], &sent), ==, 0);
    g_assert_cmpint(fstat(fd, &received), ==, 0);
    g_assert_cmpuint(sent.st_ino, ==, received.st_ino);
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, FD_CLOEXEC);
}

static void
test_message_without_a_descriptor(Fixture *fixture, gconstpointer data)
{
    char text[8] = "";
    g_auto(VtFd) fd = VT_FD_NONE;
    (void)data;

    g_assert_cmpint(vt_fd_message_send(fixture->ends[0], "none", 4, VT_FD_NONE), ==, 4);

    g_assert_cmpint(vt_fd_message_receive(fixture->ends[1], text, sizeof text, &fd), ==, 4);
    g_assert_cmpint(fd, ==, VT_FD_NONE);
}

static void
test_message_too_long_leaves_no_descriptor(Fixture *fixture, gconstpointer data)
{
    char text[2] = "";
    char byte;
    g_auto(VtFd) fd = VT_FD_NONE;
    (void)data;
    g_assert_cmpint(vt_fd_message_send(fixture->ends[0], "long", 4, fixture->pipe_ends[1]), ==,
                    4);

    g_assert_cmpint(vt_fd_message_receive(fixture->ends[1], text, sizeof text, &fd), ==, -1);

    g_assert_cmpint(errno, ==, EMSGSIZE);
    g_assert_cmpint(fd, ==, VT_FD_NONE);
    /* The pipe has no writer left: the one that came along was closed. */
    vt_fd_close(&fixture->pipe_ends[1]);
    g_assert_cmpint(read(fixture->pipe_ends[0], &byte, 1), ==, 0);
}

static void
test_two_descriptors_are_refused(Fixture *fixture, gconstpointer data)
{
    char text[8] = "";
    char byte;
    int fds[2] = { fixture->pipe_ends[1], fixture->pipe_ends[1] };
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof fds)] = { 0 };
    struct iovec part = { .iov_base = text, .iov_len = 1 };
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof control,
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    g_auto(VtFd) fd = VT_FD_NONE;
    (void)data;
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fds);
    memcpy(CMSG_DATA(header), fds, sizeof fds);
    g_assert_cmpint(sendmsg(fixture->ends[0], &message, 0), ==, 1);

    g_assert_cmpint(vt_fd_message_receive(fixture->ends[1], text, sizeof text, &fd), ==, -1);

    g_assert_cmpint(errno, ==, EMSGSIZE);
    vt_fd_close(&fixture->pipe_ends[1]);
    g_assert_cmpint(read(fixture->pipe_ends[0], &byte, 1), ==, 0);
}

static void
test_nothing_there_does_not_block(Fixture *fixture, gconstpointer data)
{
    char text[8];
    g_auto(VtFd) fd = VT_FD_NONE;
    (void)data;

    g_assert_cmpint(vt_fd_message_receive(fixture->ends[1], text, sizeof text, &fd), ==, -1);
    g_assert_cmpint(errno, ==, EAGAIN);

    vt_fd_close(&fixture->ends[0]);
    g_assert_cmpint(vt_fd_message_receive(fixture->ends[1], text, sizeof text, &fd), ==, 0);
}

#define add(path, function) \
    g_test_add("/os/fd-message/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("descriptor-goes-along", test_descriptor_goes_along);
    add("message-without-a-descriptor", test_message_without_a_descriptor);
    add("message-too-long-leaves-no-descriptor", test_message_too_long_leaves_no_descriptor);
    add("two-descriptors-are-refused", test_two_descriptors_are_refused);
    add("nothing-there-does-not-block", test_nothing_there_does_not_block);
    return g_test_run();
}
