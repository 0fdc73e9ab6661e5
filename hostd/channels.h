/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sockets of all guests' channels: how they are come by, and how they outlive hostd. A copy
 * of each is kept by the service manager, so that a restart of hostd is no event for a guest
 * but a new session on a link that never closed.
 */
#pragma once

#include <glib.h>

#include "hostd/channel-request.h"
#include "os/passed-fds.h"

typedef struct VtChannels VtChannels;

typedef struct {
    const char *uri;         /* of libvirt */
    const char *opener_path; /* NULL: without an opener */
    VtPassedFds *passed;     /* what the service manager kept is taken from it; NULL: nothing */
} VtChannelsParams;

/* Copies @params. Transfer full. */
VtChannels *vt_channels_new(const VtChannelsParams *params);

/* The service manager goes on keeping what it keeps. Takes NULL. */
void vt_channels_free(VtChannels *channels);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtChannels, vt_channels_free)

/* The socket that was kept over a restart, now the caller's; VT_FD_NONE: none was. */
VtFd vt_channels_take_back(VtChannels *channels, const char *uuid);

/* Connects to the channel at @path, a path of the live XML; see hostd/channel-request.h. */
VtChannelRequest *vt_channels_connect(VtChannels *channels,
                                      const char *uuid,
                                      const char *path,
                                      VtChannelFunc func,
                                      void *user_data);

/*
 * Asks the opener to hand the channel's socket over as soon as there is one, within
 * @time_limit_ms. NULL: there is no opener.
 */
VtChannelRequest *vt_channels_await(VtChannels *channels,
                                    const char *uuid,
                                    uint32_t time_limit_ms,
                                    VtChannelFunc func,
                                    void *user_data);

/* @fd, which stays the caller's, is to be kept over a restart from now on. */
void vt_channels_keep(VtChannels *channels, const char *uuid, int fd);

/* No longer: the link has ended. */
void vt_channels_forget(VtChannels *channels, const char *uuid);
