/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Gives chronyd the agent's readings, as a SOCK reference clock. chronyd makes the socket anew with
 * each start and never answers; what it does not take is dropped.
 */
#pragma once

#include <stdbool.h>

#include "core/pipeline.h"

/* What the documented line of chrony.conf names; chronyd's security profile allows it. */
#define VT_FEED_PATH "/run/chrony.virt-time.sock"

typedef struct VtFeed VtFeed;

/* Transfer full. */
VtFeed *vt_feed_new(const char *path);
void vt_feed_free(VtFeed *feed);

/* Whether chronyd listens there and we may write: the operator wants it fed. */
bool vt_feed_is_wanted(const char *path);

/*
 * What is known of the clock at @wall_now, after @reading was taken in. Doubtful things are kept
 * back. False: not taken.
 */
bool vt_feed_give(VtFeed *feed,
                  const VtReading *reading,
                  const VtPipelineStatus *status,
                  VtWall wall_now);

/* Samples that chronyd took. */
uint64_t vt_feed_count(const VtFeed *feed);
