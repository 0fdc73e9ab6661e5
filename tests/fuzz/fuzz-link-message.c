/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: the type of a frame, then its payload. Whatever a decoder takes is encoded, and must
 * then decode and encode to the same bytes; only the decoder of that type may take it, and what
 * it gives must be within the ranges that the header promises.
 */
#include <string.h>

#include <glib.h>

#include "proto/link-message.h"
#include "tests/fuzz/fuzz.h"

/* Decodes @frame and encodes it again. False if it was refused. */
typedef bool (*PassFunc)(const VtLinkFrame *frame, VtLinkFrame *ret_frame);

static bool
pass_hello(const VtLinkFrame *frame, VtLinkFrame *ret_frame)
{
    VtLinkHello hello;
    if (!vt_link_hello_decode(frame, &hello))
        return false;
    g_assert(hello.nonce != 0);
    g_assert(hello.n_addresses <= VT_LINK_MAX_ADDRESSES);
    g_assert(strcmp(vt_link_mode_name(hello.mode), "invalid") != 0 ||
             hello.mode == VT_LINK_MODE_INVALID);
    for (size_t i = 0; i < hello.n_addresses; i++)
        g_assert(hello.addresses[i].family == 4 || hello.addresses[i].family == 6);
    vt_link_hello_encode(&hello, ret_frame);
    return true;
}

static bool
pass_time_request(const VtLinkFrame *frame, VtLinkFrame *ret_frame)
{
    VtLinkTime time;
    if (!vt_link_time_decode(frame, VT_LINK_TIME_REQUEST, &time))
        return false;
    vt_link_time_encode(&time, VT_LINK_TIME_REQUEST, ret_frame);
    return true;
}

static bool
pass_time_reply(const VtLinkFrame *frame, VtLinkFrame *ret_frame)
{
    VtLinkTime time;
    if (!vt_link_time_decode(frame, VT_LINK_TIME_REPLY, &time))
        return false;
    vt_link_time_encode(&time, VT_LINK_TIME_REPLY, ret_frame);
    return true;
}

static bool
pass_notice(const VtLinkFrame *frame, VtLinkFrame *ret_frame)
{
    VtLinkNotice notice;
    if (!vt_link_notice_decode(frame, &notice))
        return false;
    g_assert(strcmp(vt_link_cause_name(notice.cause), "invalid") != 0);
    g_assert(notice.stand_still_ns >= 0 && notice.host_error_ns >= 0);
    vt_link_notice_encode(&notice, ret_frame);
    return true;
}

static void
check_reference(const char reference[VT_LINK_REFERENCE_BYTES + 1])
{
    size_t length = strnlen(reference, VT_LINK_REFERENCE_BYTES + 1);
    g_assert(length <= VT_LINK_REFERENCE_BYTES);
    for (size_t i = 0; i < length; i++)
        g_assert(g_ascii_isprint(reference[i]));
}

static bool
pass_ack(const VtLinkFrame *frame, VtLinkFrame *ret_frame)
{
    VtLinkAck ack;
    if (!vt_link_ack_decode(frame, &ack))
        return false;
    g_assert(strcmp(vt_link_action_name(ack.action), "invalid") != 0);
    g_assert(ack.error_ns >= 0);
    check_reference(ack.reference);
    vt_link_ack_encode(&ack, ret_frame);
    return true;
}

static bool
pass_report(const VtLinkFrame *frame, VtLinkFrame *ret_frame)
{
    VtLinkReport report;
    if (!vt_link_report_decode(frame, &report))
        return false;
    g_assert(report.error_ns >= 0 && report.root_distance_ns >= 0);
    check_reference(report.reference);
    vt_link_report_encode(&report, ret_frame);
    return true;
}

static const PassFunc pass_funcs[] = {
    [VT_LINK_HELLO] = pass_hello,
    [VT_LINK_TIME_REQUEST] = pass_time_request,
    [VT_LINK_TIME_REPLY] = pass_time_reply,
    [VT_LINK_NOTICE] = pass_notice,
    [VT_LINK_ACK] = pass_ack,
    [VT_LINK_REPORT] = pass_report,
};

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes == 0 || n_bytes - 1 > VT_LINK_MAX_PAYLOAD_BYTES)
        return 0;
    VtLinkFrame frame = { .type = bytes[0], .payload_bytes = (uint16_t)(n_bytes - 1) };
    memcpy(frame.payload, bytes + 1, n_bytes - 1);

    for (size_t type = VT_LINK_HELLO; type < G_N_ELEMENTS(pass_funcs); type++) {
        VtLinkFrame once = { 0 };
        VtLinkFrame twice = { 0 };
        if (!pass_funcs[type](&frame, &once))
            continue;
        g_assert(frame.type == type);
        g_assert(once.type == type);
        g_assert(once.payload_bytes <= frame.payload_bytes);
        g_assert(pass_funcs[type](&once, &twice));
        g_assert(memcmp(&once, &twice, sizeof once) == 0);
    }
    return 0;
}
