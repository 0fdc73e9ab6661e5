/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a PTP clock is, by the name that its driver gives it: whose clock it shows, on which
 * scale, and whether it may be believed without anybody saying so. Pure.
 */
#pragma once

#include <stdbool.h>

typedef enum {
    VT_SCALE_NONE, /* no epoch, or one that cannot be turned into UTC */
    VT_SCALE_UTC,
    VT_SCALE_TAI,
} VtScale;

typedef struct {
    const char *name;    /* "kvm", "hyperv", "vmware", "virtio-rtc", "vmclock", "card" */
    VtScale scale;       /* as the driver says */
    bool is_hypervisor;  /* else a card that merely exists: followed only if it is named */
    const char *problem; /* why it cannot be used at all; NULL when it can */
} VtPtpKind;

/* @clock_name as in sysfs, without the newline. */
VtPtpKind vt_ptp_kind_find(const char *clock_name);

/* "utc", "tai", "none" */
const char *vt_scale_name(VtScale scale);
