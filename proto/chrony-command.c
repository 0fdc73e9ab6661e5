/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/chrony-command.h"

#include <math.h>
#include <string.h>

#include <glib.h>

#include "proto/byte-reader.h"
#include "proto/byte-writer.h"

#define PROTOCOL_VERSION 6
#define PACKET_REQUEST   1
#define PACKET_REPLY     2
#define COMMAND_TRACKING 33
#define REPLY_TRACKING   5
#define REPLY_NULL       1
#define STATUS_SUCCESS   0
#define ADDRESS_BYTES    20

/* Stands for "no seconds above 2^32" since time_t had 32 bits. */
#define NO_HIGH_SECONDS UINT32_C(0x7fffffff)

/* Seven bits of exponent, 25 of coefficient, both signed. */
#define COEFFICIENT_BITS 25

/* Two addresses of no family stand for all sources. */
#define BURST_BYTES        68
#define BURST_GOOD_OFFSET  60
#define BURST_GOOD         4
#define BURST_TOTAL_OFFSET 64
#define BURST_TOTAL        8

static void
put_be32(uint8_t *bytes, uint32_t value)
{
    VtByteWriter writer;
    vt_byte_writer_init(&writer, bytes, sizeof value);
    vt_byte_writer_put_be32(&writer, value);
}

static void
put_header(uint8_t *bytes, uint16_t command, uint32_t sequence)
{
    bytes[0] = PROTOCOL_VERSION;
    bytes[1] = PACKET_REQUEST;
    bytes[4] = (uint8_t)(command >> 8);
    bytes[5] = (uint8_t)command;
    put_be32(bytes + 8, sequence);
}

void
vt_chrony_encode_tracking_request(uint32_t sequence,
                                  uint8_t ret_bytes[VT_CHRONY_TRACKING_BYTES])
{
    memset(ret_bytes, 0, VT_CHRONY_TRACKING_BYTES);
    put_header(ret_bytes, COMMAND_TRACKING, sequence);
}

size_t
vt_chrony_encode_command(VtChronyCommand command,
                         uint32_t sequence,
                         uint8_t ret_bytes[VT_CHRONY_MAX_REQUEST_BYTES])
{
    memset(ret_bytes, 0, VT_CHRONY_MAX_REQUEST_BYTES);
    put_header(ret_bytes, (uint16_t)command, sequence);
    if (command != VT_CHRONY_BURST)
        return VT_CHRONY_NULL_REPLY_BYTES;
    put_be32(ret_bytes + BURST_GOOD_OFFSET, BURST_GOOD);
    put_be32(ret_bytes + BURST_TOTAL_OFFSET, BURST_TOTAL);
    return BURST_BYTES;
}

VtNs
vt_chrony_float_to_ns(uint32_t bits)
{
    /* Both parts are two's complement of their own width. */
    int exponent = (int)(bits >> COEFFICIENT_BITS);
    int32_t coefficient = (int32_t)(bits & ((UINT32_C(1) << COEFFICIENT_BITS) - 1));
    if (exponent >= 1 << 6)
        exponent -= 1 << 7;
    if (coefficient >= 1 << (COEFFICIENT_BITS - 1))
        coefficient -= 1 << COEFFICIENT_BITS;
    return vt_ns_from_double(ldexp((double)coefficient, exponent - COEFFICIENT_BITS) *
                             (double)VT_NS_PER_SEC);
}

static uint16_t
take_be16(VtByteReader *reader)
{
    uint16_t high = vt_byte_reader_take_u8(reader);
    return (uint16_t)(high << 8 | vt_byte_reader_take_u8(reader));
}

static VtWall
take_wall(VtByteReader *reader)
{
    uint32_t high_sec = vt_byte_reader_take_be32(reader);
    uint32_t low_sec = vt_byte_reader_take_be32(reader);
    uint32_t rest_ns = vt_byte_reader_take_be32(reader);
    if (high_sec == NO_HIGH_SECONDS)
        high_sec = 0;
    int64_t seconds = (int64_t)((uint64_t)high_sec << 32 | low_sec);
    return (VtWall){ .ns = vt_ns_add(vt_ns_mul(seconds, VT_NS_PER_SEC), rest_ns) };
}

static VtNs
take_span(VtByteReader *reader)
{
    return vt_chrony_float_to_ns(vt_byte_reader_take_be32(reader));
}

static VtChronyReply
check_header(VtByteReader *reader,
             uint16_t wanted_command,
             uint16_t wanted_reply,
             uint32_t sequence)
{
    uint8_t version = vt_byte_reader_take_u8(reader);
    uint8_t type = vt_byte_reader_take_u8(reader);
    (void)take_be16(reader); /* reserved */
    uint16_t command = take_be16(reader);
    uint16_t reply = take_be16(reader);
    uint16_t status = take_be16(reader);
    uint8_t padding[6];
    vt_byte_reader_take_bytes(reader, padding, sizeof padding);
    uint32_t echo = vt_byte_reader_take_be32(reader);
    (void)vt_byte_reader_take_be64(reader); /* padding */

    if (reader->is_short || version != PROTOCOL_VERSION || type != PACKET_REPLY)
        return VT_CHRONY_REPLY_MALFORMED;
    if (echo != sequence || command != wanted_command)
        return VT_CHRONY_REPLY_FOREIGN;
    if (status != STATUS_SUCCESS || reply != wanted_reply)
        return VT_CHRONY_REPLY_REFUSED;
    return VT_CHRONY_REPLY_OK;
}

VtChronyReply
vt_chrony_decode_done(const uint8_t *bytes,
                      size_t n_bytes,
                      VtChronyCommand command,
                      uint32_t sequence)
{
    VtByteReader reader;
    vt_byte_reader_init(&reader, bytes, n_bytes);
    return check_header(&reader, (uint16_t)command, REPLY_NULL, sequence);
}

VtChronyReply
vt_chrony_decode_tracking_reply(const uint8_t *bytes,
                                size_t n_bytes,
                                uint32_t sequence,
                                VtChronyTracking *ret_tracking)
{
    VtByteReader reader;
    vt_byte_reader_init(&reader, bytes, n_bytes);
    VtChronyReply verdict = check_header(&reader, COMMAND_TRACKING, REPLY_TRACKING, sequence);
    if (verdict != VT_CHRONY_REPLY_OK)
        return verdict;

    VtChronyTracking tracking = { .reference_id = vt_byte_reader_take_be32(&reader) };
    uint8_t address[ADDRESS_BYTES];
    vt_byte_reader_take_bytes(&reader, address, sizeof address);
    tracking.stratum = take_be16(&reader);
    tracking.leap = take_be16(&reader);
    tracking.reference_at = take_wall(&reader);
    tracking.correction_ns = take_span(&reader);
    (void)vt_byte_reader_take_be64(&reader); /* last and root mean square offset */
    (void)vt_byte_reader_take_be64(&reader); /* frequency and its residual */
    (void)vt_byte_reader_take_be32(&reader); /* skew */
    tracking.root_delay_ns = take_span(&reader);
    tracking.root_dispersion_ns = take_span(&reader);
    (void)vt_byte_reader_take_be32(&reader); /* interval of updates */
    if (reader.is_short || tracking.leap > 3 || tracking.root_delay_ns < 0 ||
        tracking.root_dispersion_ns < 0)
        return VT_CHRONY_REPLY_MALFORMED;
    *ret_tracking = tracking;
    return VT_CHRONY_REPLY_OK;
}
