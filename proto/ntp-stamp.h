/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * NTP fixed-point stamps (RFC 5905, section 6) to and from points in time. The 64-bit stamp
 * counts 2^-32 s since 1900-01-01 modulo 2^32 s; era 0 ends on 2036-02-07 06:28:16 UTC. A stamp
 * names no era, so reading one needs a pivot: the era is taken that puts the result nearest to
 * it, within +-68 years.
 */
#pragma once

#include <stdint.h>

#include "base/units.h"

/* A 64-bit stamp as an integer: seconds in the upper half. 0 means unknown. */
typedef uint64_t VtNtpStamp;

/* A 32-bit short stamp, 16.16 seconds, unsigned: root delay and root dispersion. */
typedef uint32_t VtNtpShort;

/* Rounds to nearest. Never 0: the one instant that would be is moved by 2^-32 s. */
VtNtpStamp vt_ntp_stamp_from_wall(VtWall at);

VtWall vt_ntp_stamp_to_wall(VtNtpStamp stamp, VtWall pivot);

/* later - earlier in modular arithmetic, right whatever the era within +-68 years. */
VtNs vt_ntp_stamp_diff(VtNtpStamp later, VtNtpStamp earlier);

/* Rounds up, so that a bound stays one; negative spans give 0, too large ones UINT32_MAX. */
VtNtpShort vt_ntp_short_from_ns(VtNs span_ns);

/* Rounds up as well, to a whole nanosecond. */
VtNs vt_ntp_short_to_ns(VtNtpShort value);

/* 2^@log2_sec seconds, rounded up, at least 1 ns, for the poll and precision fields. */
VtNs vt_ntp_log2_to_ns(int8_t log2_sec);
