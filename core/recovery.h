/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How far the mending of one disruption has come: which burst is being taken, what its best
 * reading is, what was done about it. Also carries the first synchronisation after a start,
 * which is mended alike but is no disruption.
 *
 *      begin --> MEASURING --step--> VERIFYING --good--> IDLE
 *                    |   ^               |  \--bad--> step again, at most 3 times
 *                    |   +-----hint------+
 *                    +--refused or failed--> WAITING (judged again at each tick)
 */
#pragma once

#include <stdbool.h>

#include "core/outcome.h"
#include "core/sample.h"

typedef enum {
    VT_RECOVERY_IDLE,      /* nothing to mend */
    VT_RECOVERY_MEASURING, /* the burst that finds the offset */
    VT_RECOVERY_VERIFYING, /* the burst after a step */
    VT_RECOVERY_WAITING,   /* the correction was refused; goes on at ticks */
} VtRecoveryPhase;

typedef struct {
    VtRecoveryPhase phase;
    bool is_disruption; /* else the first synchronisation */
    bool was_announced;
    bool was_reported; /* told once that it was refused */
    bool allows_backward;
    bool is_declared;
    bool is_written;         /* somebody else set the clock */
    bool is_reference_moved; /* that the reference was set was announced */
    unsigned n_readings;     /* of this burst */
    VtSample best;           /* of this burst, the one with the least delay */
    unsigned n_agreeing;     /* readings in a row that have a point in common */
    VtMono raw_agreed_at;
    VtNs agreed_least_ns; /* where that point lies, reference - RAW at raw_agreed_at */
    VtNs agreed_greatest_ns;
    VtNs good_delay_ns; /* a delay as short as this needs no second try; 0 if unknown */
    unsigned n_steps;
    VtNs stepped_ns;   /* by all steps */
    VtNs last_step_ns; /* by the last one */
    VtMono raw_first_hint_at;
    VtMono raw_corrected_at;
} VtRecovery;

/* Starts anew; @least_delay_ns as known from before, 0 if not. */
void vt_recovery_begin(VtRecovery *recovery, VtMono raw_at, VtNs least_delay_ns);

/* Something happened again: measures afresh, but it stays one disruption. */
void vt_recovery_restart(VtRecovery *recovery);

/* Counts @sample to the burst. */
void vt_recovery_add(VtRecovery *recovery, const VtSample *sample);

/* Whether the burst can be judged: at least @n_least readings, and one good or @n_burst. */
bool vt_recovery_has_enough(const VtRecovery *recovery, unsigned n_least, unsigned n_burst);

/*
 * Whether enough readings in a row agree for a step, by what the last one, @sample, asks for.
 * Readings agree while one offset lies in the intervals of all.
 */
bool vt_recovery_may_step(const VtRecovery *recovery, const VtSample *sample);

/* A step by @offset_ns is being made: what follows verifies it. */
void vt_recovery_note_step(VtRecovery *recovery, VtNs offset_ns, VtMono raw_at);

/*
 * A step by @offset_ns is being made to what true time is at least: a better one will follow, so
 * that nothing is verified yet.
 */
void vt_recovery_note_least(VtRecovery *recovery, VtNs offset_ns);

/* The last step was not made after all; waits for the next tick. */
void vt_recovery_undo_step(VtRecovery *recovery);

/* Whether a burst is under way, so that the next reading is wanted at once. */
bool vt_recovery_is_urgent(const VtRecovery *recovery);

/*
 * How it ended, @action being what was decided last and @offset_ns what is still off.
 */
VtOutcome
vt_recovery_describe(const VtRecovery *recovery, const VtAction *action, VtNs offset_ns);
