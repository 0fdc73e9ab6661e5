/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/ntp-stamp.h"

/* From 1900-01-01 to 1970-01-01: 70 years with 17 leap days (RFC 5905, figure 4). */
#define UNIX_EPOCH_SEC   INT64_C(2208988800)
#define SHORT_UNITS      INT64_C(65536)      /* in a second */
#define STAMP_HALF_UNITS (UINT64_C(1) << 31) /* in half a second */

/* Rounds to nearest; 1e9 for the uppermost fractions. */
static VtNs
fraction_to_ns(uint32_t fraction)
{
    return (VtNs)(((uint64_t)fraction * (uint64_t)VT_NS_PER_SEC + STAMP_HALF_UNITS) >> 32);
}

static int64_t
floor_to_sec(int64_t at_ns)
{
    int64_t seconds = at_ns / VT_NS_PER_SEC;
    return at_ns % VT_NS_PER_SEC < 0 ? seconds - 1 : seconds;
}

VtNtpStamp
vt_ntp_stamp_from_wall(VtWall at)
{
    int64_t seconds = floor_to_sec(at.ns);
    /* From seconds towards zero: the product of the floor may lie outside of int64_t. */
    int64_t rest_ns = at.ns % VT_NS_PER_SEC;
    if (rest_ns < 0)
        rest_ns += VT_NS_PER_SEC;
    /* Below 2^62, and never carries into the seconds: the last nanosecond is 4.3 units. */
    uint64_t fraction =
        (((uint64_t)rest_ns << 32) + (uint64_t)VT_NS_PER_SEC / 2) / (uint64_t)VT_NS_PER_SEC;

    VtNtpStamp stamp = ((uint64_t)(seconds + UNIX_EPOCH_SEC) << 32) + fraction;
    return stamp != 0 ? stamp : 1;
}

VtWall
vt_ntp_stamp_to_wall(VtNtpStamp stamp, VtWall pivot)
{
    int64_t pivot_sec = floor_to_sec(pivot.ns);
    /* The era by whole seconds: at 68 years from the pivot the rest of a second decides nothing. */
    uint32_t ahead_sec = (uint32_t)(stamp >> 32) - (uint32_t)(pivot_sec + UNIX_EPOCH_SEC);
    int64_t seconds = pivot_sec + (int32_t)ahead_sec;
    VtNs rest_ns = fraction_to_ns((uint32_t)stamp);

    /* Both parts with one sign, so that saturation of the first is that of the sum. */
    if (seconds < 0) {
        seconds += 1;
        rest_ns -= VT_NS_PER_SEC;
    }
    return (VtWall){ .ns = vt_ns_add(vt_ns_mul(seconds, VT_NS_PER_SEC), rest_ns) };
}

VtNs
vt_ntp_stamp_diff(VtNtpStamp later, VtNtpStamp earlier)
{
    uint64_t ahead = later - earlier;
    bool is_negative = ahead > (uint64_t)INT64_MAX;
    /* By magnitude: diff(a, b) is then -diff(b, a) to the last nanosecond. */
    uint64_t magnitude = is_negative ? earlier - later : ahead;
    VtNs span_ns =
        (VtNs)(magnitude >> 32) * VT_NS_PER_SEC + fraction_to_ns((uint32_t)magnitude);
    return is_negative ? -span_ns : span_ns;
}

VtNtpShort
vt_ntp_short_from_ns(VtNs span_ns)
{
    if (span_ns <= 0)
        return 0;
    int64_t seconds = span_ns / VT_NS_PER_SEC;
    if (seconds >= SHORT_UNITS)
        return UINT32_MAX;
    int64_t rest_ns = span_ns % VT_NS_PER_SEC;
    int64_t units =
        seconds * SHORT_UNITS + (rest_ns * SHORT_UNITS + VT_NS_PER_SEC - 1) / VT_NS_PER_SEC;
    return units <= UINT32_MAX ? (VtNtpShort)units : UINT32_MAX;
}

VtNs
vt_ntp_short_to_ns(VtNtpShort value)
{
    return ((int64_t)value * VT_NS_PER_SEC + SHORT_UNITS - 1) / SHORT_UNITS;
}

VtNs
vt_ntp_log2_to_ns(int8_t log2_sec)
{
    /* 2^33 s is the last power of two that fits into nanoseconds; 2^-30 s is below one. */
    if (log2_sec > 33)
        return VT_NS_MAX;
    if (log2_sec >= 0)
        return VT_NS_PER_SEC << log2_sec;
    if (log2_sec <= -30)
        return 1;
    VtNs divisor = INT64_C(1) << -log2_sec;
    return (VT_NS_PER_SEC + divisor - 1) / divisor;
}
