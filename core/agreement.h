/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which of several references contradict the rest. Each says that true time lies in an
 * interval; where those of a majority have a point in common (Marzullo), one that does not
 * contain it is wrong, however good it says it is; where some are trusted they alone make the
 * majority. Two that contradict each other accuse nobody, except that a clock of the
 * hypervisor's must show what the link to the host shows. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/source-record.h"

/* What one reference says. */
typedef struct {
    bool
        counts; /* it says anything at all, about the time since the clock was last disturbed */
    bool is_trusted; /* where such count, nobody else does */
    VtSourceClass source_class;
    VtMono raw_at;
    VtNs raw_offset_ns; /* reference - MONOTONIC_RAW at raw_at */
    VtNs error_ns;      /* the most by which that is off true time */
    uint8_t leap;       /* as it announces */
} VtOpinion;

/* Of one reference: zeroed at first. */
typedef struct {
    bool is_false;
    VtNs apart_ns;      /* it minus what the others agree upon */
    unsigned n_of_kind; /* judgements in a row that were other than is_false */
    VtMono raw_since;   /* when they began */
    unsigned n_good;    /* judgements in a row that found nothing against it */
} VtStanding;

/* Whether it was compared long enough to be followed in a hurry. */
bool vt_standing_is_vetted(const VtStanding *standing);

/*
 * Judges @opinions at @raw_now; to be called once a tick. @standings are theirs, in the same
 * order; several judgements in a row change one, and only those who spoke since they began
 * accuse: older words may be of before a pause. True when one has changed.
 */
bool vt_agreement_judge(const VtOpinion *opinions,
                        VtStanding *standings,
                        size_t n_opinions,
                        VtMono raw_now);

/* How one reference stands among those that count. */
typedef struct {
    size_t n_counting; /* the trusted ones alone, where there are any, and this one */
    size_t n_agreeing; /* with it, itself included; 0: it is not of the majority */
} VtAccord;

VtAccord
vt_agreement_weigh(const VtOpinion *opinions, size_t n_opinions, size_t index, VtMono raw_now);

/* For people: what a clock that is apart from the others by @apart_ns seems to show. */
const char *vt_agreement_guess(VtNs apart_ns);
