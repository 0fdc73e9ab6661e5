/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the agent is to this machine's clock, given who steers it and what the settings say.
 * Pure.
 */
#pragma once

#include <stdbool.h>

#include "agent/config.h"
#include "agent/owner.h"

typedef enum {
    VT_ROLE_OWN,     /* steers it */
    VT_ROLE_ASSIST,  /* somebody else does; mends disruptions by a step of the offset */
    VT_ROLE_FEED,    /* as ASSIST, and gives chronyd its readings */
    VT_ROLE_MONITOR, /* measures and reports */
} VtRole;

/* @has_feed: chronyd listens for readings. There are never two that steer. */
VtRole vt_role_choose(VtAgentMode setting, VtOwnerKind owner, bool has_feed);

/* "own", "assist", "feed", "monitor". */
const char *vt_role_name(VtRole role);
