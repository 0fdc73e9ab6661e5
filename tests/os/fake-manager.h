/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A service manager for tests: listens where NOTIFY_SOCKET points, hands over each message with
 * the descriptor that came along, and starts a "new process" with the descriptors it was given.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "os/fd.h"

typedef struct {
    char *folder;
    char *path;
    VtFd fd;
} FakeManager;

/* Sets NOTIFY_SOCKET. */
void fake_manager_init(FakeManager *manager);
void fake_manager_clear(FakeManager *manager);

/*
 * The next message, NULL when there is none (transfer full). *@ret_fd is the descriptor that
 * came with it, now the caller's, or VT_FD_NONE.
 */
char *fake_manager_receive(FakeManager *manager, VtFd *ret_fd);

/*
 * Announces the descriptors from @first_fd on to this process, as after a start; @names is
 * separated by colons.
 */
void fake_manager_announce(int n_fds, const char *names);
