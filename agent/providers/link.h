/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's clock, read over the link by the four-timestamp exchange. One exchange is in
 * flight; one that is not answered within 50 ms is repeated with a new nonce, since the stream
 * is not reliable over a restore, and after a second of silence the reading fails.
 */
#pragma once

#include "agent/devices/link.h"
#include "agent/providers/provider.h"

/* @link and @clock must outlive the provider. Cleared with vt_provider_clear. */
VtProvider
vt_provider_link_new(VtLink *link, VtClock *clock, VtReadingFunc on_reading, void *user_data);

/* Replies that were dropped, by reason (VtNtpCheck), and those to a forgotten request. */
typedef struct {
    uint64_t n_by_check[VT_NTP_N_CHECKS];
    uint64_t n_foreign;
    uint64_t n_repeated; /* requests sent again */
} VtProviderLinkCounters;

VtProviderLinkCounters vt_provider_link_get_counters(const VtProvider *provider);
