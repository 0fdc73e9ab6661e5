/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's end of the link to hostd: port, frames, handshake. Hands time replies to the
 * link's provider and notices to its hints; keeps session and epoch, so that neither of them
 * ever sees what belongs to another session or, for replies, to an older epoch.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "agent/devices/port.h"
#include "base/units.h"
#include "os/clock.h"
#include "proto/link-message.h"

typedef struct VtLink VtLink;

typedef enum {
    VT_LINK_STATE_NO_PORT, /* this machine has no such port, or it cannot be opened */
    VT_LINK_STATE_CLOSED,  /* the host side is closed */
    VT_LINK_STATE_OPEN,    /* open; no HELLO came back yet */
    VT_LINK_STATE_UP,
} VtLinkState;

/* The state, or the session, changed. */
typedef void (*VtLinkStateFunc)(VtLinkState state, void *user_data);
typedef void (*VtLinkNoticeFunc)(const VtLinkNotice *notice, void *user_data);
/* A reply showed an epoch that no notice had told of: something happened meanwhile. */
typedef void (*VtLinkEpochFunc)(void *user_data);
/* The host said in a HELLO what it had not said before. */
typedef void (*VtLinkModeFunc)(uint8_t mode, void *user_data);
/* @received was read right after the bytes arrived. */
typedef void (*VtLinkReplyFunc)(const VtLinkTime *reply, VtInstant received, void *user_data);

/* @clock must outlive the link. Opens nothing yet: vt_link_probe does. Transfer full. */
VtLink *vt_link_new(const VtPortPlaces *places, const char *port_name, VtClock *clock);
void vt_link_free(VtLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtLink, vt_link_free)

/* One user of each kind; NULL ends it. */
void vt_link_set_state_func(VtLink *link, VtLinkStateFunc func, void *user_data);
void vt_link_set_notice_func(VtLink *link, VtLinkNoticeFunc func, void *user_data);
void vt_link_set_mode_func(VtLink *link, VtLinkModeFunc func, void *user_data);
void vt_link_set_epoch_func(VtLink *link, VtLinkEpochFunc func, void *user_data);
void vt_link_set_reply_func(VtLink *link, VtLinkReplyFunc func, void *user_data);

/* On each tick and SIGIO: opens the port if there is one, repeats a HELLO nobody answered. */
void vt_link_probe(VtLink *link);

/*
 * Whether a time request may go out: the link is up, or the other side's HELLO was heard and ours
 * goes before the request. A guest that comes back from a file asks a round trip sooner.
 */
bool vt_link_can_ask(const VtLink *link);

VtLinkState vt_link_get_state(const VtLink *link);

/*
 * What the host said in its last HELLO, also while the link is down; VT_LINK_MODE_INVALID before
 * the first.
 */
uint8_t vt_link_get_mode(const VtLink *link);

/* What an earlier run heard, to hold until the first HELLO. */
void vt_link_assume_mode(VtLink *link, uint8_t mode);

/*
 * Where the host's NTP service answers, as its last HELLO said, also while the link is down.
 * Returns how many; *@ret_addresses is borrowed.
 */
uint8_t vt_link_get_addresses(const VtLink *link, const VtLinkAddress **ret_addresses);

/* Why there is no port, in words; NULL when there is one. Transfer none. */
const char *vt_link_get_problem(const VtLink *link);

/* This machine has no such port, which is no fault of a machine that follows another clock. */
bool vt_link_is_missing(const VtLink *link);

/*
 * Sends a time request. @request carries nonce and packet; session and epoch are filled in, and
 * the packet's transmit stamp with the clock read just before sending, which is also returned.
 * False when the link is not up or the queue is full.
 */
bool vt_link_send_request(VtLink *link, VtLinkTime *request, VtInstant *ret_sent);

/* The session is filled in. What cannot be sent is lost: hostd asks again. */
bool vt_link_send_ack(VtLink *link, const VtLinkAck *ack);
bool vt_link_send_report(VtLink *link, const VtLinkReport *report);
