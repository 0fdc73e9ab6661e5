/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Takes numbers out of bytes that nobody has checked yet. A reader never looks past its end: a
 * take that does not fit gives 0, takes nothing and marks the reader as short for good, so that
 * a decoder can take all its fields and ask once at the end. `le` is little-endian (the link),
 * `be` big-endian (NTP).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *bytes; /* the next one; borrowed */
    size_t n_bytes;       /* left */
    bool is_short;        /* a take did not fit */
} VtByteReader;

/* @bytes stays the caller's and outlives the reader. */
void vt_byte_reader_init(VtByteReader *ret_reader, const uint8_t *bytes, size_t n_bytes);

uint8_t vt_byte_reader_take_u8(VtByteReader *reader);
uint16_t vt_byte_reader_take_le16(VtByteReader *reader);
uint32_t vt_byte_reader_take_le32(VtByteReader *reader);
uint64_t vt_byte_reader_take_le64(VtByteReader *reader);
int64_t vt_byte_reader_take_signed_le64(VtByteReader *reader);
uint32_t vt_byte_reader_take_be32(VtByteReader *reader);
uint64_t vt_byte_reader_take_be64(VtByteReader *reader);

/* Copies @n_bytes bytes; zeroes if there are not as many. */
void vt_byte_reader_take_bytes(VtByteReader *reader, uint8_t *ret_bytes, size_t n_bytes);
