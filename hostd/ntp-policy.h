/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whom the NTP service answers, how often, and with which keys. Made by the main thread, handed
 * to the server's, immutable from then on.
 */
#pragma once

#include <glib.h>

#include "hostd/ntp-access.h"
#include "hostd/ntp-clients.h"
#include "proto/ntp-keys.h"

typedef struct {
    VtNtpAccess *access;
    const VtNtpKeys *keys; /* borrowed: they outlive the server; NULL: there are none */
    VtNtpLimit limit;
} VtNtpPolicy;

/* Refuses everybody, without a limit. Transfer full. */
VtNtpPolicy *vt_ntp_policy_new(void);
void vt_ntp_policy_free(VtNtpPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpPolicy, vt_ntp_policy_free)
