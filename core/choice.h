/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which of several references is followed: one that is synchronised before one that is not, one
 * that the settings prefer before others, then the one with the least distance from true time;
 * of those that are about as near the one of the lowest class. Whoever is followed stays so
 * until it fails, or another has been better for some time, so that two equals do not take
 * turns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/source-record.h"

typedef struct {
    bool is_usable;
    bool is_synchronised;
    bool is_preferred; /* not in a hurry: whoever answers first is good enough then */
    bool is_required;  /* if there is any such, nobody is followed unless one of them serves */
    VtSourceClass source_class;
    VtNs distance_ns;
} VtCandidate;

#define VT_CHOICE_NONE SIZE_MAX

typedef struct {
    size_t current;       /* index, or VT_CHOICE_NONE */
    size_t challenger;    /* who would be followed if all began now */
    unsigned n_victories; /* in a row */
} VtChoice;

void vt_choice_init(VtChoice *choice);

/* The candidate at @index is one no more: those behind it move up. */
void vt_choice_forget(VtChoice *choice, size_t index);

/*
 * Judges @candidates, whose order must not change from call to call but by vt_choice_forget; to
 * be called once a tick. @is_urgent: the clock is wrong and waits to be put right; one of a
 * better class, or far nearer to true time, is taken at once, and of equals the one that was
 * begun with. True when choice->current has changed.
 */
bool vt_choice_judge(VtChoice *choice,
                     const VtCandidate *candidates,
                     size_t n_candidates,
                     bool is_urgent);
