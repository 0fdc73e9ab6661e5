/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/role.h"

static VtRole
choose_by_owner(VtOwnerKind owner, bool has_feed)
{
    switch (owner) {
    case VT_OWNER_NONE:
        return VT_ROLE_OWN;
    case VT_OWNER_CHRONYD:
        return has_feed ? VT_ROLE_FEED : VT_ROLE_ASSIST;
    case VT_OWNER_OTHER:
    case VT_OWNER_UNKNOWN:
        return VT_ROLE_ASSIST;
    case VT_OWNER_SELF:
        return VT_ROLE_MONITOR;
    }
    g_assert_not_reached();
}

VtRole
vt_role_choose(VtAgentMode setting, VtOwnerKind owner, bool has_feed)
{
    VtRole fitting = choose_by_owner(owner, has_feed);

    if (fitting == VT_ROLE_MONITOR)
        return fitting;
    switch (setting) {
    case VT_AGENT_MODE_AUTO:
        return fitting;
    case VT_AGENT_MODE_OWN:
        return fitting == VT_ROLE_OWN ? VT_ROLE_OWN : VT_ROLE_MONITOR;
    case VT_AGENT_MODE_ASSIST:
        return VT_ROLE_ASSIST;
    case VT_AGENT_MODE_FEED:
        return VT_ROLE_FEED;
    case VT_AGENT_MODE_MONITOR:
        return VT_ROLE_MONITOR;
    }
    g_assert_not_reached();
}

const char *
vt_role_name(VtRole role)
{
    static const char *const names[] = {
        [VT_ROLE_OWN] = "own",
        [VT_ROLE_ASSIST] = "assist",
        [VT_ROLE_FEED] = "feed",
        [VT_ROLE_MONITOR] = "monitor",
    };
    return names[role];
}
