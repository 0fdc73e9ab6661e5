/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/byte-reader.h"

#include <string.h>

#include <glib.h>

void
vt_byte_reader_init(VtByteReader *ret_reader, const uint8_t *bytes, size_t n_bytes)
{
    *ret_reader = (VtByteReader){ .bytes = bytes, .n_bytes = n_bytes };
}

void
vt_byte_reader_take_bytes(VtByteReader *reader, uint8_t *ret_bytes, size_t n_bytes)
{
    if (reader->is_short || n_bytes > reader->n_bytes) {
        reader->is_short = true;
        memset(ret_bytes, 0, n_bytes);
        return;
    }
    memcpy(ret_bytes, reader->bytes, n_bytes);
    reader->bytes += n_bytes;
    reader->n_bytes -= n_bytes;
}

uint8_t
vt_byte_reader_take_u8(VtByteReader *reader)
{
    uint8_t value;
    vt_byte_reader_take_bytes(reader, &value, sizeof value);
    return value;
}

uint16_t
vt_byte_reader_take_le16(VtByteReader *reader)
{
    uint16_t value;
    vt_byte_reader_take_bytes(reader, (uint8_t *)&value, sizeof value);
    return GUINT16_FROM_LE(value);
}

uint32_t
vt_byte_reader_take_le32(VtByteReader *reader)
{
    uint32_t value;
    vt_byte_reader_take_bytes(reader, (uint8_t *)&value, sizeof value);
    return GUINT32_FROM_LE(value);
}

uint64_t
vt_byte_reader_take_le64(VtByteReader *reader)
{
    uint64_t value;
    vt_byte_reader_take_bytes(reader, (uint8_t *)&value, sizeof value);
    return GUINT64_FROM_LE(value);
}

int64_t
vt_byte_reader_take_signed_le64(VtByteReader *reader)
{
    return (int64_t)vt_byte_reader_take_le64(reader);
}

uint32_t
vt_byte_reader_take_be32(VtByteReader *reader)
{
    uint32_t value;
    vt_byte_reader_take_bytes(reader, (uint8_t *)&value, sizeof value);
    return GUINT32_FROM_BE(value);
}

uint64_t
vt_byte_reader_take_be64(VtByteReader *reader)
{
    uint64_t value;
    vt_byte_reader_take_bytes(reader, (uint8_t *)&value, sizeof value);
    return GUINT64_FROM_BE(value);
}
