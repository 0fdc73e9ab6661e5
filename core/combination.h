/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What several references that agree say together. Those whose offsets lie apart from the rest
 * by more than any of them scatters are left out (RFC 5905, section 11.2.2), as long as more
 * than three remain; then those about as near to true time as the one that is followed are
 * averaged, the nearer ones counting for more (11.2.3). Pure.
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
