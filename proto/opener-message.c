/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/opener-message.h"

#include <string.h>

#include <glib.h>

#include "proto/byte-reader.h"
#include "proto/byte-writer.h"

#define VERSION 1

/* 8-4-4-4-12 */
static bool
is_dash_place(size_t index)
{
    return index == 8 || index == 13 || index == 18 || index == 23;
}

bool
vt_opener_is_uuid(const char *uuid)
{
    for (size_t i = 0; i < VT_OPENER_UUID_CHARACTERS; i++) {
        /* The end of a short text is neither; so nothing behind it is read. */
        bool is_digit = g_ascii_isxdigit(uuid[i]) && !g_ascii_isupper(uuid[i]);
        if (is_dash_place(i) ? uuid[i] != '-' : !is_digit)
            return false;
    }
    return uuid[VT_OPENER_UUID_CHARACTERS] == '\0';
}

static bool
is_uri(const char *uri)
{
    if (uri[0] == '\0')
        return false;
    for (size_t i = 0; uri[i] != '\0'; i++) {
        if (!g_ascii_isgraph(uri[i]))
            return false;
    }
    return true;
}

static bool
is_known(uint8_t kind)
{
    return kind == VT_OPENER_OPEN || kind == VT_OPENER_WAIT;
}

size_t
vt_opener_request_encode(const VtOpenerRequest *request,
                         uint8_t bytes[VT_OPENER_MAX_REQUEST_BYTES])
{
    g_assert(is_known(request->kind) && vt_opener_is_uuid(request->uuid) &&
             is_uri(request->uri));

    VtByteWriter writer;
    vt_byte_writer_init(&writer, bytes, VT_OPENER_MAX_REQUEST_BYTES);
    vt_byte_writer_put_u8(&writer, VERSION);
    vt_byte_writer_put_u8(&writer, request->kind);
    vt_byte_writer_put_le32(&writer, request->time_limit_ms);
    vt_byte_writer_put_bytes(&writer, (const uint8_t *)request->uuid,
                             VT_OPENER_UUID_CHARACTERS);
    vt_byte_writer_put_bytes(&writer, (const uint8_t *)request->uri, strlen(request->uri));
    return writer.n_bytes;
}

bool
vt_opener_request_decode(const uint8_t *bytes, size_t n_bytes, VtOpenerRequest *ret_request)
{
    VtByteReader reader;
    VtOpenerRequest request = { 0 };
    if (n_bytes > VT_OPENER_MAX_REQUEST_BYTES)
        return false;

    vt_byte_reader_init(&reader, bytes, n_bytes);
    uint8_t version = vt_byte_reader_take_u8(&reader);
    request.kind = vt_byte_reader_take_u8(&reader);
    request.time_limit_ms = vt_byte_reader_take_le32(&reader);
    vt_byte_reader_take_bytes(&reader, (uint8_t *)request.uuid, VT_OPENER_UUID_CHARACTERS);
    if (reader.is_short || version != VERSION)
        return false;

    size_t n_uri_bytes = reader.n_bytes;
    vt_byte_reader_take_bytes(&reader, (uint8_t *)request.uri, n_uri_bytes);
    /* A NUL in the middle would hide what stands behind it. */
    if (strlen(request.uri) != n_uri_bytes || !is_uri(request.uri))
        return false;
    if (!is_known(request.kind) || !vt_opener_is_uuid(request.uuid))
        return false;
    *ret_request = request;
    return true;
}

size_t
vt_opener_reply_encode(const VtOpenerReply *reply, uint8_t bytes[VT_OPENER_MAX_REPLY_BYTES])
{
    VtByteWriter writer;
    vt_byte_writer_init(&writer, bytes, VT_OPENER_MAX_REPLY_BYTES);
    vt_byte_writer_put_u8(&writer, VERSION);
    vt_byte_writer_put_u8(&writer, reply->code);
    for (size_t i = 0; i < VT_OPENER_MAX_TEXT_BYTES && reply->text[i] != '\0'; i++)
        vt_byte_writer_put_u8(&writer,
                              g_ascii_isprint(reply->text[i]) ? (uint8_t)reply->text[i] : '?');
    return writer.n_bytes;
}

bool
vt_opener_reply_decode(const uint8_t *bytes, size_t n_bytes, VtOpenerReply *ret_reply)
{
    VtByteReader reader;
    VtOpenerReply reply = { 0 };
    if (n_bytes > VT_OPENER_MAX_REPLY_BYTES)
        return false;

    vt_byte_reader_init(&reader, bytes, n_bytes);
    uint8_t version = vt_byte_reader_take_u8(&reader);
    reply.code = vt_byte_reader_take_u8(&reader);
    if (reader.is_short || version != VERSION || reply.code >= VT_OPENER_N_CODES)
        return false;

    size_t n_text_bytes = reader.n_bytes;
    vt_byte_reader_take_bytes(&reader, (uint8_t *)reply.text, n_text_bytes);
    for (size_t i = 0; i < n_text_bytes; i++) {
        if (!g_ascii_isprint(reply.text[i]))
            return false;
    }
    *ret_reply = reply;
    return true;
}
