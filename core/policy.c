/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy.h"

/* Backward offsets below this are slewed away: nobody sees time run back. */
#define BACKWARD_SLEW_NS (100 * VT_NS_PER_MS)

/* Further forward than this only on the word of two. */
#define WITNESS_NS (86400 * VT_NS_PER_SEC)

static VtRuling
refuse(VtRefusal refusal)
{
    return (VtRuling){ .kind = VT_ACTION_HOLD, .refusal = refusal };
}

static VtRuling
rule_backward(const VtPolicyCase *policy_case)
{
    VtNs back_ns = vt_ns_sub(0, policy_case->offset_ns);
    if (!policy_case->was_right || policy_case->allows_backward ||
        back_ns <= policy_case->stepped_ns)
        return (VtRuling){ .kind = VT_ACTION_STEP };
    if (back_ns < BACKWARD_SLEW_NS)
        return (VtRuling){ .kind = VT_ACTION_SLEW };
    return refuse(VT_REFUSAL_BACKWARD);
}

VtRuling
vt_policy_rule(const VtPolicyCase *policy_case)
{
    if (vt_ns_abs(policy_case->offset_ns) < policy_case->least_step_ns)
        return (VtRuling){ .kind = VT_ACTION_SLEW };
    if (!policy_case->may_correct)
        return refuse(VT_REFUSAL_OBSERVE);

    VtWall result = vt_wall_add(policy_case->wall_at, policy_case->offset_ns);
    if (vt_wall_diff(result, policy_case->least_wall) < 0)
        return refuse(VT_REFUSAL_BEFORE_BUILD);
    if (policy_case->offset_ns < 0)
        return rule_backward(policy_case);

    bool has_witness = policy_case->reference_synchronised || policy_case->is_declared ||
                       !policy_case->was_right;
    if (policy_case->offset_ns > WITNESS_NS && !has_witness)
        return refuse(VT_REFUSAL_NO_WITNESS);
    return (VtRuling){ .kind = VT_ACTION_STEP };
}
