/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bookkeeping of disruptions on the agent's side: which hint came first, which notice waits
 * for its ACK, how the last one ended. Pure: instants are arguments.
 */
#pragma once

#include <stdbool.h>

#include "agent/hints/hint.h"
#include "core/pipeline.h"
#include "proto/link-message.h"

/* How a disruption looked once it was over, for people. */
typedef struct {
    bool exists;
    uint8_t cause;         /* VtLinkCause; VT_LINK_CAUSE_UNKNOWN without a notice */
    const char *hint_name; /* the sign that was first */
    bool has_event;        /* hostd told of it */
    VtLinkEventId event;
    uint8_t action; /* VtLinkAckAction */
    VtOutcome outcome;
    VtMono raw_closed_at;
} VtDisruptionRecord;

typedef struct {
    const char *first_hint_name; /* NULL: no hint since the last disruption was closed */
    bool has_notice;             /* a notice waits for its ACK */
    VtLinkNotice notice;         /* the latest */
    bool is_late;                /* it tells of the last disruption, which is over */
    VtNs boot_of_raw_ns;         /* CLOCK_BOOTTIME minus MONOTONIC_RAW when that one ended */
    VtDisruptionRecord last;
} VtDisruptionLog;

/*
 * Whether @hint only repeats the notice that is being answered: the same event in the same
 * epoch tells of nothing that happened since. The early notice and the one at RESUMED are such
 * a pair; beginning anew for the second would be stale exposure.
 */
bool vt_disruption_log_is_repeat(const VtDisruptionLog *log, const VtHint *hint);

/*
 * @hint as it is worth at @raw_now: a strong notice of what another sign told a moment ago, and
 * what was put right since, comes too late to be a disruption of its own. It still asks for a
 * reading, by which it is acknowledged.
 */
VtHint vt_disruption_log_soften(VtDisruptionLog *log, const VtHint *hint, VtMono raw_now);

/* Remembers @hint; the latest notice wins. */
void vt_disruption_log_on_hint(VtDisruptionLog *log, const VtHint *hint);

/* A reading showed that nothing was wrong: the next disruption has other signs. */
void vt_disruption_log_on_cleared(VtDisruptionLog *log);

/* The pipeline closed a disruption at @raw_now. */
void
vt_disruption_log_on_outcome(VtDisruptionLog *log, const VtOutcome *outcome, VtMono raw_now);

/*
 * The ACK that the waiting notice asks for, given how the last disruption ended. @boot_now and
 * @raw_now are the same instant. False when no notice waits; afterwards none waits.
 */
bool vt_disruption_log_take_ack(VtDisruptionLog *log,
                                const char *reference,
                                VtMono boot_now,
                                VtMono raw_now,
                                VtLinkAck *ret_ack);

/*
 * The ACK of a notice that opened no disruption: a weak one is answered by what was just
 * measured, a late one by how that disruption ended. False unless such a one waits.
 */
bool vt_disruption_log_take_weak_ack(VtDisruptionLog *log,
                                     const char *reference,
                                     const VtPipelineStatus *status,
                                     VtMono boot_now,
                                     VtLinkAck *ret_ack);
