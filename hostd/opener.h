/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The privileged opener of channel sockets: takes a libvirt URI and a domain's UUID on a local
 * socket, connects to that domain's channel beneath libvirt's own folders, and hands the
 * descriptor over. Asked to wait, it does so as soon as the socket appears. One request for each
 * connection; whoever asks is known by the credentials of its socket. It parses no byte of a
 * guest. Errors go to the asker, in words.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

typedef struct VtOpener VtOpener;

typedef struct {
    int listen_fd;              /* SOCK_SEQPACKET, listening; the opener's from now on */
    uid_t caller;               /* who may ask, besides root */
    const char *const *uris;    /* of libvirt that may be named; NULL-terminated */
    const char *const *folders; /* beneath which channels lie; NULL-terminated */
} VtOpenerParams;

/*
 * @params is copied. vt_domain_watch_prepare must have been called, or a libvirtd that hangs is
 * not noticed. Transfer full.
 */
VtOpener *vt_opener_new(const VtOpenerParams *params);
void vt_opener_free(VtOpener *opener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtOpener, vt_opener_free)

/* Whether nobody is being served; *@ret_n_served counts all requests so far. */
bool vt_opener_is_idle(const VtOpener *opener, uint64_t *ret_n_served);
