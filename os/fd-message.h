/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One message on a local packet socket, with a file descriptor along if there is one
 * (SCM_RIGHTS). Neither call blocks.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "os/fd.h"

/* @passed_fd stays the caller's; VT_FD_NONE: none goes along. -1 with errno on failure. */
ssize_t vt_fd_message_send(int socket_fd, const void *bytes, size_t n_bytes, int passed_fd);

/*
 * Writes the message's bytes and the descriptor that came with it (close-on-exec; VT_FD_NONE:
 * none), and returns how many bytes there were, 0 at the end. -1 with errno on failure, EMSGSIZE
 * when the message did not fit or brought more than one descriptor, which are then closed.
 */
ssize_t vt_fd_message_receive(int socket_fd, void *ret_bytes, size_t max_bytes, VtFd *ret_fd);
