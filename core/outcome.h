/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How one disruption ended: what the journal and the acknowledgement tell. */
#pragma once

#include <stdbool.h>

#include "core/action.h"

typedef struct {
    VtActionKind kind; /* STEP, SLEW, or HOLD: untouched or refused */
    VtRefusal refusal;
    bool was_announced; /* false: found by measurement alone */
    VtNs offset_ns;     /* found before the correction; of several steps their sum */
    VtNs residual_ns;   /* found after it */
    VtNs error_ns;      /* bound of the residual */
    VtMono raw_first_hint_at;
    VtMono raw_corrected_at; /* when the last step was asked for; else raw_first_hint_at */
    unsigned n_steps;
} VtOutcome;
