/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hostd's side of the NTP server: from the settings, the interfaces and libvirt's networks to
 * places and rules, warnings about places that cannot be served, and what guests and operators
 * are told of them.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "hostd/domain-xml.h"
#include "hostd/ntp-listen.h"
#include "hostd/ntp-server.h"
#include "os/passed-fds.h"

typedef struct {
    VtNtpListen listen;
    const char *const *allow; /* networks and domains; NULL: none */
    const char *const *deny;
    const char *keys_path; /* NULL: no keys */
    VtNtpLimit limit;
    uint8_t island_stratum;   /* said while the host is not synchronised; 0: it says so */
    const char *const *cards; /* interfaces whose cards shall stamp; NULL: none */
    const char *uri;          /* of the libvirt that knows the networks; NULL: its own choice */
    VtPassedFds *passed;      /* sockets named "ntp…" are served instead; NULL: none */
} VtNtpServiceParams;

typedef struct VtNtpService VtNtpService;

/*
 * Begins to serve. @clock must outlive it; what @params points to need not. VT_ERROR_INVALID for
 * rules or keys that are not any, other codes for a file of keys that cannot be read. Transfer
 * full.
 */
VtNtpService *
vt_ntp_service_new(const VtNtpServiceParams *params, VtClock *clock, GError **error);
void vt_ntp_service_free(VtNtpService *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpService, vt_ntp_service_free)

/*
 * Rules, keys, limits and what an island says as in @params from now on; sockets and what is known
 * of clients stay. What vt_ntp_service_new would not take changes nothing.
 */
bool vt_ntp_service_reconfigure(VtNtpService *service,
                                const VtNtpServiceParams *params,
                                GError **error);

/* Whether vt_ntp_service_new would take @params. */
bool vt_ntp_service_check(const VtNtpServiceParams *params, GError **error);

/* A domain has these interfaces; NULL: it is gone. Rules for domains know it by them. */
void vt_ntp_service_set_guest(VtNtpService *service,
                              const char *uuid,
                              const char *name,
                              const VtDomainMacs *macs);

/* Each second: what replies say of the host; tells the log of places lost and won. */
void vt_ntp_service_refresh(VtNtpService *service, const VtHostClock *host);

/* Where guests may ask, loopback left out; returns how many. */
size_t vt_ntp_service_get_link_addresses(VtNtpService *service,
                                         VtLinkAddress ret_addresses[VT_LINK_MAX_ADDRESSES]);

/* The keys of org.virttime.Host1.GetHost that begin with "ntp". */
void vt_ntp_service_insert(VtNtpService *service, GVariantDict *dict);

/* The results of GetNtpClients, at most @n_most, and GetNtpCounters. Floating references. */
GVariant *vt_ntp_service_get_clients(VtNtpService *service, unsigned n_most);
GVariant *vt_ntp_service_get_counters(VtNtpService *service);
