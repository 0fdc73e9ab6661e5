/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/devices/ptp-kind.h"

#include <stdio.h>

#include <glib.h>

/* Names as the drivers of Linux give them: ptp_kvm, hv_utils, ptp_vmw, ptp_vmclock. */
static const struct {
    const char *pattern;
    VtPtpKind kind;
} kinds[] = {
    { "KVM virtual PTP", { .name = "kvm", .scale = VT_SCALE_UTC, .is_hypervisor = true } },
    { "hyperv", { .name = "hyperv", .scale = VT_SCALE_UTC, .is_hypervisor = true } },
    { "ptp_vmw", { .name = "vmware", .scale = VT_SCALE_UTC, .is_hypervisor = true } },
    { "vmclock*", { .name = "vmclock", .scale = VT_SCALE_UTC, .is_hypervisor = true } },
};

/* drivers/virtio/virtio_rtc: clock types of the device. */
enum {
    TYPE_UTC = 0,
    TYPE_TAI = 1,
    TYPE_MONOTONIC = 2,
    TYPE_SMEARED = 3,
    TYPE_MAYBE_SMEARED = 4,
};

static VtPtpKind
find_virtio(unsigned type)
{
    VtPtpKind kind = { .name = "virtio-rtc", .is_hypervisor = true };
    switch (type) {
    case TYPE_UTC:
        kind.scale = VT_SCALE_UTC;
        break;
    case TYPE_TAI:
        kind.scale = VT_SCALE_TAI;
        break;
    case TYPE_MONOTONIC:
        kind.problem = "it has no epoch";
        break;
    case TYPE_SMEARED:
    case TYPE_MAYBE_SMEARED:
        kind.problem = "it may smear leap seconds";
        break;
    default:
        kind.problem = "its clock type is not known";
        break;
    }
    return kind;
}

VtPtpKind
vt_ptp_kind_find(const char *clock_name)
{
    unsigned type;
    if (sscanf(clock_name, "Virtio PTP type %u", &type) == 1)
        return find_virtio(type);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_pattern_match_simple(kinds[i].pattern, clock_name))
            return kinds[i].kind;
    }
    return (VtPtpKind){ .name = "card", .scale = VT_SCALE_NONE };
}

const char *
vt_scale_name(VtScale scale)
{
    switch (scale) {
    case VT_SCALE_NONE:
        return "none";
    case VT_SCALE_UTC:
        return "utc";
    case VT_SCALE_TAI:
        return "tai";
    }
    g_assert_not_reached();
}
