/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connecting to one guest's channel: at most one attempt at a time, what was kept over a restart
 * of hostd first, not too soon after the guest was cut off, and each reason for a failure said
 * once. It knows nothing of what is said over the connection.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "base/units.h"
#include "hostd/channels.h"

typedef struct VtGuestChannel VtGuestChannel;

typedef struct {
    /* @fd is the callee's from now on. @was_kept: it stood while hostd was restarted. */
    void (*on_connected)(VtFd fd, bool was_kept, void *user_data);
    /* Already logged; the same path may be tried again, or waited for again. */
    void (*on_failed)(const GError *error, void *user_data);
} VtGuestChannelListener;

/*
 * @shown_name is for logs. @channels, @listener and both names must outlive it. Transfer full.
 */
VtGuestChannel *vt_guest_channel_new(VtChannels *channels,
                                     const char *uuid,
                                     const char *shown_name,
                                     const VtGuestChannelListener *listener,
                                     void *user_data);

/* A connection goes on to be kept for hostd's next start. Takes NULL. */
void vt_guest_channel_free(VtGuestChannel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtGuestChannel, vt_guest_channel_free)

/* Begins to connect to the socket at @path, of the live XML; the listener is told how it ends. */
void vt_guest_channel_connect(VtGuestChannel *channel, const char *path);

/*
 * The guest is gone and will come back: connects as soon as its socket appears; the listener is
 * told how it ends. False when nobody can wait for that.
 */
bool vt_guest_channel_await(VtGuestChannel *channel);

/*
 * Hangs up and connects again to the same socket. QEMU (seen in 7.2) forgets to tell a guest that
 * stood still that the host's end closed; what the guest then writes to the next connection is
 * never delivered, and only another hang-up, while the guest runs, mends that.
 */
void vt_guest_channel_reconnect(VtGuestChannel *channel);

/* Ends an attempt that is under way; the connection, if there is one, is kept no longer. */
void vt_guest_channel_close(VtGuestChannel *channel);

/* The guest flooded its link, at @now: connect later, and later still each time. */
void vt_guest_channel_cut_off(VtGuestChannel *channel, VtMono now);

/* It has to be told something, whatever it did before. */
void vt_guest_channel_pardon(VtGuestChannel *channel);

/* The link is up at @now: one that stays so for long starts again with the shortest wait. */
void vt_guest_channel_note_up(VtGuestChannel *channel, VtMono now);

/* Whether @now an attempt would be allowed. */
bool vt_guest_channel_may_connect(const VtGuestChannel *channel, VtMono now);
