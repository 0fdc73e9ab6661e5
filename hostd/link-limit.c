/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/link-limit.h"

void
vt_link_limit_init(VtLinkLimit *limit, VtMono now)
{
    *limit = (VtLinkLimit){ .n_tokens = VT_LINK_LIMIT_BURST_FRAMES, .filled_at = now };
}

bool
vt_link_limit_take_frame(VtLinkLimit *limit, VtMono now)
{
    double passed_sec = vt_ns_to_sec(vt_mono_diff(now, limit->filled_at));
    double n_tokens = limit->n_tokens + passed_sec * VT_LINK_LIMIT_FRAMES_PER_SEC;

    limit->filled_at = now;
    limit->n_tokens = MIN(n_tokens, VT_LINK_LIMIT_BURST_FRAMES);
    if (limit->n_tokens < 1)
        return false;
    limit->n_tokens -= 1;
    return true;
}

VtNs
vt_link_limit_next_wait(VtNs wait_ns)
{
    if (wait_ns <= 0)
        return VT_LINK_LIMIT_FIRST_WAIT_NS;
    return vt_ns_min(vt_ns_mul(wait_ns, 2), VT_LINK_LIMIT_LAST_WAIT_NS);
}
