/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host for tests: a folder with sockets where libvirt would have QEMU make them, and an XML
 * file from which libvirt's test driver makes running domains with channels to those sockets.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "os/fd.h"

#define FAKE_HOST_MAX_DOMAINS 10

typedef struct {
    char *folder;         /* of everything */
    char *channel_folder; /* of the channels, as libvirt's */
    char *uri;            /* of the test driver */
    unsigned n_domains;
    VtFd listen_fds[FAKE_HOST_MAX_DOMAINS]; /* VT_FD_NONE: no socket yet */
} FakeHost;

/* @n_domains running domains; none of their sockets is there yet. */
void fake_host_init(FakeHost *host, unsigned n_domains);
void fake_host_clear(FakeHost *host);

/* Transfer full. */
char *fake_host_dup_uuid(unsigned index);
char *fake_host_dup_path(const FakeHost *host, unsigned index);

/* The channel's socket appears, as when QEMU starts. */
void fake_host_listen(FakeHost *host, unsigned index);

/* The far end of the connection made to it; VT_FD_NONE when nobody connected. */
VtFd fake_host_accept(FakeHost *host, unsigned index);

/* Turns the main loop until @is_done says so; fails the test after some seconds. */
void fake_host_run_until(bool (*is_done)(void *user_data), void *user_data);
