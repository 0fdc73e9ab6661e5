/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What several references that agree say together. Those whose offsets lie apart from the rest
 * by more than any of them scatters are left out (RFC 5905, section 11.2.2), as long as more
 * than three remain; then those about as near to true time as the one that is followed are
 * averaged, the nearer ones counting for more (11.2.3). Pure.
 *
 * The mean moves when somebody joins or leaves it. That is no news of the clock, so what is added
 * to the readings of the followed one goes after the mean more slowly than oscillators wander.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/units.h"

typedef struct {
    bool is_eligible;   /* it serves, and agrees with the rest */
    VtNs raw_offset_ns; /* where its readings lead: reference - MONOTONIC_RAW, of one instant */
    VtNs jitter_ns;     /* how much they scatter */
    VtNs distance_ns;   /* how far it may be from true time */
    bool counts;        /* result: its word is part of the mean */
} VtContender;

/*
 * Sets counts of all @contenders; @followed, an index among them, always counts. The mean minus
 * what the followed one says; 0 if that is not eligible, or alone.
 */
VtNs vt_combination_make(VtContender *contenders, size_t n_contenders, size_t followed);

/* What is added to what the followed one says. Zeroed: nothing. */
typedef struct {
    VtNs applied_ns;
    VtMono raw_at; /* when it was moved last */
} VtShift;

/*
 * Moves @shift towards @mean_ns, as vt_combination_make returns it, for the time since it was
 * moved last: by a thousandth of what is missing each second, and by 1 ppm at most.
 */
void vt_shift_follow(VtShift *shift, VtNs mean_ns, VtMono raw_now);

/* Another one is followed, or the clock was set: @mean_ns counts at once. */
void vt_shift_set(VtShift *shift, VtNs mean_ns, VtMono raw_now);
