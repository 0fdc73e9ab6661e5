/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/guest-mode.h"

/* What a person adjusts a clock by to have another time, not to set it right. */
#define OTHER_TIME_SEC 60

VtGuestMode
vt_guest_mode_choose(const VtDomainXml *domain)
{
    if (domain->has_mode && domain->mode != VT_LINK_MODE_INVALID)
        return (VtGuestMode){ .mode = domain->mode, .reason = "the domain's metadata says so" };
    if (domain->has_mode)
        return (VtGuestMode){
            .mode = VT_LINK_MODE_OBSERVE,
            .reason = "the domain's metadata names a mode that is none",
        };
    if (domain->clock == VT_DOMAIN_CLOCK_ABSOLUTE)
        return (VtGuestMode){
            .mode = VT_LINK_MODE_OBSERVE,
            .reason = "the domain's clock has offset='absolute'",
        };
    if (domain->clock == VT_DOMAIN_CLOCK_VARIABLE &&
        (domain->adjustment_sec >= OTHER_TIME_SEC || domain->adjustment_sec <= -OTHER_TIME_SEC))
        return (VtGuestMode){
            .mode = VT_LINK_MODE_OBSERVE,
            .reason = "the domain's clock is adjusted by a minute or more",
        };
    return (VtGuestMode){ .mode = VT_LINK_MODE_FULL, .reason = "" };
}

VtGuestMode
vt_guest_mode_freeze(VtGuestMode mode)
{
    if (mode.mode == VT_LINK_MODE_OFF)
        return mode;
    return (VtGuestMode){ .mode = VT_LINK_MODE_OBSERVE, .reason = "frozen by the operator" };
}

void
vt_guest_mode_insert(VtGuestMode mode, GVariantDict *dict)
{
    bool is_known = mode.mode != VT_LINK_MODE_INVALID;
    g_variant_dict_insert(dict, "mode", "s", is_known ? vt_link_mode_name(mode.mode) : "");
    g_variant_dict_insert(dict, "mode-reason", "s", is_known ? mode.reason : "");
}
