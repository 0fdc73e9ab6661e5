/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is answered: rules for networks, of which the most specific one decides, and the networks
 * of the interfaces on which hostd listens. Nobody is, for whom there is no rule. Built by the
 * main thread, immutable from then on. Pure.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "hostd/ntp-peer.h"

typedef struct VtNtpAccess VtNtpAccess;

/* Refuses everybody. Transfer full. */
VtNtpAccess *vt_ntp_access_new(void);
void vt_ntp_access_free(VtNtpAccess *access);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpAccess, vt_ntp_access_free)

/*
 * A rule of the settings: "192.0.2.0/24", "2001:db8::/32", one address, or "all". Of two rules
 * for the same network `deny` wins. VT_ERROR_INVALID for anything else.
 */
bool vt_ntp_access_add(VtNtpAccess *access,
                       const char *network,
                       bool is_allowed,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * An interface's own network, allowed to whoever comes in by it. A rule of the settings for the
 * same network or a part of it goes before.
 */
void vt_ntp_access_add_own(VtNtpAccess *access,
                           uint32_t interface_index,
                           VtNtpPeerAddress address,
                           unsigned n_bits);

/*
 * One client, whom none of the networks' rules concerns then. Of two rules for the same client
 * the one that denies wins.
 */
void vt_ntp_access_add_peer(VtNtpAccess *access, const VtNtpPeer *peer, bool is_allowed);

bool vt_ntp_access_is_allowed(const VtNtpAccess *access, const VtNtpPeer *peer);

size_t vt_ntp_access_get_n_rules(const VtNtpAccess *access);
