/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is remembered of one reference, whether it is followed or not: does it answer, and how
 * near to true time it can bring us. Failures and readings are told from outside.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/sample.h"

/* Nearer ones first: of equals the lower class is followed. */
typedef enum {
    VT_SOURCE_INVALID,
    VT_SOURCE_HYPERVISOR, /* a clock that the hypervisor shows */
    VT_SOURCE_LINK,       /* the private channel to the host */
    VT_SOURCE_SERVER,     /* a server on a network */
    VT_SOURCE_RTC,        /* the machine's RTC: only as good as what it was compared with */
} VtSourceClass;

/* The best of so many readings counts: one slow exchange does not spoil a reference. */
#define VT_SOURCE_RECENT 4

typedef struct {
    uint8_t reach; /* of the last eight asked for, one bit each: 1 answered; newest lowest */
    bool has_last;
    VtSample last;
    VtSample recent[VT_SOURCE_RECENT];
    unsigned n_recent;
    unsigned next_recent;
    uint64_t n_readings;
    uint64_t n_failures;
} VtSourceRecord;

/*
 * What a word that was right to @error_ns may be off by @age_ns later: an oscillator of which
 * nothing is known drifts by 100 ppm. A negative age is none.
 */
VtNs vt_source_record_age_error(VtNs error_ns, VtNs age_ns);

/* A zeroed VtSourceRecord is a fresh one. */
void vt_source_record_add(VtSourceRecord *record, const VtSample *sample);
void vt_source_record_fail(VtSourceRecord *record);

/* Whether one of the last three that were asked for came. */
bool vt_source_record_is_reachable(const VtSourceRecord *record);

/*
 * What it says now: its last reading, which must exist, with the offset and the error of the best
 * of the recent ones begun at @raw_since or later, as long as the last one does not contradict
 * that. The error grows with age as above.
 */
VtSample vt_source_record_get_word(const VtSourceRecord *record, VtMono raw_since);

/*
 * How far a clock that follows it may be from true time at @raw_now: root distance and own
 * error of its best recent reading, and 15 ppm of its age. VT_NS_MAX before the first.
 */
VtNs vt_source_record_get_distance(const VtSourceRecord *record, VtMono raw_now);
