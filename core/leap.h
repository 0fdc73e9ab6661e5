/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Leap seconds: when one that is announced is to be armed in the kernel, and when it comes. Servers
 * announce one up to a month ahead, the kernel makes one at the end of any day on which it is
 * armed: so it is armed on the last day of a month of UTC alone.
 */
#pragma once

#include <stdbool.h>

#include "base/units.h"

/* As in VtReading.leap. */
typedef enum {
    VT_LEAP_NONE = 0,
    VT_LEAP_INSERT = 1, /* 23:59:59 comes twice */
    VT_LEAP_DELETE = 2, /* and not at all */
} VtLeap;

/* What is to be armed at @wall, @announced being what the references agree upon. */
VtLeap vt_leap_choose(VtLeap announced, VtWall wall);

/* What REALTIME moves by when it comes: a second back, or forward. */
VtNs vt_leap_get_shift(VtLeap leap);

#define VT_LEAP_NEAR_NS (2 * VT_NS_PER_SEC)

/* Within so much of the end of a month of UTC. */
bool vt_leap_is_near(VtWall wall);

/* Whether an offset is that of a leap second, in either direction. */
bool vt_leap_is_size(VtNs offset_ns);
