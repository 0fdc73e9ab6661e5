/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: a stream. It is scanned as a whole, byte by byte, and in pieces whose size its first
 * byte gives; all three must find the same frames, each of them must stand in the stream as it
 * would be encoded, in order and without overlap, and every byte must be accounted for.
 */
#include <string.h>

#include <glib.h>

#include "proto/link-scanner.h"
#include "tests/fuzz/fuzz.h"

typedef struct {
    uint64_t n_frames;
    uint64_t n_frame_bytes;
    VtLinkScannerCounters counters;
    size_t n_held_bytes;
    GChecksum *checksum; /* of all frames, encoded */
} Scan;

/* Where the frame stands in the stream behind @position; moves that behind it. */
static void
check_stands_in_stream(GBytes *stream,
                       const uint8_t *frame,
                       size_t frame_bytes,
                       size_t *position)
{
    size_t stream_bytes;
    const uint8_t *all = g_bytes_get_data(stream, &stream_bytes);
    const uint8_t *found =
        memmem(all + *position, stream_bytes - *position, frame, frame_bytes);
    g_assert(found != NULL);
    *position = (size_t)(found - all) + frame_bytes;
}

static Scan
scan(GBytes *stream, size_t piece_bytes)
{
    Scan result = { .checksum = g_checksum_new(G_CHECKSUM_SHA256) };
    VtLinkScanner scanner = { 0 };
    size_t stream_bytes;
    const uint8_t *all = g_bytes_get_data(stream, &stream_bytes);
    size_t position = 0;

    for (size_t fed = 0; fed < stream_bytes; fed += piece_bytes) {
        /* A copy of its own, so that the sanitizer sees a byte read too many. */
        size_t n_bytes = MIN(piece_bytes, stream_bytes - fed);
        g_autofree uint8_t *piece = g_memdup2(all + fed, n_bytes);
        const uint8_t *bytes = piece;
        VtLinkFrame frame;
        while (vt_link_scanner_next(&scanner, &bytes, &n_bytes, &frame)) {
            uint8_t encoded[VT_LINK_MAX_FRAME_BYTES];
            size_t frame_bytes = vt_link_frame_encode(&frame, encoded);
            check_stands_in_stream(stream, encoded, frame_bytes, &position);
            g_checksum_update(result.checksum, encoded, (gssize)frame_bytes);
            result.n_frames++;
            result.n_frame_bytes += frame_bytes;
        }
        g_assert(n_bytes == 0);
        g_assert(scanner.n_bytes < VT_LINK_MAX_FRAME_BYTES);
    }
    result.counters = scanner.counters;
    result.n_held_bytes = scanner.n_bytes;
    return result;
}

static void
check_accounts(const Scan *result, size_t stream_bytes)
{
    uint64_t n_known =
        result->n_frame_bytes + result->counters.n_rubbish_bytes + result->n_held_bytes;
    g_assert(result->n_frames == result->counters.n_frames);
    /* Frames of a foreign version are the only bytes that nothing else counts. */
    if (result->counters.n_bad_version == 0)
        g_assert(n_known == stream_bytes);
    else
        g_assert(n_known < stream_bytes);
}

static void
check_same(const Scan *a, const Scan *b)
{
    g_assert(a->n_frames == b->n_frames);
    g_assert(a->counters.n_bad_version == b->counters.n_bad_version);
    g_assert(strcmp(g_checksum_get_string(a->checksum), g_checksum_get_string(b->checksum)) ==
             0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    if (n_bytes == 0)
        return 0;
    g_autoptr(GBytes) stream = g_bytes_new(bytes, n_bytes);
    size_t pieces_bytes[] = { n_bytes, 1, (size_t)bytes[0] + 2 };
    Scan results[G_N_ELEMENTS(pieces_bytes)];

    for (size_t i = 0; i < G_N_ELEMENTS(pieces_bytes); i++) {
        results[i] = scan(stream, pieces_bytes[i]);
        check_accounts(&results[i], n_bytes);
    }
    for (size_t i = 1; i < G_N_ELEMENTS(pieces_bytes); i++)
        check_same(&results[0], &results[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(pieces_bytes); i++)
        g_checksum_free(results[i].checksum);
    return 0;
}

#ifdef VT_FUZZ_WITH_LIBFUZZER
#include <zlib.h>

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t n_bytes, size_t max_bytes);
size_t
LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n_bytes, size_t max_bytes, unsigned int seed);

/*
 * Mends the CRC of every second frame at random: no mutation finds a CRC by chance, and without
 * one nothing behind it is reached.
 */
size_t
LLVMFuzzerCustomMutator(uint8_t *bytes, size_t n_bytes, size_t max_bytes, unsigned int seed)
{
    n_bytes = LLVMFuzzerMutate(bytes, n_bytes, max_bytes);
    for (size_t i = 0; i + VT_LINK_HEADER_BYTES + VT_LINK_CRC_BYTES <= n_bytes; i++) {
        if (memcmp(bytes + i, "VTLK", 4) != 0)
            continue;
        size_t covered_bytes =
            VT_LINK_HEADER_BYTES + ((size_t)bytes[i + 6] | (size_t)bytes[i + 7] << 8);
        if (covered_bytes > VT_LINK_MAX_FRAME_BYTES - VT_LINK_CRC_BYTES ||
            i + covered_bytes + VT_LINK_CRC_BYTES > n_bytes || (seed >> i % 32 & 1) != 0)
            continue;
        uint32_t crc = GUINT32_TO_LE((uint32_t)crc32(0, bytes + i, (uInt)covered_bytes));
        memcpy(bytes + i + covered_bytes, &crc, sizeof crc);
    }
    return n_bytes;
}
#endif
