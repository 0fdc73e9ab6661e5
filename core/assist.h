/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A clock that somebody else steers. What it was off by while nothing had happened is the
 * steering daemon's opinion, and may be better than this reference's; so all that is mended is
 * what a disruption took away. Two signs must agree on it: the reference ran away from the raw
 * oscillator, which neither the daemon nor any tool can make it do; and REALTIME is off by that
 * still, since somebody else may have put it right first.
 */
#pragma once

#include <stdbool.h>

#include "core/filter.h"

/* Smaller losses are the steering daemon's: it slews them away within seconds. */
#define VT_ASSIST_LEAST_NS (10 * VT_NS_PER_MS)

typedef struct {
    bool is_on;
    VtNs claimed_error_ns;    /* what the daemon claimed when it was met; 0: nothing */
    bool is_reference_moved;  /* the reference was set: that is no loss of this guest's */
    bool has_before;          /* the two below are set */
    VtEstimate before;        /* while nothing had happened */
    VtNs offset_before_ns;    /* reference - REALTIME then */
    unsigned n_checks_to_do;  /* of the last step: somebody else may answer it */
    bool is_repeating;        /* such a check failed: what follows is no new disruption */
    VtMono raw_next_check_at; /* if there is one */
} VtAssist;

/* Somebody else steers from now on, and says that the clock is right to @claimed_error_ns. */
void vt_assist_begin(VtAssist *assist, VtNs claimed_error_ns);
void vt_assist_end(VtAssist *assist);

/* Nothing has happened so far; @estimate must be of @now. */
void vt_assist_note_calm(VtAssist *assist, const VtEstimate *estimate, VtInstant now);

/* The reference's clock was set; or, with @is_other, there is another one from here on. */
void vt_assist_note_moved(VtAssist *assist, bool is_other);

/* The step was made at @raw_at: looks again after 1 s and after 5 s, not more for repetitions. */
void vt_assist_note_step(VtAssist *assist, VtMono raw_at);

/* A look has shown that the daemon undid the step: it is to be made again. */
void vt_assist_note_undone(VtAssist *assist);

/* Something has happened: what comes is no repetition. */
void vt_assist_note_disruption(VtAssist *assist);

/* Whether such a look is due; each is told once. */
bool vt_assist_take_check(VtAssist *assist, VtMono raw_now);

/*
 * What is to be stepped by so that the clock is as it would be without the disruption; 0 when
 * that is the steering daemon's business. @estimate must be of @now.
 */
VtNs vt_assist_find_correction(const VtAssist *assist,
                               const VtEstimate *estimate,
                               VtInstant now,
                               bool is_synchronised);
