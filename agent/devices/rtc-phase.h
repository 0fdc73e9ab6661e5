/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the edges of an RTC's seconds tell. The grid: a running RTC has its edges a second apart
 * on MONOTONIC_RAW; one that comes off that grid, or a count of seconds that jumped, says that
 * this machine stood still while the RTC ran, or that somebody set it. The phase: how far true
 * time is ahead of what the RTC shows at its edge, learnt while the clock is known to be right.
 * Pure.
 */
#pragma once

#include <stdbool.h>

#include "base/units.h"

typedef enum {
    VT_RTC_EDGE_FIRST,    /* nothing to compare it with */
    VT_RTC_EDGE_IN_PHASE, /* as expected */
    VT_RTC_EDGE_OFF_PHASE,
    VT_RTC_EDGE_JUMPED,  /* and the RTC went on by seconds that RAW did not see */
    VT_RTC_EDGE_WAS_SET, /* the RTC went back, or by hours: somebody wrote it */
} VtRtcEdgeKind;

typedef struct {
    bool has_last;
    VtMono raw_grid_at; /* the last edge in phase, as early as such edges come */
    VtMono raw_last_at; /* the last edge */
    VtWall second_last; /* what the RTC showed at it */
    bool is_local_time; /* the RTC is set to it: twice a year it jumps by an hour */
} VtRtcGrid;

/* By what the RTC has gone on more than RAW since the last edge; @second is good to a second. */
VtNs vt_rtc_grid_get_jump(const VtRtcGrid *grid, VtMono raw_at, VtWall second);

/* Judges an edge seen at @raw_at, at which the RTC began to show @second, and remembers it. */
VtRtcEdgeKind vt_rtc_grid_judge(VtRtcGrid *grid, VtMono raw_at, VtWall second);

typedef struct {
    bool is_known;
    bool is_true;  /* learnt against a synchronised reference, not the clock as it was */
    VtNs ahead_ns; /* true time minus what the RTC shows, at its edge; hours if it is local */
    VtNs error_ns; /* the most by which that was off when it was learnt */
    VtWall learnt_at; /* on the RTC's own scale */
    unsigned n_contradictions;
    unsigned n_sets;       /* so often somebody has set the RTC, the kernel's writes left out */
    bool is_maybe_written; /* by the last edge; the next one tells */
    VtNs written_ahead_ns; /* what it would be then */
} VtRtcPhase;

/* The clock at an edge, and how far it can be believed. */
typedef struct {
    VtWall true_at; /* as the clock shows it, corrected by what is known to be wrong with it */
    VtNs error_ns;
    bool is_true; /* as in VtRtcPhase */
} VtRtcWitness;

/*
 * An edge in phase at which the RTC began to show @second. What is known gives way to a better
 * witness, and to two edges in a row that contradict it: true then, somebody set the RTC.
 */
bool vt_rtc_phase_learn(VtRtcPhase *phase, VtWall second, const VtRtcWitness *witness);

/* Somebody has set it. */
void vt_rtc_phase_forget(VtRtcPhase *phase);

/*
 * The kernel writes a synchronised clock into the RTC, soon after it has become that and then every
 * 11 minutes. Told each edge with what the clock showed at it, after the grid has judged, this
 * recognises one that such a write has moved, and changes what is known accordingly. An edge that
 * only shows another second by it is VT_RTC_EDGE_FIRST then; else the kind stays as it was.
 */
VtRtcEdgeKind
vt_rtc_phase_judge_write(VtRtcPhase *phase, VtRtcEdgeKind kind, VtWall second, VtWall wall_at);

/* How far true time may be from the phase's word at an edge where the RTC shows @second. */
VtNs vt_rtc_phase_get_error(const VtRtcPhase *phase, VtWall second);

/* The RTC is set to some local time: true time is quarters of hours away from it. */
bool vt_rtc_phase_is_local_time(const VtRtcPhase *phase);
