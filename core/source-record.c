/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/source-record.h"

/* Of the reach register: answers that keep a reference in use. */
#define RECENT_REACH UINT8_C(0x07)

/* RFC 5905, PHI: what an oscillator may drift between two readings. */
#define PHI_PPM 15
#define PPM     1000000

/* What an oscillator of which nothing is known may drift. */
#define DRIFT_DIVISOR 10000

void
vt_source_record_add(VtSourceRecord *record, const VtSample *sample)
{
    record->reach = (uint8_t)(record->reach << 1 | 1);
    record->has_last = true;
    record->last = *sample;
    record->recent[record->next_recent] = *sample;
    record->next_recent = (record->next_recent + 1) % VT_SOURCE_RECENT;
    if (record->n_recent < VT_SOURCE_RECENT)
        record->n_recent++;
    record->n_readings++;
}

void
vt_source_record_fail(VtSourceRecord *record)
{
    record->reach = (uint8_t)(record->reach << 1);
    record->n_failures++;
}

bool
vt_source_record_is_reachable(const VtSourceRecord *record)
{
    return record->has_last && (record->reach & RECENT_REACH) != 0;
}

VtNs
vt_source_record_age_error(VtNs error_ns, VtNs age_ns)
{
    return vt_ns_add(error_ns, vt_ns_max(age_ns, 0) / DRIFT_DIVISOR);
}

VtSample
vt_source_record_get_word(const VtSourceRecord *record, VtMono raw_since)
{
    VtSample word = record->last;
    for (unsigned i = 0; i < record->n_recent; i++) {
        const VtSample *sample = &record->recent[i];
        VtNs age_ns = vt_mono_diff(record->last.raw_at, sample->raw_at);
        VtNs error_ns = vt_source_record_age_error(sample->error_ns, age_ns);
        VtNs apart_ns = vt_ns_abs(vt_ns_sub(sample->raw_offset_ns, record->last.raw_offset_ns));
        if (vt_mono_diff(sample->raw_begun_at, raw_since) < 0 || error_ns >= word.error_ns ||
            apart_ns > vt_ns_add(error_ns, record->last.error_ns))
            continue;
        word.raw_offset_ns = sample->raw_offset_ns;
        word.error_ns = error_ns;
    }
    return word;
}

VtNs
vt_source_record_get_distance(const VtSourceRecord *record, VtMono raw_now)
{
    VtNs least_ns = VT_NS_MAX;
    for (unsigned i = 0; i < record->n_recent; i++) {
        const VtSample *sample = &record->recent[i];
        VtNs age_ns = vt_ns_max(vt_mono_diff(raw_now, sample->raw_at), 0);
        VtNs distance_ns = vt_ns_add(sample->root_distance_ns, sample->error_ns);
        distance_ns = vt_ns_add(distance_ns, age_ns / PPM * PHI_PPM);
        least_ns = vt_ns_min(least_ns, distance_ns);
    }
    return least_ns;
}
