/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/link-scanner.h"

#include <string.h>
#include <zlib.h>

#include <glib.h>

#include "proto/byte-reader.h"

/*
 * The buffer begins with a magic, or with as much of one as has arrived: the front. A frame may
 * begin anywhere behind the front too, because the front may have lost its tail:
 *
 *      front               lost here, next frame begins      its end
 *      |VTLK . . . . . . . . . |VTLK . . . . . . . . . . . . |  . . . . . |
 *                                                                         end the front claims
 *
 * So every magic in the buffer is a candidate, and each is checked once, when its last byte
 * arrives. The first that fits is a frame, and all before it rubbish; nothing waits for an end
 * that never comes. Which frames are found does not depend on how the stream was cut up.
 */

static const uint8_t magic_bytes[] = { 'V', 'T', 'L', 'K' };

/* Where the length field ends. */
#define LENGTH_END_BYTES 8

typedef struct {
    size_t start;
    size_t end;
} Span;

static size_t
get_payload_bytes(const uint8_t *start)
{
    VtByteReader reader;
    vt_byte_reader_init(&reader, start + 6, 2);
    return vt_byte_reader_take_le16(&reader);
}

static size_t
get_frame_bytes(const uint8_t *start)
{
    return VT_LINK_HEADER_BYTES + get_payload_bytes(start) + VT_LINK_CRC_BYTES;
}

static bool
crc_fits(const uint8_t *start, size_t frame_bytes)
{
    size_t covered_bytes = frame_bytes - VT_LINK_CRC_BYTES;
    VtByteReader reader;
    vt_byte_reader_init(&reader, start + covered_bytes, VT_LINK_CRC_BYTES);
    return vt_byte_reader_take_le32(&reader) == crc32(0, start, (uInt)covered_bytes);
}

/* Is what has arrived of the first four bytes a magic so far? */
static bool
is_magic_so_far(const uint8_t *start, size_t n_bytes)
{
    return memcmp(start, magic_bytes, MIN(n_bytes, sizeof magic_bytes)) == 0;
}

/* Why the front cannot become a frame any more, counted; false if it still can. */
static bool
front_is_false(VtLinkScanner *scanner)
{
    if (!is_magic_so_far(scanner->bytes, scanner->n_bytes))
        return true;
    if (scanner->n_bytes < LENGTH_END_BYTES)
        return false;
    if (get_payload_bytes(scanner->bytes) > VT_LINK_MAX_PAYLOAD_BYTES) {
        scanner->counters.n_bad_length++;
        return true;
    }
    if (scanner->n_bytes < get_frame_bytes(scanner->bytes))
        return false;
    /* Complete, and it was not found to be a frame when its last byte came. */
    scanner->counters.n_bad_crc++;
    return true;
}

static void
drop_bytes(VtLinkScanner *scanner, size_t n_bytes)
{
    scanner->n_bytes -= n_bytes;
    memmove(scanner->bytes, scanner->bytes + n_bytes, scanner->n_bytes);
    scanner->counters.n_rubbish_bytes += n_bytes;
}

/* Leaves at the front something that can still become a frame, or nothing. */
static void
drop_false_fronts(VtLinkScanner *scanner)
{
    while (scanner->n_bytes > 0 && front_is_false(scanner)) {
        size_t start = 1;
        while (start < scanner->n_bytes &&
               !is_magic_so_far(scanner->bytes + start, scanner->n_bytes - start))
            start++;
        drop_bytes(scanner, start);
    }
}

/* How many bytes the buffer must hold before more can be said about its front. */
static size_t
get_wanted_bytes(const VtLinkScanner *scanner)
{
    return scanner->n_bytes < LENGTH_END_BYTES ? LENGTH_END_BYTES
                                               : get_frame_bytes(scanner->bytes);
}

/*
 * Of the frames whose last byte lies behind the first @n_checked bytes, the one that ends
 * first. What ends before was checked when it arrived.
 */
static bool
find_frame(const VtLinkScanner *scanner, size_t n_checked, Span *ret_span)
{
    bool is_found = false;
    Span first = { .end = SIZE_MAX };
    const uint8_t *behind = scanner->bytes + scanner->n_bytes;
    const uint8_t *next = scanner->bytes;
    const uint8_t *magic;
    while ((magic = memmem(next, (size_t)(behind - next), magic_bytes, sizeof magic_bytes))) {
        next = magic + 1;
        if (behind - magic < LENGTH_END_BYTES ||
            get_payload_bytes(magic) > VT_LINK_MAX_PAYLOAD_BYTES)
            continue;
        Span span = { .start = (size_t)(magic - scanner->bytes) };
        span.end = span.start + get_frame_bytes(magic);
        if (span.end <= n_checked || span.end > scanner->n_bytes || span.end >= first.end ||
            !crc_fits(magic, span.end - span.start))
            continue;
        first = span;
        is_found = true;
    }
    if (is_found)
        *ret_span = first;
    return is_found;
}

/* @bytes holds one whole frame. */
static VtLinkFrame
decode_frame(const uint8_t *bytes, size_t n_bytes)
{
    VtByteReader reader;
    vt_byte_reader_init(&reader, bytes + sizeof magic_bytes, n_bytes - sizeof magic_bytes);
    VtLinkFrame frame = { 0 };
    frame.version = vt_byte_reader_take_u8(&reader);
    frame.type = vt_byte_reader_take_u8(&reader);
    frame.payload_bytes = vt_byte_reader_take_le16(&reader);
    frame.sequence = vt_byte_reader_take_le32(&reader);
    vt_byte_reader_take_bytes(&reader, frame.payload, frame.payload_bytes);
    return frame;
}

void
vt_link_scanner_reset(VtLinkScanner *scanner)
{
    scanner->n_bytes = 0;
}

bool
vt_link_scanner_next(VtLinkScanner *scanner,
                     const uint8_t **bytes,
                     size_t *n_bytes,
                     VtLinkFrame *ret_frame)
{
    while (*n_bytes > 0) {
        size_t n_checked = scanner->n_bytes;
        size_t taken_bytes = MIN(get_wanted_bytes(scanner) - n_checked, *n_bytes);
        memcpy(scanner->bytes + n_checked, *bytes, taken_bytes);
        scanner->n_bytes += taken_bytes;
        *bytes += taken_bytes;
        *n_bytes -= taken_bytes;

        Span span;
        if (!find_frame(scanner, n_checked, &span)) {
            drop_false_fronts(scanner);
            continue;
        }
        /* What was taken too much came with this call, so it can go back. */
        size_t surplus_bytes = scanner->n_bytes - span.end;
        *bytes -= surplus_bytes;
        *n_bytes += surplus_bytes;
        VtLinkFrame frame = decode_frame(scanner->bytes + span.start, span.end - span.start);
        scanner->counters.n_rubbish_bytes += span.start;
        scanner->n_bytes = 0;

        if (frame.version < VT_LINK_VERSION_LEAST || frame.version > VT_LINK_VERSION_GREATEST) {
            scanner->counters.n_bad_version++;
            continue;
        }
        scanner->counters.n_frames++;
        *ret_frame = frame;
        return true;
    }
    return false;
}
