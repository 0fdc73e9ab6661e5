/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interleaved mode of NTP (RFC 9769): each reply tells when the one before it really left
 * the server, as the server's kernel saw it. Waiting for that would make each reading one poll
 * old. So what is taken from it is how long the server holds a request in truth; its present
 * reply is then taken to have left as long after the request came as the quickest of the last
 * few did. A reply that took longer only has a wider interval, in which true time still lies.
 * A server that knows nothing of it answers as always. Pure.
 */
#pragma once

#include <stdbool.h>

#include "proto/ntp-packet.h"

#define VT_NTP_RESIDENCE_HELD 8

/* Zeroed is fresh: the first request is an ordinary one. */
typedef struct {
    bool has_last;
    VtNtpStamp receive; /* of the last reply that served: asks for its transmit stamp */
    unsigned n_missed;  /* requests since then */
    /* How long the last ones were held in truth, in units of a stamp. */
    uint64_t held[VT_NTP_RESIDENCE_HELD];
    unsigned n_held;
    unsigned next_held;
} VtNtpResidence;

/* Makes @request ask for it; @nonce is what nobody can guess, other than its transmit. */
void vt_ntp_residence_ask(VtNtpResidence *residence, VtNtpPacket *request, uint64_t nonce);

/*
 * If @reply is the interleaved one to @request: learns from it, makes it into the ordinary reply
 * that it stands for, and is true. Else @reply is left as it is.
 */
bool vt_ntp_residence_take(VtNtpResidence *residence,
                           const VtNtpPacket *request,
                           VtNtpPacket *reply);

/* @reply, of whichever kind, has served: the next request may refer to it. */
void vt_ntp_residence_note(VtNtpResidence *residence, const VtNtpPacket *reply);
