/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/reading.h"

#define LONGEST_BRACKET_NS VT_NS_PER_SEC

/*
 * Between the two clocks of one instant the program may lose the processor, under emulation for
 * milliseconds; on top, REALTIME may run 1000 ppm off RAW (500 of frequency, 500 of a slew).
 */
#define CLOCK_SET_TOLERANCE_NS (2 * VT_NS_PER_MS)
#define GREATEST_RATE_DIVISOR  1000

VtReadingCheck
vt_reading_check(const VtReading *reading)
{
    VtNs raw_ns = vt_mono_diff(reading->received.raw, reading->sent.raw);
    VtNs wall_ns = vt_wall_diff(reading->received.wall, reading->sent.wall);
    VtNs held_ns = vt_wall_diff(reading->reference_sent_at, reading->reference_received_at);
    VtNs drift_ns = raw_ns / GREATEST_RATE_DIVISOR;

    if (raw_ns < 0 || wall_ns < 0 || held_ns < 0 || reading->precision_ns < 1)
        return VT_READING_DISORDER;
    if (vt_ns_abs(vt_ns_sub(wall_ns, raw_ns)) > drift_ns + CLOCK_SET_TOLERANCE_NS)
        return VT_READING_CLOCK_SET;
    if (raw_ns >= LONGEST_BRACKET_NS)
        return VT_READING_TOO_LONG;
    /*
     * A host that held the request for 3 s of a bracket of 1 ms did so while this guest, its
     * clocks included, stood still: half the delay bounds nothing then.
     */
    if (vt_ns_sub(held_ns, raw_ns) > vt_ns_add(2 * drift_ns, reading->precision_ns))
        return VT_READING_STOOD_STILL;
    return VT_READING_OK;
}
