/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A disruption as it goes into the agent's journal, and back into what 'tracking' tells of the
 * last one. Keys: proto/org.virttime.Agent1.xml, GetJournal. Pure.
 */
#pragma once

#include <stdint.h>

#include <glib.h>

#include "agent/disruption.h"

/* The name of the file in the agent's state folder. */
#define VT_AGENT_JOURNAL_NAME "journal.jsonl"

/* When and against what a disruption was closed. */
typedef struct {
    VtWall wall_at; /* after the correction */
    VtMono boot_at;
    const char *reference;
    const char *signs; /* in the order in which they came: vt_sign_order_take */
    uint64_t number;   /* counted over all runs of the agent, from 1 */
} VtJournalMoment;

/* Floating. */
GVariant *vt_agent_journal_compose(const VtDisruptionRecord *record,
                                   const VtJournalMoment *moment);

/* The number of a record that was read back; 0 for NULL and for one that has none. */
uint64_t vt_agent_journal_get_number(GVariant *record);

/*
 * The 'last-disruption' of GetTracking, of a record that was read back, @wall_now telling its
 * age. Empty for NULL. Floating.
 */
GVariant *vt_agent_journal_recall(GVariant *record, VtWall wall_now);
