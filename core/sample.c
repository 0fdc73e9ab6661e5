/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/sample.h"

/*
 *   reference   ------T2====T3------>     offset = ((T2 - T1) + (T3 - T4)) / 2
 *                    /        \           delay  = (T4 - T1) - (T3 - T2)
 *   local       --T1------------T4-->     RFC 5905, section 8
 */
VtSample
vt_sample_from_reading(const VtReading *reading)
{
    VtWall reference_at =
        vt_wall_middle(reading->reference_received_at, reading->reference_sent_at);
    VtWall wall_at = vt_wall_middle(reading->sent.wall, reading->received.wall);
    VtMono raw_at = vt_mono_middle(reading->sent.raw, reading->received.raw);

    VtNs bracket_ns = vt_mono_diff(reading->received.raw, reading->sent.raw);
    VtNs held_ns = vt_wall_diff(reading->reference_sent_at, reading->reference_received_at);
    VtNs delay_ns = vt_ns_max(vt_ns_sub(bracket_ns, held_ns), reading->precision_ns);

    return (VtSample){
        .raw_begun_at = reading->sent.raw,
        .raw_at = raw_at,
        .offset_ns = vt_wall_diff(reference_at, wall_at),
        .raw_offset_ns = vt_ns_sub(reference_at.ns, raw_at.ns),
        .delay_ns = delay_ns,
        .error_ns = vt_ns_add(delay_ns / 2 + 1, reading->precision_ns),
        .root_distance_ns = vt_ns_add(reading->root_delay_ns / 2, reading->root_dispersion_ns),
        .reference_synchronised = reading->reference_synchronised,
        .stratum = reading->stratum,
        .leap = reading->leap,
        .n_to_step = reading->n_to_step,
        .is_least = reading->is_least,
    };
}
