/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What outlives a run of the agent: the journal of disruptions, the learnt rate, the mode that
 * the host allowed last. Reads all of it once, when it is made; writes without ever holding its
 * caller up. A machine where nothing can be kept costs one warning. Every function below takes
 * NULL, which is an agent that remembers nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "agent/devices/rtc-phase.h"
#include "agent/identity.h"
#include "agent/journal.h"
#include "core/pipeline.h"

typedef struct VtAgentMemory VtAgentMemory;

typedef struct {
    const char *folder; /* VT_STATE_DIR '/agent' */
    VtIdentityPlaces identity;
} VtAgentMemoryPlaces;

/* Transfer full. */
VtAgentMemory *vt_agent_memory_new(const VtAgentMemoryPlaces *places);

/* Saves the rate that was seen last; waits for that half a second at most. */
void vt_agent_memory_free(VtAgentMemory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtAgentMemory, vt_agent_memory_free)

/* The rate that the last run learnt, into @params; nothing if there is none. */
void vt_agent_memory_get_rate(const VtAgentMemory *memory, VtPipelineParams *params);

/* On each tick: sees the rate, and saves it after five minutes and then each hour. */
void vt_agent_memory_on_tick(VtAgentMemory *memory, const VtPipelineStatus *status);

/* The RTC's phase as this boot has learnt it; nothing if it has not. */
void vt_agent_memory_get_rtc_phase(const VtAgentMemory *memory, VtRtcPhase *phase);

/* Remembered if it is true; saved with the rate. */
void vt_agent_memory_set_rtc_phase(VtAgentMemory *memory, const VtRtcPhase *phase);

/* VtLinkMode, of the last HELLO; VT_LINK_MODE_INVALID if none was ever heard. */
uint8_t vt_agent_memory_get_mode(const VtAgentMemory *memory);
void vt_agent_memory_set_mode(VtAgentMemory *memory, uint8_t mode);

/* How many disruptions the runs before this one have seen. */
uint64_t vt_agent_memory_get_n_before(const VtAgentMemory *memory);
void vt_agent_memory_add(VtAgentMemory *memory, GVariant *record);

/* The newest record; NULL if there is none. Transfer none. */
GVariant *vt_agent_memory_get_last(const VtAgentMemory *memory);

/* The newest @n_most records, oldest first, as aa{sv}. Floating. */
GVariant *vt_agent_memory_get_journal(const VtAgentMemory *memory, unsigned n_most);
