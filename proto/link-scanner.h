/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds frames in a byte stream that may begin in the middle of one, lose its tail, or contain
 * rubbish: a snapshot can be taken between two writes, and a port outlives its peer. The
 * scanner looks for the magic, believes a frame only when its CRC fits, and otherwise goes on
 * one byte behind the false start, so that rubbish never swallows a good frame behind it. It
 * holds one frame at most and allocates nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/link-frame.h"

typedef struct {
    uint64_t n_frames;        /* handed out */
    uint64_t n_rubbish_bytes; /* skipped on the way to a magic */
    uint64_t n_bad_crc;
    uint64_t n_bad_length;  /* a length field above the limit */
    uint64_t n_bad_version; /* outside N-2 to N+2; the frame is skipped */
} VtLinkScannerCounters;

typedef struct {
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    size_t n_bytes;
    VtLinkScannerCounters counters;
} VtLinkScanner;

/* Forgets a half frame; the counters stay. A zeroed scanner is a fresh one. */
void vt_link_scanner_reset(VtLinkScanner *scanner);

/*
 * Takes bytes from *@bytes, advancing *@bytes and *@n_bytes, until one frame is complete (true,
 * @ret_frame is written) or the input is used up (false). Call again until it returns false.
 */
bool vt_link_scanner_next(VtLinkScanner *scanner,
                          const uint8_t **bytes,
                          size_t *n_bytes,
                          VtLinkFrame *ret_frame);
