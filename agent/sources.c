/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/sources.h"

#include "agent/selector.h"
#include "agent/source-facts.h"
#include "agent/source-server.h"
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
    GPtrArray *list;     /* VtSource, owned */
    VtNtpGroups *groups; /* what the settings name */
    VtSelector *selector;
    bool is_urgent;
    bool is_right;     /* the clock, against somebody who is synchronised */
    bool is_disrupted; /* it is known to be wrong, and not yet why or by how much */
    VtNs offset_ns;    /* of the clock while it is right */
    VtNs error_ns;
    VtStopwatch stopwatch;
    VtNs host_error_ns;
    VtQuality host_quality;
    VtTruth truth;
    StandIn stand_in;
    VtMono raw_stand_in_at;
};

static VtSource *
get_nth(const VtSources *sources, size_t index)
{
    return g_ptr_array_index(sources->list, index);
}

static VtSource *
get_followed(const VtSources *sources)
{
    return vt_selector_get_followed(sources->selector);
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
    vt_selector_tell(sources->selector);
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
hand_on(VtSources *sources, const VtReading *reading)
{
    VtReading prepared = vt_selector_prepare(sources->selector, reading);
    sources->listener->on_reading(&prepared, sources->user_data);
}

static void
hand_on_last(VtSources *sources, const VtSource *source)
{
    VtReading last;
    if (vt_source_get_last(source, &last))
        hand_on(sources, &last);
}

static void
on_reference_change(const VtPipelineReference *reference, void *user_data)
{
    VtSources *sources = user_data;
    sources->listener->on_change(reference, sources->user_data);
}

static void
on_reading(VtSource *source, const VtReading *reading, void *user_data)
{
    VtSources *sources = user_data;
    if (source == get_link_source(sources) && reading != NULL)
        note_host_quality(sources, reading);
    VtSource *before = get_followed(sources);
    vt_selector_on_reading(sources->selector);
    VtSource *followed = get_followed(sources);
    /* Who is chosen because another has answered was read a moment ago. */
    if (followed != before && followed != source)
        hand_on_last(sources, followed);
    if (is_stopwatch_reading(sources, source, reading))
        use_stopwatch(sources, reading);
    if (source != get_followed(sources))
        return;
    if (reading == NULL)
        sources->listener->on_reading(NULL, sources->user_data);
    else if (end_stand_in(sources))
        hand_on(sources, reading);
}

static void
free_source(gpointer source)
{
    vt_source_free(source);
}

VtSources *
vt_sources_new(VtLink *link,
               const VtSourcesServers *servers,
               VtClock *clock,
               const VtSourcesListener *listener,
               void *user_data)
{
    VtSources *sources = g_new0(VtSources, 1);
    sources->owner = (VtSourceOwner){
        .clock = clock,
        .on_reading = on_reading,
        .user_data = sources,
        .is_smeared = servers->is_smeared,
        .tick_ns = servers->tick_ns,
    };
    sources->link = link;
    sources->listener = listener;
    sources->user_data = user_data;
    sources->is_urgent = true;
    sources->list = g_ptr_array_new_with_free_func(free_source);
    sources->selector = vt_selector_new(sources->list, clock, on_reference_change, sources);
    vt_sources_set_host_error(sources, 0);
    sources->truth.is_settled = true;

    g_ptr_array_add(sources->list, vt_source_new_link(link, &sources->owner));
    sources->groups = vt_ntp_groups_new(&sources->owner, sources->list, sources->selector);
    if (servers != NULL)
        vt_ntp_groups_set(sources->groups, servers);
    return sources;
}

void
vt_sources_free(VtSources *sources)
{
    if (sources == NULL)
        return;
    vt_ntp_groups_free(sources->groups);
    g_ptr_array_unref(sources->list);
    vt_selector_free(sources->selector);
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
    sources->host_error_ns = error_ns > 0 ? error_ns : DEFAULT_HOST_ERROR_NS;
    forget_host_quality(sources);
}

void
vt_sources_set_servers(VtSources *sources, const VtSourcesServers *servers)
{
    vt_ntp_groups_set(sources->groups, servers);
    /* Who was followed may be gone, and with him what the stopwatch stands in for. */
    if (get_followed(sources) == NULL)
        sources->stand_in = STAND_IN_IDLE;
}

void
vt_sources_on_tick(VtSources *sources)
{
    if (vt_link_get_state(sources->link) != VT_LINK_STATE_UP)
        forget_host_quality(sources);
    add_substitutes(sources);
    vt_ntp_groups_on_tick(sources->groups);
    for (size_t i = 0; i < sources->list->len; i++)
        vt_source_on_tick(get_nth(sources, i), sources->is_urgent);
    vt_selector_on_tick(sources->selector);
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

/* The followed one is being asked already. */
static void
ask_others(VtSources *sources)
{
    for (size_t i = 0; i < sources->list->len; i++) {
        if (get_nth(sources, i) != get_followed(sources))
            vt_source_measure(get_nth(sources, i));
    }
}

void
vt_sources_set_status(VtSources *sources, const VtPipelineStatus *status, bool is_suspect)
{
    /* A clock that somebody else steers is as calm as one that is followed. */
    bool is_calm =
        (status->state == VT_STATE_TRACKING || status->state == VT_STATE_ASSIST) && !is_suspect;
    sources->is_urgent = !is_calm;
    sources->is_right = is_calm && status->synchronised;
    bool is_moved = status->state == VT_STATE_START || status->state == VT_STATE_MEASURING ||
                    status->state == VT_STATE_DISRUPTED;
    vt_selector_set_status(sources->selector, sources->is_urgent, is_moved, sources->is_right);
    bool is_new = status->state == VT_STATE_DISRUPTED && !sources->is_disrupted;
    if (is_new)
        forget_stats(sources);
    sources->is_disrupted = status->state == VT_STATE_DISRUPTED;
    sources->owner.rate_ppb = status->rate_ppb;
    sources->owner.rate_sigma_ppb = status->rate_sigma_ppb;
    if (is_new && vt_selector_needs_others(sources->selector))
        ask_others(sources);
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
    vt_selector_note_disturbance(sources->selector);
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

uint32_t
vt_sources_get_reference_id(const VtSources *sources)
{
    const VtSource *followed = get_followed(sources);
    if (sources->stand_in == STAND_IN_ACTIVE || followed == NULL)
        return 0;
    return vt_source_get_reference_id(followed);
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
