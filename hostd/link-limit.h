/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much of hostd's time one guest may take: a bucket of frames and an allowance of rubbish.
 * A recovery takes some thirty frames in as many milliseconds and must pass; a guest that goes
 * on at that pace is cut off. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

#define VT_LINK_LIMIT_FRAMES_PER_SEC 50
#define VT_LINK_LIMIT_BURST_FRAMES   150
#define VT_LINK_LIMIT_RUBBISH_BYTES  UINT64_C(65536)

/* After each cut the next connection waits twice as long, up to a minute. */
#define VT_LINK_LIMIT_FIRST_WAIT_NS VT_NS_PER_SEC
#define VT_LINK_LIMIT_LAST_WAIT_NS  (60 * VT_NS_PER_SEC)

typedef struct {
    double n_tokens;
    VtMono filled_at;
} VtLinkLimit;

void vt_link_limit_init(VtLinkLimit *limit, VtMono now);

/* One frame came in at @now. False: too many, cut the guest off. */
bool vt_link_limit_take_frame(VtLinkLimit *limit, VtMono now);

/* The wait that follows @wait_ns (0 before the first). */
VtNs vt_link_limit_next_wait(VtNs wait_ns);
