/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The handshake of the link, the same for both sides: whose nonce is whose, and when the link
 * is up. A HELLO with a new nonce in mid-stream begins a new session, since no hang-up is
 * guaranteed when a guest is restored or a daemon restarted. See docs/protocol.md.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/link-message.h"

typedef struct {
    uint64_t own_nonce;
    uint64_t peer_nonce; /* 0: no HELLO seen yet */
    bool is_up;          /* the other side has answered to our nonce */
    uint32_t sequence;   /* of the next frame sent */
} VtLinkSession;

/* What a HELLO asks for. */
typedef struct {
    bool is_new_session; /* the peer is another than before: forget what it said */
    bool came_up;        /* the link was down and is up now, or came up for a new session */
    bool needs_answer;   /* send our HELLO */
} VtLinkHelloEffect;

/* Begins anew with @own_nonce (never 0); nothing is known of the other side. */
void vt_link_session_begin(VtLinkSession *session, uint64_t own_nonce);

VtLinkHelloEffect vt_link_session_on_hello(VtLinkSession *session, const VtLinkHello *hello);

/* Stamps version and sequence into @frame, which is then ready for vt_link_frame_encode. */
void vt_link_session_seal(VtLinkSession *session, VtLinkFrame *frame);
