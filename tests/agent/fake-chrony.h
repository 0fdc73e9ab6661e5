/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * chronyd's command socket, served by a thread of the test, in a folder of its own; and the path at
 * which a helper for it may listen.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "os/fd.h"

#define FAKE_CHRONY_MOST_COMMANDS 16

typedef struct {
    char *folder;
    char *path;        /* of chronyd's socket */
    char *helper_path; /* where nobody listens yet */
    VtFd fd;
    GThread *thread;
    gint status; /* that it answers with; 0: done; -1: it does not answer */
    gint n_commands;
    uint16_t commands[FAKE_CHRONY_MOST_COMMANDS];
} FakeChrony;

void fake_chrony_init(FakeChrony *chrony);
void fake_chrony_clear(FakeChrony *chrony);

/* It ends, and takes its folder along; and comes again. */
void fake_chrony_stop(FakeChrony *chrony);
void fake_chrony_start(FakeChrony *chrony);

/* A socket on which a helper may accept callers: of anybody. */
VtFd fake_chrony_listen_for_helper(FakeChrony *chrony);
