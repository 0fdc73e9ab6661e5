/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/link-words.h"

#include <stddef.h>

#include <glib.h>

static const char *const cause_names[VT_LINK_N_CAUSES] = {
    [VT_LINK_CAUSE_UNKNOWN] = "unknown",
    [VT_LINK_CAUSE_RESUMED] = "resumed",
    [VT_LINK_CAUSE_RESTORED] = "restored",
    [VT_LINK_CAUSE_REVERTED] = "reverted",
    [VT_LINK_CAUSE_MIGRATED_IN] = "migrated-in",
    [VT_LINK_CAUSE_HOST_WOKE] = "host-woke",
    [VT_LINK_CAUSE_HOST_CLOCK_STEPPED] = "host-clock-stepped",
    [VT_LINK_CAUSE_HOST_SYNCHRONISED] = "host-synchronised",
    [VT_LINK_CAUSE_OPERATOR] = "operator",
};

static const char *const mode_names[VT_LINK_N_MODES] = {
    [VT_LINK_MODE_INVALID] = "invalid",
    [VT_LINK_MODE_FULL] = "full",
    [VT_LINK_MODE_OBSERVE] = "observe",
    [VT_LINK_MODE_OFF] = "off",
};

static const char *const action_names[VT_LINK_N_ACTIONS] = {
    [VT_LINK_ACTION_NONE] = "none",         [VT_LINK_ACTION_STEPPED] = "stepped",
    [VT_LINK_ACTION_SLEWED] = "slewed",     [VT_LINK_ACTION_REFUSED] = "refused",
    [VT_LINK_ACTION_OBSERVED] = "observed",
};

static const char *
get_name(const char *const *names, size_t n_names, uint8_t value)
{
    return value < n_names ? names[value] : "invalid";
}

const char *
vt_link_cause_name(uint8_t cause)
{
    return get_name(cause_names, G_N_ELEMENTS(cause_names), cause);
}

const char *
vt_link_mode_name(uint8_t mode)
{
    return get_name(mode_names, G_N_ELEMENTS(mode_names), mode);
}

const char *
vt_link_action_name(uint8_t action)
{
    return get_name(action_names, G_N_ELEMENTS(action_names), action);
}

bool
vt_link_cause_is_strong(uint8_t cause)
{
    switch ((VtLinkCause)cause) {
    case VT_LINK_CAUSE_RESUMED:
    case VT_LINK_CAUSE_RESTORED:
    case VT_LINK_CAUSE_REVERTED:
    case VT_LINK_CAUSE_MIGRATED_IN:
    case VT_LINK_CAUSE_HOST_WOKE:
    case VT_LINK_CAUSE_HOST_CLOCK_STEPPED:
        return true;
    case VT_LINK_CAUSE_UNKNOWN:
    case VT_LINK_CAUSE_HOST_SYNCHRONISED:
    case VT_LINK_CAUSE_OPERATOR:
    case VT_LINK_N_CAUSES:
        break;
    }
    return false;
}
