/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-policy.h"

VtNtpPolicy *
vt_ntp_policy_new(void)
{
    VtNtpPolicy *policy = g_new0(VtNtpPolicy, 1);
    policy->access = vt_ntp_access_new();
    return policy;
}

void
vt_ntp_policy_free(VtNtpPolicy *policy)
{
    if (policy == NULL)
        return;
    vt_ntp_access_free(policy->access);
    g_free(policy);
}
