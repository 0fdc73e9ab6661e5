/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which corrections may be made while a clock is being put right. Forward steps are welcome,
 * backward ones need a reason that somebody announced; see the design's defaults. Nothing here
 * knows how the offset was found.
 */
#pragma once

#include <stdbool.h>

#include "core/action.h"

typedef struct {
    VtNs offset_ns;     /* that is to be corrected */
    VtNs least_step_ns; /* below it nothing is stepped */
    VtNs stepped_ns;    /* by ourselves, since the disruption: may be taken back */
    VtWall wall_at;     /* the clock to be corrected */
    VtWall least_wall;  /* no step may end before */
    bool may_correct;
    bool was_right; /* the clock has been right before, since this program started */
    bool allows_backward;
    bool is_declared;
    bool reference_synchronised;
} VtPolicyCase;

typedef struct {
    VtActionKind kind; /* STEP: by all of it; SLEW: leave it to the servo; HOLD: refused */
    VtRefusal refusal;
} VtRuling;

VtRuling vt_policy_rule(const VtPolicyCase *policy_case);
