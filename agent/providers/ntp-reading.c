/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/providers/ntp-reading.h"

VtWall
vt_ntp_reading_pivot(void)
{
    /* Any era pivot near the guest's own clock would trust the clock that is in doubt. */
    return (VtWall){ .ns = (VT_BUILD_DATE_SEC + 60 * INT64_C(31557600)) * VT_NS_PER_SEC };
}

VtReading
vt_ntp_reading_make(const VtNtpPacket *reply, VtInstant sent, VtInstant received)
{
    VtWall pivot = vt_ntp_reading_pivot();
    VtWall received_at = vt_ntp_stamp_to_wall(reply->receive, pivot);
    VtWall sent_at = vt_ntp_stamp_to_wall(reply->transmit, pivot);
    bool is_synchronised = reply->leap != VT_NTP_LEAP_UNSYNCHRONISED;

    return (VtReading){
        .sent = sent,
        .received = received,
        .reference_received_at = received_at,
        /* Before it only by what the server cannot tell, or the reply would have been dropped. */
        .reference_sent_at = vt_wall_diff(sent_at, received_at) >= 0 ? sent_at : received_at,
        .precision_ns = vt_ntp_log2_to_ns(reply->precision_log2_sec),
        .root_delay_ns = vt_ntp_short_to_ns(reply->root_delay),
        .root_dispersion_ns = vt_ntp_short_to_ns(reply->root_dispersion),
        .reference_synchronised = is_synchronised,
        .stratum = reply->stratum,
        .leap = is_synchronised ? reply->leap : VT_NTP_LEAP_NONE,
    };
}
