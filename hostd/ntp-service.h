/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hostd's side of the NTP server: from the settings to addresses, warnings about those that
 * cannot be served, and what guests and operators are told of them.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "hostd/ntp-server.h"

typedef struct {
    VtNtpAddress addresses[VT_NTP_SERVER_MAX_ADDRESSES];
    size_t n_addresses;
    bool
        is_asked_for; /* the operator named them: one that cannot be served is worth a warning */
} VtNtpListen;

/*
 * From the settings `listen` and `ntp-port`: an empty list is loopback alone, port 0 is no
 * service at all. VT_ERROR_INVALID for what is not an address, and for too many.
 */
bool vt_ntp_listen_parse(const char *const *listen,
                         int64_t ntp_port,
                         VtNtpListen *ret_listen,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct VtNtpService VtNtpService;

/* @clock must outlive it. Transfer full. */
VtNtpService *vt_ntp_service_new(const VtNtpListen *listen, VtClock *clock);
void vt_ntp_service_free(VtNtpService *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpService, vt_ntp_service_free)

/* Each second: what replies say of the host; tells the log of addresses lost and won. */
void vt_ntp_service_refresh(VtNtpService *service, const VtHostClock *host);

/* Where guests may ask, loopback left out; returns how many. */
size_t vt_ntp_service_get_link_addresses(VtNtpService *service,
                                         VtLinkAddress ret_addresses[VT_LINK_MAX_ADDRESSES]);

/* The keys of org.virttime.Host1.GetHost that begin with "ntp". */
void vt_ntp_service_insert(VtNtpService *service, GVariantDict *dict);
