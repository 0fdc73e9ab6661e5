/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pipeline-params.h"

#include "core/action.h"

VtPipelineParams
vt_pipeline_params_default(void)
{
    return (VtPipelineParams){
        .step_threshold_ns = VT_NS_PER_MS,
        .verify_limit_ns = 500 * VT_NS_PER_US,
        .n_burst = 4,
        .holdover_after_ns = 5 * VT_NS_PER_SEC,
        .drift_ppb = 15000,
        .disrupted_drift_ppb = 250000,
        .initial_rate_sigma_ppb = 100000,
        .most_trim_ppb = VT_ACTION_HARMLESS_TRIM_PPB,
    };
}
