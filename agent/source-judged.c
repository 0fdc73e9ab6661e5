/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of sources, what they are to those who judge them beside each other. */
#include "agent/source-private.h"
#include "agent/source-server.h"

/* Whoever scatters by more tells nothing. */
#define MOST_SIGMA_NS ((double)VT_NS_PER_SEC)

/* Fewer readings, or older ones, say too little of where a reference stands now. */
#define LEAST_FOR_LEVEL 3
#define LEVEL_DIVISOR   8

static bool
is_variable(const VtSource *source)
{
    return vt_source_stats_fit(&source->stats, 0).sigma_ns > MOST_SIGMA_NS;
}

bool
vt_source_is_usable(const VtSource *source, bool is_urgent)
{
    return vt_source_is_needed(source) && !source->standing.is_false && !is_variable(source) &&
           vt_source_record_is_reachable(&source->record) &&
           (!is_urgent || vt_provider_is_usable(&source->provider));
}

VtCandidate
vt_source_get_candidate(const VtSource *source, bool is_urgent, VtMono raw_now)
{
    return (VtCandidate){
        .is_usable = vt_source_is_usable(source, is_urgent),
        .is_synchronised = source->record.last.reference_synchronised,
        .source_class = source->source_class,
        .distance_ns = vt_source_record_get_distance(&source->record, raw_now),
        .is_preferred = source->is_preferred && !is_urgent,
        .is_required = source->is_required,
    };
}

VtOpinion
vt_source_get_opinion(const VtSource *source, VtMono raw_calm_at)
{
    const VtSample *last = &source->record.last;
    bool is_recent =
        source->record.has_last && vt_mono_diff(last->raw_begun_at, raw_calm_at) >= 0;
    VtSample word = vt_source_record_get_word(&source->record, raw_calm_at);
    return (VtOpinion){
        .counts = is_recent && vt_source_is_needed(source) && last->reference_synchronised &&
                  source->source_class != VT_SOURCE_RTC &&
                  vt_source_record_is_reachable(&source->record),
        .is_trusted = source->is_trusted,
        .leap = last->leap,
        .source_class = source->source_class,
        .raw_at = last->raw_at,
        .raw_offset_ns = word.raw_offset_ns,
        .error_ns = vt_ns_add(word.error_ns, last->root_distance_ns),
    };
}

VtStanding *
vt_source_get_standing(VtSource *source)
{
    return &source->standing;
}

/* Whether what it said some time ago still tells where it stands, by what the rate may be off. */
static bool
is_level_known(const VtSource *source, VtNs distance_ns, VtMono raw_now)
{
    if (source->stats.n_points < LEAST_FOR_LEVEL)
        return false;
    double age_sec = vt_ns_to_sec(vt_mono_diff(raw_now, source->record.last.raw_at));
    return source->owner->rate_sigma_ppb * age_sec <= (double)distance_ns / LEVEL_DIVISOR;
}

VtContender
vt_source_get_contender(const VtSource *source, VtMono raw_now)
{
    VtNs distance_ns = vt_source_record_get_distance(&source->record, raw_now);
    bool is_eligible = source->source_class == VT_SOURCE_SERVER &&
                       vt_source_is_usable(source, false) &&
                       source->record.last.reference_synchronised &&
                       is_level_known(source, distance_ns, raw_now);
    VtSourceFit fit = vt_source_stats_fit(&source->stats, source->owner->rate_ppb);
    return (VtContender){
        .is_eligible = is_eligible,
        .raw_offset_ns = is_eligible ? vt_source_stats_level(&source->stats,
                                                             source->owner->rate_ppb, raw_now)
                                     : 0,
        .jitter_ns = vt_ns_from_double(fit.sigma_ns),
        .distance_ns = distance_ns,
    };
}

void
vt_source_note_place(VtSource *source, bool is_followed, bool is_combined)
{
    if (source->standing.is_false)
        source->state = VT_SOURCE_STATE_FALSE;
    else if (is_variable(source))
        source->state = VT_SOURCE_STATE_VARIABLE;
    else if (!vt_source_is_usable(source, false))
        source->state = VT_SOURCE_STATE_UNUSABLE;
    else if (is_followed)
        source->state = VT_SOURCE_STATE_SELECTED;
    else
        source->state = is_combined ? VT_SOURCE_STATE_COMBINED : VT_SOURCE_STATE_SPARE;
}

bool
vt_source_is_server(const VtSource *source)
{
    return source->source_class == VT_SOURCE_SERVER;
}

bool
vt_source_is_pool_member(const VtSource *source)
{
    return source->is_pool_member;
}

bool
vt_source_is_awaited(const VtSource *source, VtMono raw_since)
{
    return vt_source_is_addressed(source) && vt_source_is_needed(source) &&
           !source->poll.is_refused &&
           !(source->has_result && vt_mono_diff(source->raw_result_at, raw_since) >= 0);
}

bool
vt_source_get_last(const VtSource *source, VtReading *ret_reading)
{
    if (!vt_source_is_answering(source))
        return false;
    *ret_reading = source->last_reading;
    return true;
}
