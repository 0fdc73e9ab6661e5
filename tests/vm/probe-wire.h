/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the two ends of the measuring port say to each other. The host writes one byte, any
 * value; the guest answers with one record that carries the byte back. Bytes that were read
 * together are answered once, with the newest. Both ends run on one machine, so the record is
 * in native byte order.
 */
#pragma once

#include <stdint.h>

#define PROBE_MAGIC UINT32_C(0x45425250)

typedef struct {
    uint32_t magic;
    uint8_t sequence;
    uint8_t reserved[3];
    int64_t wall_ns;
    int64_t raw_ns;
    int64_t maxerror_us;
    int64_t frequency_scaled_ppm; /* as the kernel has it, ppm * 65536 */
    int32_t tick_us;
    int32_t status;
} ProbeRecord;

_Static_assert(sizeof(ProbeRecord) == 48, "no padding on the wire");
