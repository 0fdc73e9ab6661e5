/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Puts numbers into a buffer of known size, the counterpart of byte-reader. What is written is
 * ours and its size known when the program is built, so a put that does not fit is a bug and
 * asserts.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *bytes; /* borrowed */
    size_t n_bytes; /* written */
    size_t max_bytes;
} VtByteWriter;

/* @bytes stays the caller's and outlives the writer. */
void vt_byte_writer_init(VtByteWriter *ret_writer, uint8_t *bytes, size_t max_bytes);

void vt_byte_writer_put_u8(VtByteWriter *writer, uint8_t value);
void vt_byte_writer_put_le16(VtByteWriter *writer, uint16_t value);
void vt_byte_writer_put_le32(VtByteWriter *writer, uint32_t value);
void vt_byte_writer_put_le64(VtByteWriter *writer, uint64_t value);
void vt_byte_writer_put_signed_le64(VtByteWriter *writer, int64_t value);
void vt_byte_writer_put_be32(VtByteWriter *writer, uint32_t value);
void vt_byte_writer_put_be64(VtByteWriter *writer, uint64_t value);
void vt_byte_writer_put_bytes(VtByteWriter *writer, const uint8_t *bytes, size_t n_bytes);
