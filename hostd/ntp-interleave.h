/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interleaved mode (RFC 9769): when a reply really left is known only after it has, so it is kept
 * until the client's next request, which names the reply by the receive stamp in it. A table of
 * fixed size; what is overwritten, or was never told by the kernel, means a basic reply. Pure.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "proto/ntp-packet.h"

typedef struct VtNtpInterleave VtNtpInterleave;

/* Transfer full. */
VtNtpInterleave *vt_ntp_interleave_new(void);
void vt_ntp_interleave_free(VtNtpInterleave *interleave);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpInterleave, vt_ntp_interleave_free)

/*
 * Whether the client of @request may go on in interleaved mode: it names one of our receive
 * stamps. Only then is the true transmit time of the reply worth asking the kernel for.
 */
bool vt_ntp_interleave_is_wanted(const VtNtpPacket *request);

/*
 * When the reply that @request names has left; 0 if that is not known, or the request is not for
 * interleaved mode. Each is told once.
 */
VtNtpStamp vt_ntp_interleave_take(VtNtpInterleave *interleave, const VtNtpPacket *request);

/* A reply with this receive stamp is about to leave. */
void vt_ntp_interleave_expect(VtNtpInterleave *interleave, VtNtpStamp receive);

/* It has left; false if no such reply is expected. */
bool
vt_ntp_interleave_sent(VtNtpInterleave *interleave, VtNtpStamp receive, VtNtpStamp transmit);

/* The clock was set: what is kept belongs to another time. */
void vt_ntp_interleave_clear(VtNtpInterleave *interleave);

/*
 * The lowest bit tells our receive stamps (1) from transmit stamps (0); it is a quarter of a
 * nanosecond.
 */
VtNtpStamp vt_ntp_interleave_mark_receive(VtNtpStamp stamp);
VtNtpStamp vt_ntp_interleave_mark_transmit(VtNtpStamp stamp);
