/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's end of the link to one guest: the channel's socket, frames, handshake. Guests are
 * hostile: nothing is allocated in proportion to what one sends, nothing is queued for one
 * that does not read, what does not fit the socket's buffer is dropped, and one that sends more
 * than hostd/link-limit.h allows is cut off.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "os/clock.h"
#include "proto/link-message.h"
#include "proto/link-scanner.h"

typedef struct VtGuestLink VtGuestLink;

typedef struct {
    /* The handshake is complete, also when a new session begins on a link that was up. */
    void (*on_up)(void *user_data);
    /* The socket is closed: free the link and connect anew. Called from an idle source. */
    void (*on_closed)(void *user_data);
    /* @received_at was read right after the bytes arrived. */
    void (*on_request)(const VtLinkTime *request, VtWall received_at, void *user_data);
    void (*on_ack)(const VtLinkAck *ack, void *user_data);
    void (*on_report)(const VtLinkReport *report, void *user_data);
} VtGuestLinkListener;

typedef struct {
    uint64_t n_malformed; /* a known type whose payload was refused */
    uint64_t n_foreign_session;
    uint64_t n_unsent; /* frames that did not fit */
    bool is_cut_off;   /* ended because the guest sent too much */
    VtLinkScannerCounters scanner;
} VtGuestLinkCounters;

/*
 * Over @fd, a connected socket that is the link's from now on; @clock, which must outlive the
 * link, stamps the exchanges. Sends nothing yet. Transfer full.
 */
VtGuestLink *
vt_guest_link_new(int fd, VtClock *clock, const VtGuestLinkListener *listener, void *user_data);
void vt_guest_link_free(VtGuestLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtGuestLink, vt_guest_link_free)

/*
 * Ends the connection for every process that has a copy of its socket; freeing the link alone
 * leaves it open for them. The listener is told as of any end.
 */
void vt_guest_link_hang_up(VtGuestLink *link);

/* What the next HELLOs say. */
void vt_guest_link_set_hello(VtGuestLink *link, uint32_t epoch, uint8_t mode);

/* And where the host's NTP service answers; at most VT_LINK_MAX_ADDRESSES. */
void vt_guest_link_set_addresses(VtGuestLink *link, const VtLinkAddress *addresses, uint8_t n);

/* Begins the handshake; again to tell a new mode. False when it did not fit. */
bool vt_guest_link_send_hello(VtGuestLink *link);

bool vt_guest_link_is_up(const VtGuestLink *link);

/* The session is filled in. False when it did not fit or the link is down. */
bool vt_guest_link_send_notice(VtGuestLink *link, const VtLinkNotice *notice);

/*
 * Sends the reply whose transmit stamp is still open: it is read and filled in here, and only
 * when nothing waits in the socket's buffer, since a reply that waits there says a wrong time.
 */
bool vt_guest_link_send_reply(VtGuestLink *link, VtLinkTime *reply);

VtGuestLinkCounters vt_guest_link_get_counters(const VtGuestLink *link);

/* How many frames were refused, for whatever reason. */
uint64_t vt_guest_link_count_rejected(const VtGuestLink *link);
