/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeps the kernel told of how far TAI is ahead of UTC, so that CLOCK_TAI and clocks that show TAI
 * mean something: by the hypervisor's vmclock page if that says so, else by tzdata's list of leap
 * seconds while that is valid. What nobody knows is left as it is. For one who steers the clock.
 */
#pragma once

#include "agent/devices/vmclock.h"
#include "os/clock.h"

typedef struct {
    const char *list_path;     /* NULL: none */
    VtVmclock *const *vmclock; /* may come later; NULL: never; must outlive the offset */
    VtClock *clock;            /* the same */
} VtTaiOffsetParams;

typedef struct VtTaiOffset VtTaiOffset;

/* Transfer full. */
VtTaiOffset *vt_tai_offset_new(const VtTaiOffsetParams *params);
void vt_tai_offset_free(VtTaiOffset *tai);

/* The clock shows UTC now, for certain. Looks again once an hour. */
void vt_tai_offset_keep(VtTaiOffset *tai);
