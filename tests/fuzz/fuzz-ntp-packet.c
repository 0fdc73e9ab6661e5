/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: a reply and, 48 bytes in, the request it answers; without one, a request that fits.
 * The reply is decoded, encoded to the same bytes again, and checked; its stamps are read.
 */
#include <string.h>

#include <glib.h>

#include "proto/ntp-packet.h"
#include "tests/fuzz/fuzz.h"

static void
check_spans(const VtNtpPacket *packet)
{
    g_assert(vt_ntp_log2_to_ns(packet->poll_log2_sec) >= 1);
    g_assert(vt_ntp_log2_to_ns(packet->precision_log2_sec) >= 1);
    VtNs dispersion_ns = vt_ntp_short_to_ns(packet->root_dispersion);
    g_assert(dispersion_ns >= 0);
    g_assert(vt_ntp_short_from_ns(dispersion_ns) >= packet->root_dispersion);
}

static void
check_stamps(const VtNtpPacket *packet)
{
    /* Below 1 ns a stamp may change in passing through nanoseconds; 2^-32 s is 0.23 ns. */
    VtWall pivot = { .ns = (int64_t)packet->reference };
    VtWall at = vt_ntp_stamp_to_wall(packet->transmit, pivot);
    VtNs apart_ns = vt_wall_diff(at, pivot);
    VtNs half_era_ns = (INT64_C(1) << 31) * VT_NS_PER_SEC;
    g_assert(vt_ns_abs(apart_ns) <= half_era_ns + VT_NS_PER_SEC);
    if (at.ns != INT64_MIN && at.ns != INT64_MAX) {
        VtNtpStamp again = vt_ntp_stamp_from_wall(at);
        g_assert(vt_ns_abs(vt_ntp_stamp_diff(again, packet->transmit)) <= 1);
    }
    if (packet->receive - packet->transmit != UINT64_C(1) << 63)
        g_assert(vt_ntp_stamp_diff(packet->receive, packet->transmit) ==
                 -vt_ntp_stamp_diff(packet->transmit, packet->receive));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    VtNtpPacket reply;
    if (!vt_ntp_packet_decode(bytes, n_bytes, &reply)) {
        g_assert(n_bytes < VT_NTP_PACKET_BYTES);
        return 0;
    }
    uint8_t again[VT_NTP_PACKET_BYTES];
    vt_ntp_packet_encode(&reply, again);
    g_assert(memcmp(again, bytes, sizeof again) == 0);
    check_spans(&reply);
    check_stamps(&reply);

    VtNtpPacket request = {
        .version = VT_NTP_VERSION,
        .mode = VT_NTP_MODE_CLIENT,
        .transmit = reply.origin,
    };
    (void)vt_ntp_packet_decode(bytes + sizeof again, n_bytes - sizeof again, &request);
    VtNtpCheck check = vt_ntp_packet_check_reply(&reply, &request);
    g_assert(check != VT_NTP_CHECK_SHORT && check < VT_NTP_N_CHECKS);
    if (check == VT_NTP_CHECK_OK)
        g_assert(reply.origin == request.transmit && reply.origin != 0 && reply.receive != 0 &&
                 reply.transmit != 0);
    return 0;
}
