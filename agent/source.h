/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One clock among several: its provider, when it may be asked, and how it does. */
#pragma once

#include <stdbool.h>

#include <gio/gio.h>

#include "agent/config.h"
#include "agent/devices/link.h"
#include "agent/poll.h"
#include "agent/providers/provider.h"
#include "core/agreement.h"
#include "core/choice.h"
#include "core/combination.h"
#include "core/source-state.h"
#include "os/clock.h"

typedef struct VtSource VtSource;

/* @reading is NULL when there was none; one that cannot be believed comes too. */
typedef void (*VtSourceFunc)(VtSource *source, const VtReading *reading, void *user_data);

/* Who hears of its readings. */
typedef struct {
    VtClock *clock;
    VtSourceFunc on_reading;
    void *user_data;
    VtNs tick_ns;    /* as in VtSourcesServers */
    bool is_smeared; /* those that announce a leap second are not wanted */
    double rate_ppb; /* of the oscillator, as learnt so far */
    double rate_sigma_ppb;
} VtSourceOwner;

/* A clock of this machine: how its provider is made, and what the operator calls it. */
typedef struct {
    const char *name; /* "ptp0"; copied */
    const char *kind; /* "kvm", "vmclock", "rtc", ...; static */
    VtSourceClass source_class;
    const void *params; /* of what make makes; used within the call alone */
    VtProvider (*make)(const void *params,
                       VtClock *clock,
                       VtReadingFunc on_reading,
                       void *user_data);
} VtSourceClock;

/* @owner and @link must outlive the source. Transfer full. */
VtSource *vt_source_new_clock(const VtSourceClock *clock, const VtSourceOwner *owner);
VtSource *vt_source_new_link(VtLink *link, const VtSourceOwner *owner);

void vt_source_free(VtSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtSource, vt_source_free)

/* On each tick: asks it if its time has come; a link that is down counts as a failure. */
void vt_source_on_tick(VtSource *source, bool is_wanted);

/* Asks it as soon as it may be asked; forgets a request under way. */
void vt_source_measure(VtSource *source);

/* Whether the device behind it is there; one that is not is never asked. At first it is. */
void vt_source_set_present(VtSource *source, bool is_present);

/* Transfer none. */
VtProvider *vt_source_get_provider(VtSource *source);

bool vt_source_is_reading(const VtSource *source);

const char *vt_source_get_name(const VtSource *source);

/* Whether @name is its name or its address, with or without the port. */
bool vt_source_is_called(const VtSource *source, const char *name);
VtNs vt_source_get_holdover(const VtSource *source);

/* @is_urgent: what cannot be asked at this very moment is of no use. */
VtCandidate vt_source_get_candidate(const VtSource *source, bool is_urgent, VtMono raw_now);

/* What it is among those whose word is combined; only servers are, clocks of a host are one. */
VtContender vt_source_get_contender(const VtSource *source, VtMono raw_now);

/* What has become of it: it is followed, or its word counts beside the followed one's. */
void vt_source_note_place(VtSource *source, bool is_followed, bool is_combined);

/* Its last reading; false if that did not come, or was none to believe. */
bool vt_source_get_last(const VtSource *source, VtReading *ret_reading);

/*
 * What it says of true time at @raw_now; a reading begun before @raw_calm_at, or of a clock that
 * is not synchronised, says nothing. The RTC only repeats what others have said.
 */
VtOpinion vt_source_get_opinion(const VtSource *source, VtMono raw_calm_at);

/* What the others make of it; one that is false is not followed. */
VtStanding *vt_source_get_standing(VtSource *source);

/* The clock has jumped: what its readings told together is worth nothing. */
void vt_source_forget_stats(VtSource *source);

/*
 * What the operator wants of it: a burst of readings as soon as it may be asked, or that it is
 * left alone. False if it cannot be asked in a burst.
 */
bool vt_source_burst(VtSource *source);
void vt_source_set_online(VtSource *source, bool is_online);
bool vt_source_is_online(const VtSource *source);
