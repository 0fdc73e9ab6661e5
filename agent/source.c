/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/source.h"

#include <gio/gio.h>

#include "agent/providers/link.h"
#include "agent/providers/ntp.h"
#include "agent/source-private.h"
#include "core/leap.h"
#include "os/random.h"

/* A reading that is further off the line of the others means that something has changed. */
#define SURPRISE_SIGMAS 4

/* A leap second is announced until it comes, and smears may take until a day after it. */
#define UNSMEARED_NS (2 * 86400 * VT_NS_PER_SEC)

/* More than any interval is spread by. */
#define MOST_LOT_NS (86400 * VT_NS_PER_SEC)

static void
stop_timer(VtSource *source)
{
    if (source->timer == NULL)
        return;
    g_source_destroy(source->timer);
    g_clear_pointer(&source->timer, g_source_unref);
}

static void
ask(VtSource *source)
{
    stop_timer(source);
    VtNs lot_ns = (VtNs)(vt_random_nonce() % (uint64_t)MOST_LOT_NS);
    vt_poll_note_asked(&source->poll, vt_clock_read(source->owner->clock).raw, lot_ns);
    if (source->source_class == VT_SOURCE_SERVER)
        vt_provider_ntp_set_poll(&source->provider, vt_poll_get_log2_sec(&source->poll));
    source->is_reading = true;
    vt_provider_begin(&source->provider);
}

static gboolean
on_timer(gpointer user_data)
{
    VtSource *source = user_data;
    if (vt_source_is_needed(source) && vt_provider_is_usable(&source->provider))
        ask(source);
    else
        stop_timer(source);
    return G_SOURCE_REMOVE;
}

static void
ask_later(VtSource *source, VtNs wait_ns)
{
    guint wait_ms = (guint)((wait_ns + VT_NS_PER_MS - 1) / VT_NS_PER_MS);
    source->timer = g_timeout_source_new(wait_ms);
    g_source_set_priority(source->timer, G_PRIORITY_HIGH);
    g_source_set_callback(source->timer, on_timer, source, NULL);
    g_source_attach(source->timer, g_main_context_get_thread_default());
}

/* Where the settings want a shorter tick than the agent's own. */
static void
ask_at_short_tick(VtSource *source)
{
    VtNs tick_ns = source->owner->tick_ns;
    bool is_free = source->poll.kind != VT_POLL_NETWORK;
    bool is_asked = source->is_reading || source->timer != NULL;
    if (tick_ns > 0 && tick_ns < VT_NS_PER_SEC && is_free && !is_asked &&
        source->state == VT_SOURCE_STATE_SELECTED)
        ask_later(source, tick_ns);
}

/* Whether @sample lies off the line of those before it by more than it may be wrong. */
static bool
is_surprise(const VtSource *source, const VtSample *sample)
{
    VtSourceFit fit = vt_source_stats_fit(&source->stats, source->owner->rate_ppb);
    VtNs predicted_ns = vt_source_fit_predict(&fit, sample->raw_at);
    VtNs residual_ns = vt_ns_abs(vt_ns_sub(sample->raw_offset_ns, predicted_ns));
    double age_sec = vt_ns_to_sec(vt_mono_diff(sample->raw_at, fit.raw_at));
    VtNs noise_ns = vt_ns_from_double(SURPRISE_SIGMAS * fit.sigma_ns + fit.skew_ppb * age_sec);
    return fit.has_rate && residual_ns > vt_ns_add(noise_ns, sample->error_ns);
}

static void
take_sample(VtSource *source, const VtReading *reading)
{
    VtSample sample = vt_sample_from_reading(reading);
    source->n_failed = 0;
    source->n_denied = source->standing.is_false ? source->n_denied + 1 : 0;
    /* A makeshift says nothing of how good this one is. */
    if (sample.is_least)
        return;
    bool was_expected = !is_surprise(source, &sample);
    source->last_reading = *reading;
    vt_source_record_add(&source->record, &sample);
    vt_source_stats_add(&source->stats, &sample);
    vt_poll_adapt(&source->poll, source->stats.n_points, !was_expected);
}

/*
 * One that announces a leap second makes it; among clocks that smear it would be wrong for a
 * day.
 */
static bool
is_unsmeared(VtSource *source, const VtReading *reading)
{
    if (!source->owner->is_smeared)
        return false;
    if (reading->leap == VT_LEAP_INSERT || reading->leap == VT_LEAP_DELETE) {
        source->is_unsmeared = true;
        source->raw_unsmeared_at = reading->received.raw;
    }
    VtNs age_ns = vt_mono_diff(reading->received.raw, source->raw_unsmeared_at);
    source->is_unsmeared = source->is_unsmeared && age_ns < UNSMEARED_NS;
    return source->is_unsmeared;
}

void
vt_source_on_reading(const VtReading *reading, void *user_data)
{
    VtSource *source = user_data;

    source->is_reading = false;
    vt_poll_note_answered(&source->poll);
    source->has_result = true;
    source->raw_result_at = vt_clock_read(source->owner->clock).raw;
    if (reading != NULL && is_unsmeared(source, reading))
        reading = NULL;
    if (reading != NULL && vt_reading_check(reading) == VT_READING_OK) {
        take_sample(source, reading);
    } else {
        source->n_failed++;
        vt_source_record_fail(&source->record);
    }
    source->owner->on_reading(source, reading, source->owner->user_data);
    ask_at_short_tick(source);
}

VtSource *
vt_source_make(const char *name, VtSourceClass source_class, const VtSourceOwner *owner)
{
    VtSource *source = g_new0(VtSource, 1);
    source->name = g_strdup(name);
    source->source_class = source_class;
    source->owner = owner;
    source->state = VT_SOURCE_STATE_UNUSABLE;
    return source;
}

VtSource *
vt_source_new_link(VtLink *link, const VtSourceOwner *owner)
{
    VtSource *source = vt_source_make("link", VT_SOURCE_LINK, owner);
    source->kind = "link";
    source->link = link;
    source->provider = vt_provider_link_new(link, owner->clock, vt_source_on_reading, source);
    vt_poll_init(&source->poll, VT_POLL_FREE);
    return source;
}

VtSource *
vt_source_new_clock(const VtSourceClock *clock, const VtSourceOwner *owner)
{
    VtSource *source = vt_source_make(clock->name, clock->source_class, owner);
    source->kind = clock->kind;
    source->provider = clock->make(clock->params, owner->clock, vt_source_on_reading, source);
    vt_poll_init(&source->poll, VT_POLL_FREE);
    return source;
}

bool
vt_source_is_needed(const VtSource *source)
{
    if (source->is_absent || source->is_offline)
        return false;
    return source->substitute_of == NULL || !vt_link_can_ask(source->substitute_of);
}

void
vt_source_free(VtSource *source)
{
    if (source == NULL)
        return;
    stop_timer(source);
    vt_provider_clear(&source->provider);
    g_free(source->name);
    g_free(source);
}

void
vt_source_on_tick(VtSource *source, bool is_wanted)
{
    VtMono raw_now = vt_clock_read(source->owner->clock).raw;
    if (source->is_reading || !vt_source_is_needed(source))
        return;
    if (!vt_provider_is_usable(&source->provider)) {
        /* A server without an address is not one that fails. */
        if (source->source_class != VT_SOURCE_SERVER)
            vt_source_record_fail(&source->record);
        return;
    }
    if (vt_poll_get_wait(&source->poll, is_wanted, raw_now) == 0)
        ask(source);
}

void
vt_source_measure(VtSource *source)
{
    VtMono raw_now = vt_clock_read(source->owner->clock).raw;
    if (!vt_source_is_needed(source) || !vt_provider_is_usable(&source->provider))
        return;

    vt_poll_begin_burst(&source->poll, raw_now);
    VtNs wait_ns = vt_poll_get_wait(&source->poll, true, raw_now);
    if (wait_ns == 0) {
        ask(source);
        return;
    }
    /* What takes longer comes with a tick. */
    if (wait_ns >= VT_NS_PER_SEC || source->timer != NULL)
        return;
    ask_later(source, wait_ns);
}

void
vt_source_set_present(VtSource *source, bool is_present)
{
    source->is_absent = !is_present;
    /* What comes back may be another. */
    source->standing = (VtStanding){ 0 };
}

void
vt_source_forget_stats(VtSource *source)
{
    vt_source_stats_forget(&source->stats);
}

bool
vt_source_burst(VtSource *source)
{
    if (!vt_source_is_needed(source) || !vt_provider_is_usable(&source->provider))
        return false;
    vt_source_measure(source);
    return true;
}

void
vt_source_set_online(VtSource *source, bool is_online)
{
    source->is_offline = !is_online;
}

bool
vt_source_is_online(const VtSource *source)
{
    return !source->is_offline;
}

VtProvider *
vt_source_get_provider(VtSource *source)
{
    return &source->provider;
}

bool
vt_source_is_reading(const VtSource *source)
{
    return source->is_reading || source->timer != NULL;
}

const char *
vt_source_get_name(const VtSource *source)
{
    return source->name;
}

bool
vt_source_is_called(const VtSource *source, const char *name)
{
    if (g_str_equal(source->name, name))
        return true;
    return source->source_class == VT_SOURCE_SERVER &&
           vt_provider_ntp_has_address(&source->provider, name);
}

VtNs
vt_source_get_holdover(const VtSource *source)
{
    return vt_poll_get_holdover(&source->poll);
}
