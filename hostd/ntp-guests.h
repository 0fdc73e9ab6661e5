/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which guest an NTP client is: libvirt names the hardware addresses of each domain, and the
 * kernel's table of neighbours tells which of them an IP address has. What was seen once stays
 * known until the IP address has another one. As good as the network keeps its guests from using
 * each other's addresses; see docs/ntp-server.md.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "hostd/domain-xml.h"
#include "hostd/ntp-access.h"

/* In `allow` and `deny`: "domain:NAME" or "domain:UUID". */
#define VT_NTP_GUESTS_PREFIX "domain:"

/* IP addresses that are remembered at most. */
#define VT_NTP_GUESTS_MOST 65536

typedef struct VtNtpGuests VtNtpGuests;

/* Transfer full. */
VtNtpGuests *vt_ntp_guests_new(void);
void vt_ntp_guests_free(VtNtpGuests *guests);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpGuests, vt_ntp_guests_free)

/* The domain has these interfaces from now on; NULL: it is gone. */
void vt_ntp_guests_set(VtNtpGuests *guests,
                       const char *uuid,
                       const char *name,
                       const VtDomainMacs *macs);

/* Asks the kernel for its neighbours; returns whether something is not as it was. */
bool vt_ntp_guests_look(VtNtpGuests *guests);

/* A neighbour, as the kernel tells of it. */
void vt_ntp_guests_note(VtNtpGuests *guests, const VtNtpPeer *peer, const VtDomainMac *mac);

/* The name of the guest with that address; NULL if it is none's. Transfer none. */
const char *vt_ntp_guests_find(VtNtpGuests *guests, const VtNtpPeer *peer);

/* A rule for all addresses of the domain with that name or UUID. */
void vt_ntp_guests_add_rule(VtNtpGuests *guests,
                            const char *domain,
                            bool is_allowed,
                            VtNtpAccess *access);
