/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All clocks that the local one can be compared with. Asks each when it may be asked, remembers
 * how it does, chooses the one that is followed, and hands its readings on; those of the others
 * serve the choice alone. What a reading means is not its business.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "agent/config.h"
#include "agent/devices/link.h"
#include "agent/ntp-groups.h"
#include "agent/providers/provider.h"
#include "agent/providers/quality.h"
#include "agent/source.h"
#include "core/pipeline.h"
#include "os/clock.h"

typedef struct VtSources VtSources;

typedef struct {
    /* Another is followed from now on; comes before its first reading. */
    void (*on_change)(const VtPipelineReference *reference, void *user_data);
    /* Of the one that is followed; NULL: it could not be had. */
    VtReadingFunc on_reading;
} VtSourcesListener;

/*
 * The link and @servers (may be NULL), none of them asked yet; NTP services
 * that the host tells of over the link stand in for it while it is down. All arguments
 * must outlive it. Transfer full.
 */
VtSources *vt_sources_new(VtLink *link,
                          const VtSourcesServers *servers,
                          VtClock *clock,
                          const VtSourcesListener *listener,
                          void *user_data);
void vt_sources_free(VtSources *sources);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtSources, vt_sources_free)

/* A device of this machine showed up. Transfer none: it is there as long as @sources. */
VtSource *vt_sources_add_clock(VtSources *sources, const VtSourceClock *clock);

/*
 * How good the host's clock is, for all that show it: what the link says of it, and while it
 * says nothing, @error_ns (0: 100 ms). Borrowed; it changes from reading to reading.
 */
const VtQuality *vt_sources_get_host_quality(const VtSources *sources);
void vt_sources_set_host_error(VtSources *sources, VtNs error_ns);

/*
 * The settings were read anew. Sources that did not change are not disturbed. What @servers
 * points to must outlive @sources, as must what was handed in before.
 */
void vt_sources_set_servers(VtSources *sources, const VtSourcesServers *servers);

/* Each second: asks those whose time has come and judges who is to be followed. */
void vt_sources_on_tick(VtSources *sources);

/*
 * How right the clock is: @status, and whether a hint leaves that in doubt. While it is not, the
 * best of those at hand is taken at once; and a host that is not synchronised, and therefore not
 * followed, stands in as a stopwatch until the followed one answers.
 */
void vt_sources_set_status(VtSources *sources, const VtPipelineStatus *status, bool is_suspect);

/* The host's clock was set, or is another host's. */
void vt_sources_forget_stopwatch(VtSources *sources);

/*
 * A reading is wanted now: a request under way is forgotten, and a new one begun as soon as the
 * one that is followed may be asked.
 */
void vt_sources_measure(VtSources *sources);

/* The same of all of them: something befell the guest, and nobody knows who still answers. */
void vt_sources_measure_all(VtSources *sources);

/* Whether a reading of the one that is followed is under way. */
bool vt_sources_is_reading(const VtSources *sources);

/*
 * The name of the one whose readings are handed on: "link", also as a stopwatch, or that of a
 * server; "" for none. Borrowed.
 */
const char *vt_sources_get_name(const VtSources *sources);

/* How NTP calls that one; 0: it has no word for it. */
uint32_t vt_sources_get_reference_id(const VtSources *sources);

/* What is known of the clock without the RTC's own word. Borrowed; it changes all the time. */
const VtTruth *vt_sources_get_truth(const VtSources *sources);

/* Whether the link or a clock of the hypervisor's is there. */
bool vt_sources_has_host_clock(const VtSources *sources);

bool vt_sources_is_followed(const VtSources *sources, const VtSource *source);

/* The result of org.virttime.Agent1.GetSources, aa{sv}. Floating reference. */
GVariant *vt_sources_to_variant(VtSources *sources);

/* That of GetNtpData, aa{sv}, of the NTP source called @name; "": of all. Floating reference. */
GVariant *vt_sources_ntp_to_variant(VtSources *sources, const char *name);

/* By its name or its address, with or without the port; NULL: no such source. Borrowed. */
VtSource *vt_sources_find(const VtSources *sources, const char *name);

/* VtSource, all of them. Borrowed. */
const GPtrArray *vt_sources_get_list(const VtSources *sources);

/* What the local clocks show now. */
VtInstant vt_sources_read_clock(const VtSources *sources);
