/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/link-message.h"

#include <string.h>

#include <glib.h>

#include "proto/byte-reader.h"
#include "proto/byte-writer.h"

#define KNOWN_NOTICE_FLAGS \
    (VT_LINK_NOTICE_HOST_SYNCHRONISED | VT_LINK_NOTICE_STAND_STILL_KNOWN | VT_LINK_NOTICE_EARLY)
#define KNOWN_REPORT_FLAGS (VT_LINK_REPORT_SYNCHRONISED | VT_LINK_REPORT_CANNOT_CORRECT)

/* RFC 5905: 16 is unsynchronised, above it nothing is defined. */
#define MAX_STRATUM 16

static void
begin_payload(VtLinkFrame *frame, VtLinkType type, VtByteWriter *ret_writer)
{
    frame->type = (uint8_t)type;
    vt_byte_writer_init(ret_writer, frame->payload, sizeof frame->payload);
}

static void
end_payload(VtLinkFrame *frame, const VtByteWriter *writer)
{
    frame->payload_bytes = (uint16_t)writer->n_bytes;
}

static bool
open_payload(const VtLinkFrame *frame, VtLinkType type, VtByteReader *ret_reader)
{
    if (frame->type != type || frame->payload_bytes > VT_LINK_MAX_PAYLOAD_BYTES)
        return false;
    vt_byte_reader_init(ret_reader, frame->payload, frame->payload_bytes);
    return true;
}

static bool
is_printable(char c)
{
    return c >= ' ' && c <= '~';
}

/* The name of a device may hold anything; the peer refuses what a terminal could obey. */
static void
put_reference(VtByteWriter *writer, const char *reference)
{
    for (size_t i = 0; i < VT_LINK_REFERENCE_BYTES; i++) {
        char c = *reference;
        vt_byte_writer_put_u8(writer, (uint8_t)(c == '\0' || is_printable(c) ? c : '?'));
        if (c != '\0')
            reference++;
    }
}

/* False if it is not printable text, padded with NUL and nothing but NUL. */
static bool
take_reference(VtByteReader *reader, char ret_reference[VT_LINK_REFERENCE_BYTES + 1])
{
    bool is_ended = false;
    for (size_t i = 0; i < VT_LINK_REFERENCE_BYTES; i++) {
        char c = (char)vt_byte_reader_take_u8(reader);
        if (is_ended ? c != '\0' : c != '\0' && !is_printable(c))
            return false;
        is_ended = c == '\0';
        ret_reference[i] = c;
    }
    ret_reference[VT_LINK_REFERENCE_BYTES] = '\0';
    return true;
}

static void
put_event(VtByteWriter *writer, const VtLinkEventId *event)
{
    vt_byte_writer_put_le64(writer, event->instance);
    vt_byte_writer_put_le64(writer, event->counter);
}

static VtLinkEventId
take_event(VtByteReader *reader)
{
    VtLinkEventId event;
    event.instance = vt_byte_reader_take_le64(reader);
    event.counter = vt_byte_reader_take_le64(reader);
    return event;
}

static bool
take_address(VtByteReader *reader, VtLinkAddress *ret_address)
{
    ret_address->family = vt_byte_reader_take_u8(reader);
    ret_address->port = vt_byte_reader_take_le16(reader);
    vt_byte_reader_take_bytes(reader, ret_address->address, sizeof ret_address->address);
    if (ret_address->family == 4)
        memset(ret_address->address + 4, 0, sizeof ret_address->address - 4);
    return ret_address->family == 4 || ret_address->family == 6;
}

void
vt_link_hello_encode(const VtLinkHello *hello, VtLinkFrame *frame)
{
    g_assert(hello->n_addresses <= VT_LINK_MAX_ADDRESSES);

    VtByteWriter writer;
    begin_payload(frame, VT_LINK_HELLO, &writer);
    vt_byte_writer_put_le64(&writer, hello->nonce);
    vt_byte_writer_put_le64(&writer, hello->peer_nonce);
    vt_byte_writer_put_le32(&writer, hello->epoch);
    vt_byte_writer_put_u8(&writer, hello->version_least);
    vt_byte_writer_put_u8(&writer, hello->version_greatest);
    vt_byte_writer_put_u8(&writer, hello->mode);
    vt_byte_writer_put_u8(&writer, hello->n_addresses);
    for (size_t i = 0; i < hello->n_addresses; i++) {
        const VtLinkAddress *address = &hello->addresses[i];
        vt_byte_writer_put_u8(&writer, address->family);
        vt_byte_writer_put_le16(&writer, address->port);
        vt_byte_writer_put_bytes(&writer, address->address, sizeof address->address);
    }
    end_payload(frame, &writer);
}

bool
vt_link_hello_decode(const VtLinkFrame *frame, VtLinkHello *ret_hello)
{
    VtByteReader reader;
    if (!open_payload(frame, VT_LINK_HELLO, &reader))
        return false;

    VtLinkHello hello = { 0 };
    hello.nonce = vt_byte_reader_take_le64(&reader);
    hello.peer_nonce = vt_byte_reader_take_le64(&reader);
    hello.epoch = vt_byte_reader_take_le32(&reader);
    hello.version_least = vt_byte_reader_take_u8(&reader);
    hello.version_greatest = vt_byte_reader_take_u8(&reader);
    hello.mode = vt_byte_reader_take_u8(&reader);
    hello.n_addresses = vt_byte_reader_take_u8(&reader);
    if (hello.nonce == 0 || hello.version_least > hello.version_greatest ||
        hello.mode >= VT_LINK_N_MODES || hello.n_addresses > VT_LINK_MAX_ADDRESSES)
        return false;
    for (size_t i = 0; i < hello.n_addresses; i++) {
        if (!take_address(&reader, &hello.addresses[i]))
            return false;
    }
    if (reader.is_short)
        return false;
    *ret_hello = hello;
    return true;
}

void
vt_link_time_encode(const VtLinkTime *time, VtLinkType type, VtLinkFrame *frame)
{
    g_assert(type == VT_LINK_TIME_REQUEST || type == VT_LINK_TIME_REPLY);

    VtByteWriter writer;
    begin_payload(frame, type, &writer);
    vt_byte_writer_put_le64(&writer, time->session);
    vt_byte_writer_put_le64(&writer, time->nonce);
    vt_byte_writer_put_le32(&writer, time->epoch);
    uint8_t packet_bytes[VT_NTP_PACKET_BYTES];
    vt_ntp_packet_encode(&time->packet, packet_bytes);
    vt_byte_writer_put_bytes(&writer, packet_bytes, sizeof packet_bytes);
    end_payload(frame, &writer);
}

bool
vt_link_time_decode(const VtLinkFrame *frame, VtLinkType type, VtLinkTime *ret_time)
{
    g_assert(type == VT_LINK_TIME_REQUEST || type == VT_LINK_TIME_REPLY);

    VtByteReader reader;
    if (!open_payload(frame, type, &reader))
        return false;

    VtLinkTime time = { 0 };
    time.session = vt_byte_reader_take_le64(&reader);
    time.nonce = vt_byte_reader_take_le64(&reader);
    time.epoch = vt_byte_reader_take_le32(&reader);
    uint8_t packet_bytes[VT_NTP_PACKET_BYTES];
    vt_byte_reader_take_bytes(&reader, packet_bytes, sizeof packet_bytes);
    if (reader.is_short || time.session == 0 ||
        !vt_ntp_packet_decode(packet_bytes, sizeof packet_bytes, &time.packet))
        return false;
    *ret_time = time;
    return true;
}

void
vt_link_notice_encode(const VtLinkNotice *notice, VtLinkFrame *frame)
{
    VtByteWriter writer;
    begin_payload(frame, VT_LINK_NOTICE, &writer);
    vt_byte_writer_put_le64(&writer, notice->session);
    put_event(&writer, &notice->event);
    vt_byte_writer_put_le32(&writer, notice->epoch);
    vt_byte_writer_put_u8(&writer, notice->cause);
    vt_byte_writer_put_u8(&writer, notice->flags);
    vt_byte_writer_put_signed_le64(&writer, notice->seen_at.ns);
    vt_byte_writer_put_signed_le64(&writer, notice->stand_still_ns);
    vt_byte_writer_put_signed_le64(&writer, notice->host_error_ns);
    end_payload(frame, &writer);
}

bool
vt_link_notice_decode(const VtLinkFrame *frame, VtLinkNotice *ret_notice)
{
    VtByteReader reader;
    if (!open_payload(frame, VT_LINK_NOTICE, &reader))
        return false;

    VtLinkNotice notice = { 0 };
    notice.session = vt_byte_reader_take_le64(&reader);
    notice.event = take_event(&reader);
    notice.epoch = vt_byte_reader_take_le32(&reader);
    notice.cause = vt_byte_reader_take_u8(&reader);
    notice.flags = vt_byte_reader_take_u8(&reader) & KNOWN_NOTICE_FLAGS;
    notice.seen_at.ns = vt_byte_reader_take_signed_le64(&reader);
    notice.stand_still_ns = vt_byte_reader_take_signed_le64(&reader);
    notice.host_error_ns = vt_byte_reader_take_signed_le64(&reader);
    if (reader.is_short || notice.session == 0 || notice.cause >= VT_LINK_N_CAUSES ||
        notice.stand_still_ns < 0 || notice.host_error_ns < 0)
        return false;
    *ret_notice = notice;
    return true;
}

void
vt_link_ack_encode(const VtLinkAck *ack, VtLinkFrame *frame)
{
    VtByteWriter writer;
    begin_payload(frame, VT_LINK_ACK, &writer);
    vt_byte_writer_put_le64(&writer, ack->session);
    put_event(&writer, &ack->event);
    vt_byte_writer_put_u8(&writer, ack->action);
    vt_byte_writer_put_signed_le64(&writer, ack->offset_ns);
    vt_byte_writer_put_signed_le64(&writer, ack->residual_ns);
    vt_byte_writer_put_signed_le64(&writer, ack->error_ns);
    vt_byte_writer_put_signed_le64(&writer, ack->first_hint_at.ns);
    vt_byte_writer_put_signed_le64(&writer, ack->corrected_at.ns);
    put_reference(&writer, ack->reference);
    end_payload(frame, &writer);
}

bool
vt_link_ack_decode(const VtLinkFrame *frame, VtLinkAck *ret_ack)
{
    VtByteReader reader;
    if (!open_payload(frame, VT_LINK_ACK, &reader))
        return false;

    VtLinkAck ack = { 0 };
    ack.session = vt_byte_reader_take_le64(&reader);
    ack.event = take_event(&reader);
    ack.action = vt_byte_reader_take_u8(&reader);
    ack.offset_ns = vt_byte_reader_take_signed_le64(&reader);
    ack.residual_ns = vt_byte_reader_take_signed_le64(&reader);
    ack.error_ns = vt_byte_reader_take_signed_le64(&reader);
    ack.first_hint_at.ns = vt_byte_reader_take_signed_le64(&reader);
    ack.corrected_at.ns = vt_byte_reader_take_signed_le64(&reader);
    if (!take_reference(&reader, ack.reference) || reader.is_short || ack.session == 0 ||
        ack.action >= VT_LINK_N_ACTIONS || ack.error_ns < 0)
        return false;
    *ret_ack = ack;
    return true;
}

void
vt_link_report_encode(const VtLinkReport *report, VtLinkFrame *frame)
{
    VtByteWriter writer;
    begin_payload(frame, VT_LINK_REPORT, &writer);
    vt_byte_writer_put_le64(&writer, report->session);
    vt_byte_writer_put_u8(&writer, report->state);
    vt_byte_writer_put_u8(&writer, report->flags);
    vt_byte_writer_put_u8(&writer, report->stratum);
    vt_byte_writer_put_signed_le64(&writer, report->offset_ns);
    vt_byte_writer_put_signed_le64(&writer, report->error_ns);
    vt_byte_writer_put_signed_le64(&writer, report->rate_ppb);
    vt_byte_writer_put_signed_le64(&writer, report->root_distance_ns);
    put_reference(&writer, report->reference);
    end_payload(frame, &writer);
}

bool
vt_link_report_decode(const VtLinkFrame *frame, VtLinkReport *ret_report)
{
    VtByteReader reader;
    if (!open_payload(frame, VT_LINK_REPORT, &reader))
        return false;

    VtLinkReport report = { 0 };
    report.session = vt_byte_reader_take_le64(&reader);
    report.state = vt_byte_reader_take_u8(&reader);
    report.flags = vt_byte_reader_take_u8(&reader) & KNOWN_REPORT_FLAGS;
    report.stratum = vt_byte_reader_take_u8(&reader);
    report.offset_ns = vt_byte_reader_take_signed_le64(&reader);
    report.error_ns = vt_byte_reader_take_signed_le64(&reader);
    report.rate_ppb = vt_byte_reader_take_signed_le64(&reader);
    report.root_distance_ns = vt_byte_reader_take_signed_le64(&reader);
    if (!take_reference(&reader, report.reference) || reader.is_short || report.session == 0 ||
        report.stratum > MAX_STRATUM || report.error_ns < 0 || report.root_distance_ns < 0)
        return false;
    *ret_report = report;
    return true;
}

bool
vt_link_event_id_equal(const VtLinkEventId *a, const VtLinkEventId *b)
{
    return a->instance == b->instance && a->counter == b->counter;
}
