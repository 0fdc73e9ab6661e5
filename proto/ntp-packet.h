/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The 48-byte NTP header (RFC 5905, section 7.3), big-endian, decoded to and from a struct.
 * Pure: bytes in, struct out, nothing believed that was not checked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/ntp-stamp.h"

#define VT_NTP_PACKET_BYTES 48
#define VT_NTP_VERSION      4

#define VT_NTP_STRATUM_UNSYNCHRONISED 16

typedef enum {
    VT_NTP_LEAP_NONE = 0,
    VT_NTP_LEAP_INSERT = 1,
    VT_NTP_LEAP_DELETE = 2,
    VT_NTP_LEAP_UNSYNCHRONISED = 3,
} VtNtpLeap;

typedef enum {
    VT_NTP_MODE_CLIENT = 3,
    VT_NTP_MODE_SERVER = 4,
} VtNtpMode;

typedef struct {
    uint8_t leap;    /* VtNtpLeap, 0..3 */
    uint8_t version; /* 0..7 */
    uint8_t mode;    /* 0..7 */
    uint8_t stratum; /* 0 = unspecified or kiss, 1..15, 16 = unsynchronised */
    int8_t poll_log2_sec;
    int8_t precision_log2_sec;
    VtNtpShort root_delay;
    VtNtpShort root_dispersion;
    uint32_t reference_id; /* first byte on the wire is the most significant */
    VtNtpStamp reference;
    VtNtpStamp origin;
    VtNtpStamp receive;
    VtNtpStamp transmit;
} VtNtpPacket;

/* What is wrong with a reply; every value but OK is a reason to drop it and count. */
typedef enum {
    VT_NTP_CHECK_OK,
    VT_NTP_CHECK_SHORT,    /* fewer than 48 bytes */
    VT_NTP_CHECK_VERSION,  /* not 3 or 4, or newer than asked */
    VT_NTP_CHECK_MODE,     /* not a server's reply */
    VT_NTP_CHECK_ORIGIN,   /* not the answer to this request (RFC 5905 test 2) */
    VT_NTP_CHECK_ZERO,     /* receive or transmit unknown (test 3) */
    VT_NTP_CHECK_DISTANCE, /* root distance of 16 s and more (test 7) */
    VT_NTP_CHECK_ORDER,    /* sent before received, or more than 4 s after */
    VT_NTP_CHECK_CODE,     /* authentication code wrong or missing; told by who has the key */
    VT_NTP_N_CHECKS,
} VtNtpCheck;

/*
 * Decodes the header of @bytes. False if @n_bytes is below 48; longer input is accepted,
 * extension fields are not looked at.
 */
bool vt_ntp_packet_decode(const uint8_t *bytes, size_t n_bytes, VtNtpPacket *ret_packet);

/* Fields wider than their bits on the wire are cut to them (leap 2, version 3, mode 3 bits). */
void vt_ntp_packet_encode(const VtNtpPacket *packet, uint8_t ret_bytes[VT_NTP_PACKET_BYTES]);

/*
 * How long the server held the request that it received at @receive, in 2^-32 s. Servers fill the
 * bits that their clock cannot tell by lot, so that it may seem to have sent before it received,
 * by as much as its precision: that is 0. False if the two are out of order, or 4 s apart.
 */
bool vt_ntp_packet_get_held(const VtNtpPacket *reply, VtNtpStamp receive, uint64_t *ret_held);

/*
 * The packet tests of RFC 5905 that need no history, in the order of the enumeration, on the
 * reply to @request. A request whose transmit is 0 has no reply. A reply of an unsynchronised
 * server (leap 3) passes whatever its root distance: the caller decides what such a server is
 * good for. Never VT_NTP_CHECK_SHORT nor VT_NTP_CHECK_CODE: those are found elsewhere.
 */
VtNtpCheck vt_ntp_packet_check_reply(const VtNtpPacket *reply, const VtNtpPacket *request);
