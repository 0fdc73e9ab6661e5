/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A PTP clock (/dev/ptpN), read by the best of three ioctls that its driver knows. Which of
 * them works is found out once and remembered until somebody has reason to ask again.
 */
#pragma once

#include <stdbool.h>

#include "base/units.h"

typedef enum {
    VT_PTP_METHOD_NONE,     /* nothing worked */
    VT_PTP_METHOD_PRECISE,  /* device and system clocks of one instant */
    VT_PTP_METHOD_EXTENDED, /* bracketed in the driver */
    VT_PTP_METHOD_PLAIN,    /* bracketed around the driver */
    VT_PTP_N_METHODS,
} VtPtpMethod;

/* One reading: what the device showed, between two looks at REALTIME. */
typedef struct {
    VtWall device_at;
    VtWall before; /* equal to after for a precise one */
    VtWall after;
    bool has_raw; /* a precise one tells MONOTONIC_RAW, too */
    VtMono raw_at;
} VtPtpShot;

typedef struct VtPtp VtPtp;

/* Transfer full. */
VtPtp *vt_ptp_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vt_ptp_free(VtPtp *ptp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtPtp, vt_ptp_free)

/*
 * The shot with the narrowest bracket of several. VT_ERROR_NOT_FOUND: the device is gone;
 * VT_ERROR_BUSY: try again; VT_ERROR_UNSUPPORTED: its driver knows none of the ways; else
 * VT_ERROR_FAILED, also for what no clock can show.
 */
bool vt_ptp_read(VtPtp *ptp, VtPtpShot *ret_shot, GError **error);

VtPtpMethod vt_ptp_get_method(const VtPtp *ptp);

/* The next reading tries the best way again: the clocksource may have changed. */
void vt_ptp_forget_method(VtPtp *ptp);

/* "precise", "extended", "plain", "none" */
const char *vt_ptp_method_name(VtPtpMethod method);

/*
 * Whether the driver could read precisely and will not: the device's counter is not the one
 * that the kernel's clocksource counts.
 */
bool vt_ptp_is_hampered(const VtPtp *ptp);
