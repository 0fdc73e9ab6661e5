/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One clock among several, as the files that share its making see it: source*.c alone. */
#pragma once

#include "agent/source.h"
#include "core/source-record.h"
#include "core/source-stats.h"

struct VtSource {
    char *name;
    const char *kind;
    bool is_absent;  /* its device was taken away */
    bool is_offline; /* the operator wants it left alone */
    VtSourceClass source_class;
    const VtSourceOwner *owner;
    VtLink *link;                 /* NULL: a server */
    VtLink *substitute_of;        /* NULL: it is there in its own right */
    VtLinkAddress address;        /* of a substitute */
    const VtServerConfig *config; /* of a server */
    VtProvider provider;
    VtPoll poll;
    VtSourceRecord record;
    VtReading last_reading; /* while n_failed is 0, and the record has one */
    VtSourceStats stats;
    VtStanding standing;
    VtSourceState state;
    bool is_preferred; /* by the settings; so are the two below */
    bool is_trusted;
    bool is_required;
    bool is_pool_member;
    unsigned n_failed; /* readings in a row */
    unsigned n_denied; /* readings in a row of one that contradicts the rest */
    bool has_result;   /* something has come of asking, at: */
    VtMono raw_result_at;
    bool is_unsmeared;       /* where it must not be; */
    VtMono raw_unsmeared_at; /* it said so then */
    bool is_renewed;         /* it is at another address, and who follows it does not know */
    bool is_reading;
    GSource *timer; /* until it may be asked */
};

/* Whether it is there to be asked at all. */
bool vt_source_is_needed(const VtSource *source);

/* Whether it may be followed; @is_urgent: it can be asked at this very moment, too. */
bool vt_source_is_usable(const VtSource *source, bool is_urgent);

/* What all kinds have in common. Transfer full. */
VtSource *
vt_source_make(const char *name, VtSourceClass source_class, const VtSourceOwner *owner);

/* For the provider: a VtReadingFunc. */
void vt_source_on_reading(const VtReading *reading, void *user_data);
