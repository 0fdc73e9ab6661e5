/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns the parts of the host daemon and joins them: domains, guests, the host's clock. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "hostd/host-watch.h"
#include "hostd/ntp-service.h"
#include "os/passed-fds.h"

typedef struct VtHostd VtHostd;

typedef struct {
    const char *uri;         /* of libvirt */
    VtHostWatchParams host;  /* how its own clock is judged and watched */
    const char *opener_path; /* NULL: channels are connected to without an opener */
    VtPassedFds *passed;     /* links kept over a restart; NULL: none */
    VtNtpServiceParams ntp;
    const char *state_path; /* folder of what outlives hostd; NULL: nothing does */
} VtHostdParams;

/*
 * Begins to serve; a libvirt that is not there yet is waited for. vt_domain_watch_prepare must
 * have been called; @clock must outlive it. NULL if the NTP service cannot be as the settings
 * want it. Transfer full.
 */
VtHostd *vt_hostd_new(const VtHostdParams *params, VtClock *clock, GError **error);
void vt_hostd_free(VtHostd *hostd);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtHostd, vt_hostd_free)

/*
 * The settings were read anew: what of @params can change while it runs is in force from now
 * on. What the NTP service would not take is an error, and then nothing has changed.
 */
bool vt_hostd_reconfigure(VtHostd *hostd, const VtHostdParams *params, GError **error);

/* The results of org.virttime.Host1.GetHost, GetGuests, GetJournal. Floating references. */
GVariant *vt_hostd_get_host(VtHostd *hostd);
GVariant *vt_hostd_get_guests(VtHostd *hostd);
GVariant *vt_hostd_get_journal(VtHostd *hostd, unsigned n_most);

/* The results of GetNtpClients and GetNtpCounters. Floating references. */
GVariant *vt_hostd_get_ntp_clients(VtHostd *hostd, unsigned n_most);
GVariant *vt_hostd_get_ntp_counters(VtHostd *hostd);

/* During an incident: no guest is told to step. Holds over a restart of hostd. */
void vt_hostd_set_frozen(VtHostd *hostd, bool is_frozen);

/* Asks one guest, by name or UUID, to measure now; see vt_guest_resync. */
bool vt_hostd_resync(VtHostd *hostd, const char *word, GError **error);
