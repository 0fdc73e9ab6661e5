/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/chrony-sock.h"

#include <string.h>

#define MAGIC 0x534f434b /* "SOCK" */

#define NS_PER_US 1000

void
vt_chrony_sample_encode(VtWall wall_at,
                        VtNs offset_ns,
                        VtChronyLeap leap,
                        uint8_t ret_bytes[VT_CHRONY_SAMPLE_BYTES])
{
    /* In a microsecond no clock drifts by a nanosecond: the rest of the instant is no loss. */
    int64_t sec = wall_at.ns / VT_NS_PER_SEC;
    int64_t rest_us = wall_at.ns % VT_NS_PER_SEC / NS_PER_US;
    double offset_sec = vt_ns_to_sec(offset_ns);
    int32_t tail[4] = { 0, (int32_t)leap, 0, MAGIC }; /* no pulse, padding */

    memcpy(ret_bytes, &sec, sizeof sec);
    memcpy(ret_bytes + 8, &rest_us, sizeof rest_us);
    memcpy(ret_bytes + 16, &offset_sec, sizeof offset_sec);
    memcpy(ret_bytes + 24, tail, sizeof tail);
}
