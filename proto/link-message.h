/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The messages of the link, one struct for each type, to and from the payload of a frame.
 * Little-endian, packed in the order of the fields. A decoder accepts a payload that is longer
 * than it knows (a newer peer adds fields at the end) and refuses a shorter one; enumerations
 * outside their range and bounds below zero are refused, flags it does not know are cleared.
 *
 * Sessions: each side draws a random 64-bit nonce. The pair of HELLOs makes a session; a HELLO
 * with a new nonce in mid-stream makes a new one. All other messages carry the nonce of
 * hostd's side as `session`, so never 0; what belongs to another session is dropped. Epochs
 * count the disruptions of one guest and are compared within one session only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "proto/link-frame.h"
#include "proto/link-words.h"
#include "proto/ntp-packet.h"

#define VT_LINK_MAX_ADDRESSES   8
#define VT_LINK_REFERENCE_BYTES 16

/* Where the host's NTP service answers. Port in host byte order. */
typedef struct {
    uint8_t family; /* 4 or 6 */
    uint16_t port;
    uint8_t address[16]; /* network byte order; the first 4 for family 4 */
} VtLinkAddress;

typedef struct {
    uint64_t nonce;        /* of the sender, never 0 */
    uint64_t peer_nonce;   /* last seen from the other side, 0 = none */
    uint32_t epoch;        /* from hostd: the current one; from a guest: 0 */
    uint8_t version_least; /* link versions the sender speaks */
    uint8_t version_greatest;
    uint8_t mode; /* VtLinkMode from hostd; VT_LINK_MODE_INVALID from a guest */
    uint8_t n_addresses;
    VtLinkAddress addresses[VT_LINK_MAX_ADDRESSES];
} VtLinkHello;

/*
 * One exchange. The NTP packet of a request carries the guest's true T1 as transmit and, from
 * the second exchange on, T3 and T4 of the last one as origin and receive, so that hostd can
 * compute the guest's offset with both directions; receive is 0 when the clock was stepped in
 * between.
 */
typedef struct {
    uint64_t session;
    uint64_t nonce; /* random, names this exchange */
    uint32_t epoch; /* request: newest seen by the guest; reply: read when T3 is stamped */
    VtNtpPacket packet;
} VtLinkTime;

/* Names one disruption on every host and over every restart. */
typedef struct {
    uint64_t instance; /* random, one for each start of hostd */
    uint64_t counter;
} VtLinkEventId;

#define VT_LINK_NOTICE_HOST_SYNCHRONISED UINT8_C(0x01)
#define VT_LINK_NOTICE_STAND_STILL_KNOWN UINT8_C(0x02)
/* Sent while the guest stands still, to be read by its first instructions. */
#define VT_LINK_NOTICE_EARLY UINT8_C(0x04)

typedef struct {
    uint64_t session;
    VtLinkEventId event;
    uint32_t epoch;
    uint8_t cause;       /* VtLinkCause */
    uint8_t flags;       /* VT_LINK_NOTICE_… */
    VtWall seen_at;      /* host's clock when hostd learnt of it; a lower bound of true time */
    VtNs stand_still_ns; /* how long the guest stood still, if known; else 0 */
    VtNs host_error_ns;  /* the host's own error bound */
} VtLinkNotice;

typedef struct {
    uint64_t session;
    VtLinkEventId event;
    uint8_t action;       /* VtLinkAckAction */
    VtNs offset_ns;       /* found before the correction */
    VtNs residual_ns;     /* found after it */
    VtNs error_ns;        /* bound of the residual */
    VtMono first_hint_at; /* guest's CLOCK_BOOTTIME */
    VtMono corrected_at;  /* the same; first_hint_at if nothing was corrected */
    char reference[VT_LINK_REFERENCE_BYTES + 1]; /* printable ASCII on the wire, or refused */
} VtLinkAck;

#define VT_LINK_REPORT_SYNCHRONISED   UINT8_C(0x01)
#define VT_LINK_REPORT_CANNOT_CORRECT UINT8_C(0x02) /* no permission to set the clock */

typedef struct {
    uint64_t session;
    uint8_t state; /* the guest's VtState as a number; shown, never acted upon */
    uint8_t flags; /* VT_LINK_REPORT_… */
    uint8_t stratum;
    VtNs offset_ns;
    VtNs error_ns;         /* published error bound */
    int64_t rate_ppb;      /* learnt rate of the guest's oscillator, positive = it runs slow */
    VtNs root_distance_ns; /* of the reference */
    char reference[VT_LINK_REFERENCE_BYTES + 1];
} VtLinkReport;

/*
 * Each encoder fills type and payload of @frame (version and sequence are the sender's) and
 * writes '?' for what is not printable in a reference; each decoder returns false if the type
 * is another, the payload too short or a value out of range, and writes its result only on
 * success.
 */
void vt_link_hello_encode(const VtLinkHello *hello, VtLinkFrame *frame);
bool vt_link_hello_decode(const VtLinkFrame *frame, VtLinkHello *ret_hello);

/* @type is VT_LINK_TIME_REQUEST or VT_LINK_TIME_REPLY. */
void vt_link_time_encode(const VtLinkTime *time, VtLinkType type, VtLinkFrame *frame);
bool vt_link_time_decode(const VtLinkFrame *frame, VtLinkType type, VtLinkTime *ret_time);

void vt_link_notice_encode(const VtLinkNotice *notice, VtLinkFrame *frame);
bool vt_link_notice_decode(const VtLinkFrame *frame, VtLinkNotice *ret_notice);

void vt_link_ack_encode(const VtLinkAck *ack, VtLinkFrame *frame);
bool vt_link_ack_decode(const VtLinkFrame *frame, VtLinkAck *ret_ack);

void vt_link_report_encode(const VtLinkReport *report, VtLinkFrame *frame);
bool vt_link_report_decode(const VtLinkFrame *frame, VtLinkReport *ret_report);

bool vt_link_event_id_equal(const VtLinkEventId *a, const VtLinkEventId *b);
