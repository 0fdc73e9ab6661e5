/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A request and the state of the host's clock in, the NTP reply out. Pure. */
#pragma once

#include "hostd/host-clock.h"
#include "proto/ntp-packet.h"

/* Whether @request is a client's, of a version that is answered. */
bool vt_responder_is_for(const VtNtpPacket *request);

/*
 * The reply to @request, received at @received_at, complete but for the transmit stamp, which
 * the caller sets as late as it can. False for anything but a client's request (mode 3,
 * version 1 to 4): answering other modes would make reply loops.
 */
bool vt_responder_reply(const VtNtpPacket *request,
                        const VtHostClock *host,
                        VtWall received_at,
                        VtNtpPacket *ret_reply);

/*
 * What hostd itself sees of a guest's clock, from the stamps of one exchange and, where the
 * request carries them, of the one before: offset is host minus guest, within +- error.
 */
typedef struct {
    bool is_known; /* false: the request has no stamps of an exchange before */
    VtNs offset_ns;
    VtNs error_ns; /* half the round trip */
} VtSeenOffset;

VtSeenOffset vt_responder_see(const VtNtpPacket *request, VtWall received_at);
