/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/byte-writer.h"

#include <string.h>

#include <glib.h>

void
vt_byte_writer_init(VtByteWriter *ret_writer, uint8_t *bytes, size_t max_bytes)
{
    *ret_writer = (VtByteWriter){ .bytes = bytes, .max_bytes = max_bytes };
}

void
vt_byte_writer_put_bytes(VtByteWriter *writer, const uint8_t *bytes, size_t n_bytes)
{
    g_assert(n_bytes <= writer->max_bytes - writer->n_bytes);
    memcpy(writer->bytes + writer->n_bytes, bytes, n_bytes);
    writer->n_bytes += n_bytes;
}

void
vt_byte_writer_put_u8(VtByteWriter *writer, uint8_t value)
{
    vt_byte_writer_put_bytes(writer, &value, sizeof value);
}

void
vt_byte_writer_put_le16(VtByteWriter *writer, uint16_t value)
{
    uint16_t wire = GUINT16_TO_LE(value);
    vt_byte_writer_put_bytes(writer, (const uint8_t *)&wire, sizeof wire);
}

void
vt_byte_writer_put_le32(VtByteWriter *writer, uint32_t value)
{
    uint32_t wire = GUINT32_TO_LE(value);
    vt_byte_writer_put_bytes(writer, (const uint8_t *)&wire, sizeof wire);
}

void
vt_byte_writer_put_le64(VtByteWriter *writer, uint64_t value)
{
    uint64_t wire = GUINT64_TO_LE(value);
    vt_byte_writer_put_bytes(writer, (const uint8_t *)&wire, sizeof wire);
}

void
vt_byte_writer_put_signed_le64(VtByteWriter *writer, int64_t value)
{
    vt_byte_writer_put_le64(writer, (uint64_t)value);
}

void
vt_byte_writer_put_be32(VtByteWriter *writer, uint32_t value)
{
    uint32_t wire = GUINT32_TO_BE(value);
    vt_byte_writer_put_bytes(writer, (const uint8_t *)&wire, sizeof wire);
}

void
vt_byte_writer_put_be64(VtByteWriter *writer, uint64_t value)
{
    uint64_t wire = GUINT64_TO_BE(value);
    vt_byte_writer_put_bytes(writer, (const uint8_t *)&wire, sizeof wire);
}
