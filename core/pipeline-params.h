/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the pipeline takes as given: thresholds, budgets, and what was learnt before. */
#pragma once

#include "base/units.h"

typedef struct {
    VtNs step_threshold_ns; /* least |offset| that is stepped, not slewed; default 1 ms */
    VtNs verify_limit_ns;   /* |offset| after the first step that closes a disruption; 500 us */
    unsigned n_burst;       /* readings of a burst, at most; default 4 */
    VtNs holdover_after_ns; /* without a usable reading for so long; default 5 s */
    double drift_ppb;       /* growth of the bound while tracking; default 15000 (PHI) */
    double disrupted_drift_ppb;    /* the same after a disruption; default 250000 */
    double initial_rate_ppb;       /* as learnt before, or 0 */
    double initial_rate_sigma_ppb; /* of it; default 100000 */
    double most_trim_ppb; /* by which the rate may differ to remove an offset; default 10000, */
                          /* 500000 where somebody ends a trim that the agent leaves behind */
    VtWall least_wall;    /* no correction may end before: the build date */
} VtPipelineParams;

/* The defaults named above; least_wall is 1970. */
VtPipelineParams vt_pipeline_params_default(void);
