/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * leap-seconds.list, as the IERS publishes it and tzdata installs it: since when TAI is ahead
 * of UTC by how many seconds, and until when that is known. Text; a line is at most a comment,
 * the end of what is known ("#@"), or an instant in seconds of NTP with the seconds from then
 * on. Pure.
 */
#pragma once

#include "base/units.h"

typedef enum {
    VT_LEAP_LIST_OK,
    VT_LEAP_LIST_MALFORMED, /* not such a list, or not in order */
    VT_LEAP_LIST_EXPIRED,   /* by now there may have been another leap second */
    VT_LEAP_LIST_TOO_EARLY, /* before the first of its lines */
    VT_LEAP_LIST_N_CHECKS,
} VtLeapListCheck;

/* TAI - UTC at @at, in seconds; written only if OK. */
VtLeapListCheck vt_leap_list_get_offset(const char *text, VtWall at, int *ret_offset_sec);
