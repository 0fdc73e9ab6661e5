/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/sources.h"

#include "agent/falsetickers.h"
#include "core/choice.h"
#include "core/stopwatch.h"

/* So many addresses that the host has told of are kept in a life, whatever it says. */
#define MOST_SUBSTITUTES VT_LINK_MAX_ADDRESSES

/* A recovery takes milliseconds: a stand-in that has not helped by then does not. */
#define MOST_STAND_IN_NS (2 * VT_NS_PER_SEC)

/* What a host that says nothing is taken to be off by at most. */
#define DEFAULT_HOST_ERROR_NS (100 * VT_NS_PER_MS)

typedef enum {
    STAND_IN_IDLE,
    STAND_IN_ACTIVE,
    STAND_IN_SPENT, /* did not help; not again before the clock has been right */
} StandIn;

struct VtSources {
    VtLink *link;
    unsigned n_substitutes;
    VtSourceOwner owner; /* this, as its sources see it */
    const VtSourcesListener *listener;
    void *user_data;
    GPtrArray *list; /* VtSource, owned */
    VtChoice choice;
    bool is_urgent;
    bool is_right;     /* the clock, against somebody who is synchronised */
    bool is_disrupted; /* it is known to be wrong, and not yet why or by how much */
    VtNs offset_ns;    /* of the clock while it is right */
    VtNs error_ns;
    VtStopwatch stopwatch;
    VtNs host_error_ns;
    VtQuality host_quality;
    VtTruth truth;
    VtMono raw_calm_at; /* since then nothing was suspected */
    StandIn stand_in;
    VtMono raw_stand_in_at;
};

static VtSource *
get_nth(const VtSources *sources, size_t index)
{
    return g_ptr_array_index(sources->list, index);
}

/* NULL for none. */
static VtSource *
get_followed(const VtSources *sources)
{
    if (sources->choice.current == VT_CHOICE_NONE)
        return NULL;
    return get_nth(sources, sources->choice.current);
}

static void
tell_change(VtSources *sources, VtMono raw_now)
{
    const VtSource *followed = get_followed(sources);
    VtCandidate candidate = vt_source_get_candidate(followed, sources->is_urgent, raw_now);
    VtPipelineReference reference = {
        .is_synchronised = candidate.is_synchronised,
        .holdover_after_ns = vt_source_get_holdover(followed),
    };

    g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID",
                     "f2a4c6de07d14b7c8a7de1b7c0c2a5e4", "PROVIDER",
                     vt_source_get_name(followed), "MESSAGE", "following '%s'%s",
                     vt_source_get_name(followed),
                     candidate.is_synchronised ? "" : ", which is not synchronised");
    sources->listener->on_change(&reference, sources->user_data);
}

/*
 * In a hurry nobody compares. A device that has just shown up is then not preferred to a
 * reference that serves, however near to true time it says it is.
 */
static void
leave_out_strangers(VtSources *sources, VtCandidate *candidates, size_t n_candidates)
{
    size_t current = sources->choice.current;
    if (current == VT_CHOICE_NONE || !candidates[current].is_usable)
        return;
    for (size_t i = 0; i < n_candidates; i++) {
        const VtStanding *standing = vt_source_get_standing(get_nth(sources, i));
        if (i != current && candidates[i].source_class == VT_SOURCE_HYPERVISOR &&
            !vt_standing_is_vetted(standing))
            candidates[i].is_usable = false;
    }
}

static VtSourceState
get_state(const VtSources *sources, VtSource *source, VtMono raw_now)
{
    if (vt_source_get_standing(source)->is_false)
        return VT_SOURCE_STATE_FALSE;
    if (!vt_source_get_candidate(source, false, raw_now).is_usable)
        return VT_SOURCE_STATE_UNUSABLE;
    return source == get_followed(sources) ? VT_SOURCE_STATE_SELECTED : VT_SOURCE_STATE_SPARE;
}

static void
note_states(VtSources *sources)
{
    VtMono raw_now = vt_clock_read(sources->owner.clock).raw;
    for (size_t i = 0; i < sources->list->len; i++) {
        VtSource *source = get_nth(sources, i);
        vt_source_set_state(source, get_state(sources, source, raw_now));
    }
}

static void
judge(VtSources *sources)
{
    VtMono raw_now = vt_clock_read(sources->owner.clock).raw;
    size_t n_sources = sources->list->len;
    g_autofree VtCandidate *candidates = g_new0(VtCandidate, n_sources);

    for (size_t i = 0; i < n_sources; i++)
        candidates[i] =
            vt_source_get_candidate(get_nth(sources, i), sources->is_urgent, raw_now);
    if (sources->is_urgent)
        leave_out_strangers(sources, candidates, n_sources);
    if (vt_choice_judge(&sources->choice, candidates, n_sources, sources->is_urgent))
        tell_change(sources, raw_now);
    note_states(sources);
}

static VtSource *
get_link_source(const VtSources *sources)
{
    return get_nth(sources, 0);
}

static void
begin_stand_in(VtSources *sources, VtMono raw_now)
{
    static const VtPipelineReference reference = {
        .is_synchronised = true,
        .holdover_after_ns = 5 * VT_NS_PER_SEC,
    };
    sources->stand_in = STAND_IN_ACTIVE;
    sources->raw_stand_in_at = raw_now;
    g_message("using the host as a stopwatch until '%s' answers",
              vt_source_get_name(get_followed(sources)));
    sources->listener->on_change(&reference, sources->user_data);
}

/* The host is not followed, but knows how long this guest stood still. */
static void
use_stopwatch(VtSources *sources, const VtReading *reading)
{
    VtMono raw_now = vt_clock_read(sources->owner.clock).raw;
    VtReading corrected;

    if (sources->is_right && sources->stand_in != STAND_IN_ACTIVE) {
        sources->stand_in = STAND_IN_IDLE;
        vt_stopwatch_learn(&sources->stopwatch, reading, sources->offset_ns, sources->error_ns);
        return;
    }
    if (!vt_stopwatch_correct(&sources->stopwatch, reading, &corrected))
        return;
    if (sources->is_disrupted && sources->stand_in == STAND_IN_IDLE)
        begin_stand_in(sources, raw_now);
    if (sources->stand_in == STAND_IN_ACTIVE)
        sources->listener->on_reading(&corrected, sources->user_data);
}

/* Whether the reading of the followed one is to be handed on. */
static bool
end_stand_in(VtSources *sources)
{
    VtMono raw_now = vt_clock_read(sources->owner.clock).raw;
    VtNs age_ns = vt_mono_diff(raw_now, sources->raw_stand_in_at);

    if (sources->stand_in != STAND_IN_ACTIVE)
        return true;
    if (!sources->is_right && age_ns < MOST_STAND_IN_NS)
        return false;
    sources->stand_in = sources->is_right ? STAND_IN_IDLE : STAND_IN_SPENT;
    tell_change(sources, raw_now);
    return true;
}

static bool
is_stopwatch_reading(const VtSources *sources, const VtSource *source, const VtReading *reading)
{
    return source == get_link_source(sources) && source != get_followed(sources) &&
           get_followed(sources) != NULL && reading != NULL &&
           !reading->reference_synchronised && vt_reading_check(reading) == VT_READING_OK;
}

/* Nobody says how good the host's clock is. */
static void
forget_host_quality(VtSources *sources)
{
    sources->host_quality = (VtQuality){
        .root_dispersion_ns = sources->host_error_ns,
        .is_synchronised = true,
    };
}

static void
note_host_quality(VtSources *sources, const VtReading *reading)
{
    sources->host_quality = (VtQuality){
        .root_delay_ns = reading->root_delay_ns,
        .root_dispersion_ns = reading->root_dispersion_ns,
        .is_synchronised = reading->reference_synchronised,
        .stratum = reading->stratum,
        .leap = reading->leap,
    };
}

static void
on_reading(VtSource *source, const VtReading *reading, void *user_data)
{
    VtSources *sources = user_data;
    if (source == get_link_source(sources) && reading != NULL)
        note_host_quality(sources, reading);
    /* At rest the tick judges, so that how often somebody answers is no advantage. */
    if (get_followed(sources) == NULL || sources->is_urgent)
        judge(sources);
    if (is_stopwatch_reading(sources, source, reading))
        use_stopwatch(sources, reading);
    if (source == get_followed(sources) && (reading == NULL || end_stand_in(sources)))
        sources->listener->on_reading(reading, sources->user_data);
}

static void
free_source(gpointer source)
{
    vt_source_free(source);
}

VtSources *
vt_sources_new(VtLink *link,
               const GPtrArray *servers,
               VtClock *clock,
               const VtSourcesListener *listener,
               void *user_data)
{
    VtSources *sources = g_new0(VtSources, 1);
    sources->owner = (VtSourceOwner){
        .clock = clock,
        .on_reading = on_reading,
        .user_data = sources,
    };
    sources->link = link;
    sources->listener = listener;
    sources->user_data = user_data;
    sources->is_urgent = true;
    sources->list = g_ptr_array_new_with_free_func(free_source);
    vt_choice_init(&sources->choice);
    vt_sources_set_host_error(sources, DEFAULT_HOST_ERROR_NS);
    sources->truth.is_settled = true;

    g_ptr_array_add(sources->list, vt_source_new_link(link, &sources->owner));
    for (guint i = 0; servers != NULL && i < servers->len; i++)
        g_ptr_array_add(sources->list,
                        vt_source_new_server(servers->pdata[i], &sources->owner));
    return sources;
}

void
vt_sources_free(VtSources *sources)
{
    if (sources == NULL)
        return;
    g_ptr_array_unref(sources->list);
    g_free(sources);
}

static bool
has_substitute(const VtSources *sources, const VtLinkAddress *address)
{
    for (size_t i = 0; i < sources->list->len; i++) {
        if (vt_source_stands_for(get_nth(sources, i), address))
            return true;
    }
    return false;
}

/* Those that the host names no more stay: where it has moved to, nobody knows. */
static void
add_substitutes(VtSources *sources)
{
    const VtLinkAddress *addresses;
    uint8_t n_addresses = vt_link_get_addresses(sources->link, &addresses);

    for (uint8_t i = 0; i < n_addresses && sources->n_substitutes < MOST_SUBSTITUTES; i++) {
        if (has_substitute(sources, &addresses[i]))
            continue;
        sources->n_substitutes += 1;
        g_autofree char *name = g_strdup_printf("host-ntp-%u", sources->n_substitutes);
        VtSource *source =
            vt_source_new_substitute(name, &addresses[i], sources->link, &sources->owner);
        g_ptr_array_add(sources->list, source);
    }
}

VtSource *
vt_sources_add_clock(VtSources *sources, const VtSourceClock *clock)
{
    VtSource *source = vt_source_new_clock(clock, &sources->owner);
    g_ptr_array_add(sources->list, source);
    return source;
}

const VtQuality *
vt_sources_get_host_quality(const VtSources *sources)
{
    return &sources->host_quality;
}

void
vt_sources_set_host_error(VtSources *sources, VtNs error_ns)
{
    sources->host_error_ns = error_ns;
    forget_host_quality(sources);
}

void
vt_sources_on_tick(VtSources *sources)
{
    if (vt_link_get_state(sources->link) != VT_LINK_STATE_UP)
        forget_host_quality(sources);
    add_substitutes(sources);
    for (size_t i = 0; i < sources->list->len; i++)
        vt_source_on_tick(get_nth(sources, i), sources->is_urgent);
    if (!sources->is_urgent)
        vt_falsetickers_judge(sources->list, sources->raw_calm_at,
                              vt_clock_read(sources->owner.clock).raw);
    judge(sources);
}

static bool
follows_rtc(const VtSources *sources)
{
    const VtSource *followed = get_followed(sources);
    return followed != NULL &&
           vt_source_get_candidate(followed, false, (VtMono){ 0 }).source_class ==
               VT_SOURCE_RTC;
}

/* What readings of before told together holds no more. */
static void
forget_stats(VtSources *sources)
{
    for (size_t i = 0; i < sources->list->len; i++)
        vt_source_forget_stats(get_nth(sources, i));
}

void
vt_sources_set_status(VtSources *sources, const VtPipelineStatus *status, bool is_suspect)
{
    bool is_tracking = status->state == VT_STATE_TRACKING && !is_suspect;
    if (!is_tracking)
        sources->raw_calm_at = vt_clock_read(sources->owner.clock).raw;
    sources->is_urgent = !is_tracking;
    sources->is_right = is_tracking && status->synchronised;
    if (status->state == VT_STATE_DISRUPTED && !sources->is_disrupted)
        forget_stats(sources);
    sources->is_disrupted = status->state == VT_STATE_DISRUPTED;
    sources->owner.rate_ppb = status->rate_ppb;
    sources->offset_ns = status->offset_ns;
    sources->error_ns = status->error_ns;
    sources->truth = (VtTruth){
        .is_settled = !is_suspect && sources->stand_in != STAND_IN_ACTIVE &&
                      !sources->is_disrupted && status->state != VT_STATE_MEASURING,
        /* What the RTC says of itself proves nothing. */
        .is_right = sources->is_right && !follows_rtc(sources),
        .offset_ns = status->offset_ns,
        .error_ns = status->error_ns,
    };
}

const VtTruth *
vt_sources_get_truth(const VtSources *sources)
{
    return &sources->truth;
}

bool
vt_sources_has_host_clock(const VtSources *sources)
{
    VtMono raw_now = vt_clock_read(sources->owner.clock).raw;
    for (size_t i = 0; i < sources->list->len; i++) {
        VtCandidate candidate = vt_source_get_candidate(get_nth(sources, i), false, raw_now);
        if (candidate.is_usable && candidate.source_class < VT_SOURCE_SERVER)
            return true;
    }
    return false;
}

void
vt_sources_forget_stopwatch(VtSources *sources)
{
    vt_stopwatch_forget(&sources->stopwatch);
    forget_host_quality(sources);
}

bool
vt_sources_is_followed(const VtSources *sources, const VtSource *source)
{
    return source == get_followed(sources);
}

void
vt_sources_measure(VtSources *sources)
{
    VtSource *followed = get_followed(sources);
    if (followed == NULL || sources->stand_in == STAND_IN_ACTIVE)
        vt_sources_measure_all(sources);
    else
        vt_source_measure(followed);
}

void
vt_sources_measure_all(VtSources *sources)
{
    for (size_t i = 0; i < sources->list->len; i++)
        vt_source_measure(get_nth(sources, i));
}

bool
vt_sources_is_reading(const VtSources *sources)
{
    const VtSource *followed = get_followed(sources);
    if (sources->stand_in == STAND_IN_ACTIVE)
        return vt_source_is_reading(get_link_source(sources));
    return followed != NULL && vt_source_is_reading(followed);
}

const char *
vt_sources_get_name(const VtSources *sources)
{
    const VtSource *followed = get_followed(sources);
    if (sources->stand_in == STAND_IN_ACTIVE)
        return vt_source_get_name(get_link_source(sources));
    return followed != NULL ? vt_source_get_name(followed) : "";
}

VtSource *
vt_sources_find(const VtSources *sources, const char *name)
{
    for (size_t i = 0; i < sources->list->len; i++) {
        VtSource *source = get_nth(sources, i);
        if (vt_source_is_called(source, name))
            return source;
    }
    return NULL;
}

const GPtrArray *
vt_sources_get_list(const VtSources *sources)
{
    return sources->list;
}

VtInstant
vt_sources_read_clock(const VtSources *sources)
{
    return vt_clock_read(sources->owner.clock);
}
