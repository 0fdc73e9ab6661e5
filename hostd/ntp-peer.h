/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who sent a request: an IP address in one form for both families, and the interface it came in
 * by, since the same address on two bridges is two guests. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* The 128 bits of an IPv6 address as two numbers; IPv4 is ::ffff:a.b.c.d. */
typedef struct {
    uint64_t high;
    uint64_t low;
} VtNtpPeerAddress;

typedef struct {
    VtNtpPeerAddress address;
    uint32_t interface_index;
} VtNtpPeer;

/* For hash tables. */
unsigned vt_ntp_peer_hash(const void *peer);
int vt_ntp_peer_equal(const void *a, const void *b);

/* Bits before those of an IPv4 address. */
#define VT_NTP_PEER_V4_PREFIX_BITS 96

VtNtpPeerAddress vt_ntp_peer_address_from_v4(const uint8_t bytes[4]);
VtNtpPeerAddress vt_ntp_peer_address_from_v6(const uint8_t bytes[16]);

/* Of a socket address of either family; others give ::. */
VtNtpPeerAddress vt_ntp_peer_address_from_socket(const struct sockaddr *address);

bool vt_ntp_peer_address_is_v4(VtNtpPeerAddress address);

/* The first @n_bits, the others zero. */
VtNtpPeerAddress vt_ntp_peer_address_mask(VtNtpPeerAddress address, unsigned n_bits);

/* "192.0.2.1", "2001:db8::1". Transfer full. */
char *vt_ntp_peer_address_format(VtNtpPeerAddress address);
