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
    VtLink *link;          /* NULL: a server */
    VtLink *substitute_of; /* NULL: it is there in its own right */
    VtLinkAddress address; /* of a substitute */
    VtProvider provider;
    VtPoll poll;
    VtSourceRecord record;
    VtSourceStats stats;
    VtStanding standing;
    VtSourceState state;
    bool is_reading;
    GSource *timer; /* until it may be asked */
};

/* Whether it is there to be asked at all. */
bool vt_source_is_needed(const VtSource *source);

/* Whether it may be followed; @is_urgent: it can be asked at this very moment, too. */
bool vt_source_is_usable(const VtSource *source, bool is_urgent);
