/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/fd-message.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

ssize_t
vt_fd_message_send(int socket_fd, const void *bytes, size_t n_bytes, int passed_fd)
{
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof passed_fd)] = { 0 };
    struct iovec part = { .iov_base = (void *)bytes, .iov_len = n_bytes };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

    if (passed_fd != VT_FD_NONE) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof passed_fd);
        memcpy(CMSG_DATA(header), &passed_fd, sizeof passed_fd);
    }
    return sendmsg(socket_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static VtFd
find_fd(struct msghdr *message)
{
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        VtFd fd;
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
            header->cmsg_len < CMSG_LEN(sizeof fd))
            continue;
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
        return fd;
    }
    return VT_FD_NONE;
}

ssize_t
vt_fd_message_receive(int socket_fd, void *ret_bytes, size_t max_bytes, VtFd *ret_fd)
{
    /* Room for one descriptor; the padding behind it could let a second one in. */
    _Alignas(struct cmsghdr) uint8_t control[CMSG_LEN(sizeof *ret_fd)] = { 0 };
    struct iovec part = { .iov_base = ret_bytes, .iov_len = max_bytes };
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof control,
    };

    ssize_t n_bytes = recvmsg(socket_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n_bytes < 0)
        return -1;
    g_auto(VtFd) fd = find_fd(&message);
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        errno = EMSGSIZE;
        return -1;
    }
    *ret_fd = vt_fd_steal(&fd);
    return n_bytes;
}
