/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sample that chronyd's SOCK reference clock takes, as refclock_sock.c of chrony lays it
 * out for a machine with 64-bit time: native byte order, one for each datagram, never answered.
 * Pure.
 */
#pragma once

#include <stdint.h>

#include "base/units.h"

#define VT_CHRONY_SAMPLE_BYTES 40

typedef enum {
    VT_CHRONY_LEAP_NONE = 0,
    VT_CHRONY_LEAP_INSERT = 1,
    VT_CHRONY_LEAP_DELETE = 2,
} VtChronyLeap;

/* At @wall_at of this clock true time was @offset_ns ahead of it. */
void vt_chrony_sample_encode(VtWall wall_at,
                             VtNs offset_ns,
                             VtChronyLeap leap,
                             uint8_t ret_bytes[VT_CHRONY_SAMPLE_BYTES]);
