/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks virt-time-agent, where it runs on this host and steers its clock, whom it follows: the
 * kernel knows how good the clock is, and nothing of that. Never waits: the answer of one
 * second is there in the next.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "os/clock.h"

typedef struct VtAgentWatch VtAgentWatch;

/* What the agent says of the clock that it steers. */
typedef struct {
    uint8_t stratum;       /* of this host */
    uint32_t reference_id; /* of whom it follows; 0: no server */
} VtAgentWord;

/* @path: the agent's control socket. @clock must outlive the watch. Transfer full. */
VtAgentWatch *vt_agent_watch_new(const char *path, VtClock *clock);
void vt_agent_watch_free(VtAgentWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtAgentWatch, vt_agent_watch_free)

/* Each second: asks. */
void vt_agent_watch_ask(VtAgentWatch *watch);

/*
 * What it said last; false if it said nothing for five seconds, is not synchronised itself, or
 * leaves the clock to somebody else.
 */
bool vt_agent_watch_get(VtAgentWatch *watch, VtAgentWord *ret_word);
