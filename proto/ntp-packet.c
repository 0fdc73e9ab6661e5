/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/ntp-packet.h"

#include <glib.h>

#include "proto/byte-reader.h"
#include "proto/byte-writer.h"

/* MAXDISP of RFC 5905, section 7.2. */
#define MAX_DISTANCE_NS (16 * VT_NS_PER_SEC)
/* No server thinks longer over a reply; what claims to is a replay or a broken clock. */
#define MAX_HELD (UINT64_C(4) << 32) /* 2^-32 s, as all stamps */

/* A server that is worse than a millisecond is not let off more than that. */
#define MOST_FUZZ_LOG2_SEC (-10)

bool
vt_ntp_packet_decode(const uint8_t *bytes, size_t n_bytes, VtNtpPacket *ret_packet)
{
    if (n_bytes < VT_NTP_PACKET_BYTES)
        return false;

    VtByteReader reader;
    vt_byte_reader_init(&reader, bytes, VT_NTP_PACKET_BYTES);
    VtNtpPacket packet = { 0 };
    uint8_t first = vt_byte_reader_take_u8(&reader);
    packet.leap = first >> 6;
    packet.version = (first >> 3) & 7;
    packet.mode = first & 7;
    packet.stratum = vt_byte_reader_take_u8(&reader);
    packet.poll_log2_sec = (int8_t)vt_byte_reader_take_u8(&reader);
    packet.precision_log2_sec = (int8_t)vt_byte_reader_take_u8(&reader);
    packet.root_delay = vt_byte_reader_take_be32(&reader);
    packet.root_dispersion = vt_byte_reader_take_be32(&reader);
    packet.reference_id = vt_byte_reader_take_be32(&reader);
    packet.reference = vt_byte_reader_take_be64(&reader);
    packet.origin = vt_byte_reader_take_be64(&reader);
    packet.receive = vt_byte_reader_take_be64(&reader);
    packet.transmit = vt_byte_reader_take_be64(&reader);
    *ret_packet = packet;
    return true;
}

void
vt_ntp_packet_encode(const VtNtpPacket *packet, uint8_t ret_bytes[VT_NTP_PACKET_BYTES])
{
    VtByteWriter writer;
    vt_byte_writer_init(&writer, ret_bytes, VT_NTP_PACKET_BYTES);
    int first = (packet->leap & 3) << 6 | (packet->version & 7) << 3 | (packet->mode & 7);
    vt_byte_writer_put_u8(&writer, (uint8_t)first);
    vt_byte_writer_put_u8(&writer, packet->stratum);
    vt_byte_writer_put_u8(&writer, (uint8_t)packet->poll_log2_sec);
    vt_byte_writer_put_u8(&writer, (uint8_t)packet->precision_log2_sec);
    vt_byte_writer_put_be32(&writer, packet->root_delay);
    vt_byte_writer_put_be32(&writer, packet->root_dispersion);
    vt_byte_writer_put_be32(&writer, packet->reference_id);
    vt_byte_writer_put_be64(&writer, packet->reference);
    vt_byte_writer_put_be64(&writer, packet->origin);
    vt_byte_writer_put_be64(&writer, packet->receive);
    vt_byte_writer_put_be64(&writer, packet->transmit);
    g_assert(writer.n_bytes == VT_NTP_PACKET_BYTES);
}

static VtNs
get_root_distance_ns(const VtNtpPacket *packet)
{
    return vt_ntp_short_to_ns(packet->root_delay) / 2 +
           vt_ntp_short_to_ns(packet->root_dispersion);
}

bool
vt_ntp_packet_get_held(const VtNtpPacket *reply, VtNtpStamp receive, uint64_t *ret_held)
{
    uint64_t held = reply->transmit - receive; /* whatever the era */
    int fuzz_log2_sec = MIN(reply->precision_log2_sec, MOST_FUZZ_LOG2_SEC);
    uint64_t fuzz = fuzz_log2_sec >= -32 ? UINT64_C(1) << (32 + fuzz_log2_sec) : 0;
    *ret_held = held <= MAX_HELD ? held : 0;
    return held <= MAX_HELD || receive - reply->transmit <= fuzz;
}

VtNtpCheck
vt_ntp_packet_check_reply(const VtNtpPacket *reply, const VtNtpPacket *request)
{
    if (reply->version < 3 || reply->version > 4 || reply->version > request->version)
        return VT_NTP_CHECK_VERSION;
    if (reply->mode != VT_NTP_MODE_SERVER)
        return VT_NTP_CHECK_MODE;
    if (request->transmit == 0 || reply->origin != request->transmit)
        return VT_NTP_CHECK_ORIGIN;
    if (reply->receive == 0 || reply->transmit == 0)
        return VT_NTP_CHECK_ZERO;
    if (reply->leap != VT_NTP_LEAP_UNSYNCHRONISED &&
        get_root_distance_ns(reply) >= MAX_DISTANCE_NS)
        return VT_NTP_CHECK_DISTANCE;

    uint64_t held;
    if (!vt_ntp_packet_get_held(reply, reply->receive, &held))
        return VT_NTP_CHECK_ORDER;
    return VT_NTP_CHECK_OK;
}
