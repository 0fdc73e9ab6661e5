/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the NTP service is to answer: an address of this host and a port, as the setting
 * `listen` has them, as sockets take them and as HELLO tells them. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <glib.h>

#include "hostd/ntp-peer.h"
#include "proto/link-message.h"

typedef struct {
    struct sockaddr_storage socket_address;
    socklen_t n_bytes;
} VtNtpAddress;

/*
 * Reads "192.0.2.1", "192.0.2.1:123", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:123";
 * a port that is missing is @default_port. VT_ERROR_INVALID on anything else, host names
 * included.
 */
bool vt_ntp_address_parse(const char *text,
                          uint16_t default_port,
                          VtNtpAddress *ret_address,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

VtNtpAddress vt_ntp_address_from_peer(VtNtpPeerAddress address, uint16_t port);

/* In host byte order. */
uint16_t vt_ntp_address_get_port(const VtNtpAddress *address);
void vt_ntp_address_set_port(VtNtpAddress *address, uint16_t port);

/* "192.0.2.1:123", "[2001:db8::1]:123". Transfer full. */
char *vt_ntp_address_format(const VtNtpAddress *address);

/*
 * As a guest can use it. False for what means nothing there: loopback, link-local and the
 * unspecified address.
 */
bool vt_ntp_address_to_link(const VtNtpAddress *address, VtLinkAddress *ret_address);
