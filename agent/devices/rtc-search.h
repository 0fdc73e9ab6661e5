/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the edges of an RTC's seconds by looking at it, where no interrupt tells of them: every
 * 20 ms until one was seen, then each millisecond around each of the next eight, and from then
 * on around every fourth. After a jump every 2 ms, so that the very next edge is found. A look
 * at any other time does no harm. Pure: says when to look again, and what a look has shown.
 */
#pragma once

#include <stdbool.h>

#include "base/units.h"

typedef struct {
    bool has_shown; /* a look was taken: when, and what it showed */
    VtMono raw_look_at;
    VtWall shown;
    bool has_edge;     /* where the edges are is known, more or less */
    bool is_hurried;   /* since a jump: the first edge found is wanted */
    unsigned n_edges;  /* found since the beginning, or since they were somewhere else */
    unsigned n_missed; /* in a row */
    VtMono raw_due_at; /* the next one that is looked for, or a little before it */
    VtWall due;        /* what the RTC shows from then on */
} VtRtcSearch;

typedef struct {
    bool is_edge; /* just now, or so long ago that the RTC must have jumped */
    VtNs wait_ns; /* until the next look */
} VtRtcLook;

/* A zeroed VtRtcSearch begins anew. At @raw_at the RTC showed @second. */
VtRtcLook vt_rtc_search_look(VtRtcSearch *search, VtMono raw_at, VtWall second);

/* Somebody waits for readings: each of the next edges is looked for. Until the next look. */
VtNs vt_rtc_search_want_each(VtRtcSearch *search, VtMono raw_now);
