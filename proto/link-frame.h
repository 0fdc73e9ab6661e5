/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The frame of the link between hostd and one guest: what stands around a message. A frame is
 *
 *      0  magic     u32  0x4b4c5456, the bytes "VTLK"
 *      4  version   u8   1; a peer speaks with N-2 to N+2, the frame itself never changes
 *      5  type      u8   VtLinkType; unknown ones are skipped by their length
 *      6  length    u16  of the payload, at most 496
 *      8  sequence  u32  counts the frames of one sender, for people and captures
 *     12  payload
 *      n  crc       u32  CRC-32 (zlib's) of all bytes before it
 *
 * little-endian throughout, 512 bytes at most. See docs/protocol.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VT_LINK_MAGIC   UINT32_C(0x4b4c5456)
#define VT_LINK_VERSION 1
/* What a receiver accepts, N-2 to N+2; the first version was 1. */
#define VT_LINK_VERSION_LEAST    1
#define VT_LINK_VERSION_GREATEST (VT_LINK_VERSION + 2)
#define VT_LINK_HEADER_BYTES     12
#define VT_LINK_CRC_BYTES        4
#define VT_LINK_MAX_FRAME_BYTES  512
#define VT_LINK_MAX_PAYLOAD_BYTES \
    (VT_LINK_MAX_FRAME_BYTES - VT_LINK_HEADER_BYTES - VT_LINK_CRC_BYTES)

typedef enum {
    VT_LINK_INVALID = 0,
    VT_LINK_HELLO = 1,
    VT_LINK_TIME_REQUEST = 2,
    VT_LINK_TIME_REPLY = 3,
    VT_LINK_NOTICE = 4,
    VT_LINK_ACK = 5,
    VT_LINK_REPORT = 6,
} VtLinkType;

/* One frame. The payload is inside, so that a frame can be kept and passed by value. */
typedef struct {
    uint8_t version;
    uint8_t type; /* VtLinkType, or unknown */
    uint16_t payload_bytes;
    uint32_t sequence;
    uint8_t payload[VT_LINK_MAX_PAYLOAD_BYTES];
} VtLinkFrame;

/*
 * Writes @frame, magic and CRC included, and returns how many bytes it takes (16 to 512).
 * @ret_bytes holds VT_LINK_MAX_FRAME_BYTES. @frame->payload_bytes must be within its limit.
 */
size_t vt_link_frame_encode(const VtLinkFrame *frame,
                            uint8_t ret_bytes[VT_LINK_MAX_FRAME_BYTES]);
