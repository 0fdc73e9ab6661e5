/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One end of a recorded connection, see tests/proto/peers/README.md. */
#pragma once

#include "proto/link-frame.h"

#define RECORDED_PEER_MAX_FRAMES 8

/* Where the nonces stand in a payload. */
#define RECORDED_HELLO_PEER_NONCE 8
#define RECORDED_SESSION          0

/* As recorded. */
#define RECORDED_GUEST_NONCE UINT64_C(0xa1a2a3a4a5a6a7a8)
#define RECORDED_HOST_NONCE  UINT64_C(0x1122334455667788)

typedef struct {
    unsigned n_frames;
    VtLinkFrame frames[RECORDED_PEER_MAX_FRAMES];
} RecordedPeer;

/* @name is "host-v2" or the like; believes every version. */
void recorded_peer_load(RecordedPeer *peer, const char *name);

/* The nonce at @offset of the payload becomes @nonce: that of the other end as it is today. */
void recorded_frame_set_nonce(VtLinkFrame *frame, size_t offset, uint64_t nonce);
