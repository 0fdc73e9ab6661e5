/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/responder.h"

bool
vt_responder_is_for(const VtNtpPacket *request)
{
    return request->mode == VT_NTP_MODE_CLIENT && request->version >= 1 &&
           request->version <= VT_NTP_VERSION;
}

bool
vt_responder_reply(const VtNtpPacket *request,
                   const VtHostClock *host,
                   VtWall received_at,
                   VtNtpPacket *ret_reply)
{
    if (!vt_responder_is_for(request))
        return false;

    /* Never in the future of the request, whose stamp may be older than the news of the clock. */
    bool is_past = vt_wall_diff(received_at, host->reference_at) >= 0;
    VtWall reference_at = is_past ? host->reference_at : received_at;

    *ret_reply = (VtNtpPacket){
        .leap = host->leap,
        .version = request->version,
        .mode = VT_NTP_MODE_SERVER,
        .stratum = host->stratum,
        .poll_log2_sec = request->poll_log2_sec,
        .precision_log2_sec = host->precision_log2_sec,
        .root_delay = vt_ntp_short_from_ns(host->root_delay_ns),
        .root_dispersion = vt_ntp_short_from_ns(host->root_dispersion_ns),
        .reference_id = host->reference_id,
        .reference = host->is_synchronised ? vt_ntp_stamp_from_wall(reference_at) : 0,
        .origin = request->transmit,
        .receive = vt_ntp_stamp_from_wall(received_at),
    };
    return true;
}

/*
 *   host    T3 (origin)            T2 now
 *             \                    /
 *   guest      T4 (receive)      T1 (transmit)
 *
 * The guest's offset from the two crossing legs, as in RFC 5905 section 8, seen from the host.
 */
VtSeenOffset
vt_responder_see(const VtNtpPacket *request, VtWall received_at)
{
    if (request->origin == 0 || request->receive == 0 || request->transmit == 0)
        return (VtSeenOffset){ 0 };

    VtNtpStamp received = vt_ntp_stamp_from_wall(received_at);
    VtNs to_host_ns = vt_ntp_stamp_diff(received, request->transmit);
    VtNs to_guest_ns = vt_ntp_stamp_diff(request->origin, request->receive);
    VtNs round_trip_ns = vt_ns_sub(to_host_ns, to_guest_ns);

    return (VtSeenOffset){
        .is_known = round_trip_ns >= 0,
        .offset_ns = vt_ns_add(to_host_ns / 2, to_guest_ns / 2),
        .error_ns = round_trip_ns / 2,
    };
}
