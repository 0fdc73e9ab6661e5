/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How hostd comes by the socket of a guest's channel: directly where its permissions allow that,
 * else from virt-time-opener. Never blocks; the answer always comes from the main loop.
 */
#pragma once

#include <stdint.h>

#include <glib.h>

#include "os/fd.h"
#include "proto/opener-message.h"

typedef struct VtChannelRequest VtChannelRequest;

typedef struct {
    const char *path;        /* from the live XML; NULL: ask the opener at once */
    const char *opener_path; /* socket of the opener; NULL: there is none */
    const char *uri;         /* of libvirt, for the opener; empty: the opener cannot be asked */
    const char *uuid;
    VtOpenerKind kind;
    uint32_t time_limit_ms; /* VT_OPENER_WAIT */
} VtChannelQuestion;

/*
 * The connected socket is the callee's from now on; VT_FD_NONE with @error (VT_ERROR_NOT_FOUND:
 * no socket, nobody listens, it did not appear; VT_ERROR_BUSY: its queue is full;
 * VT_ERROR_DENIED). Called once; the request may be freed from within.
 */
typedef void (*VtChannelFunc)(VtFd fd, const GError *error, void *user_data);

/* Copies what it needs of @question. Transfer full. */
VtChannelRequest *
vt_channel_request_new(const VtChannelQuestion *question, VtChannelFunc func, void *user_data);

/* Without an answer yet there will be none. Takes NULL. */
void vt_channel_request_free(VtChannelRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtChannelRequest, vt_channel_request_free)
