/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/source.h"

#include <string.h>

#include <gio/gio.h>

#include "agent/providers/link.h"
#include "agent/providers/ntp.h"
#include "agent/source-private.h"

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
    vt_poll_note_asked(&source->poll, vt_clock_read(source->owner->clock).raw);
    source->is_reading = true;
    vt_provider_begin(&source->provider);
}

static void
record(VtSource *source, const VtReading *reading)
{
    if (reading == NULL || vt_reading_check(reading) != VT_READING_OK) {
        vt_source_record_fail(&source->record);
        return;
    }
    VtSample sample = vt_sample_from_reading(reading);
    /* A makeshift says nothing of how good this one is. */
    if (sample.is_least)
        return;
    vt_source_record_add(&source->record, &sample);
    vt_source_stats_add(&source->stats, &sample);
}

static void
on_reading(const VtReading *reading, void *user_data)
{
    VtSource *source = user_data;

    source->is_reading = false;
    record(source, reading);
    source->owner->on_reading(source, reading, source->owner->user_data);
}

static void
on_kiss(VtNtpKiss kiss, void *user_data)
{
    VtSource *source = user_data;
    switch (kiss) {
    case VT_NTP_KISS_SLOWER:
        vt_poll_slow_down(&source->poll);
        return;
    case VT_NTP_KISS_REFUSED:
        vt_poll_refuse(&source->poll);
        return;
    }
    g_assert_not_reached();
}

static const VtProviderNtpListener ntp_listener = {
    .on_reading = on_reading,
    .on_kiss = on_kiss,
};

static VtSource *
make_source(const char *name, VtSourceClass source_class, const VtSourceOwner *owner)
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
    VtSource *source = make_source("link", VT_SOURCE_LINK, owner);
    source->kind = "link";
    source->link = link;
    source->provider = vt_provider_link_new(link, owner->clock, on_reading, source);
    vt_poll_init(&source->poll, VT_POLL_FREE);
    return source;
}

VtSource *
vt_source_new_clock(const VtSourceClock *clock, const VtSourceOwner *owner)
{
    VtSource *source = make_source(clock->name, clock->source_class, owner);
    source->kind = clock->kind;
    source->provider = clock->make(clock->params, owner->clock, on_reading, source);
    vt_poll_init(&source->poll, VT_POLL_FREE);
    return source;
}

VtSource *
vt_source_new_server(const VtServerConfig *server, const VtSourceOwner *owner)
{
    VtProviderNtpParams params = {
        .host = server->address,
        .port = (uint16_t)server->port,
        .is_local = server->is_local,
    };
    VtSource *source = make_source(server->name, VT_SOURCE_SERVER, owner);
    source->kind = "server";
    source->provider = vt_provider_ntp_new(&params, owner->clock, &ntp_listener, source);
    vt_poll_init(&source->poll, server->is_local ? VT_POLL_LOCAL : VT_POLL_NETWORK);
    return source;
}

VtSource *
vt_source_new_substitute(const char *name,
                         const VtLinkAddress *address,
                         VtLink *link,
                         const VtSourceOwner *owner)
{
    GSocketFamily family = address->family == 4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6;
    g_autoptr(GInetAddress) inet = g_inet_address_new_from_bytes(address->address, family);
    g_autofree char *text = g_inet_address_to_string(inet);
    VtServerConfig server = {
        .name = (char *)name,
        .address = text,
        .port = address->port,
        .is_local = true,
    };
    VtSource *source = vt_source_new_server(&server, owner);
    source->substitute_of = link;
    source->address = *address;
    return source;
}

bool
vt_source_stands_for(const VtSource *source, const VtLinkAddress *address)
{
    size_t n_bytes = address->family == 4 ? 4 : 16;
    return source->substitute_of != NULL && source->address.family == address->family &&
           source->address.port == address->port &&
           memcmp(source->address.address, address->address, n_bytes) == 0;
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
        vt_source_record_fail(&source->record);
        return;
    }
    if (vt_poll_get_wait(&source->poll, is_wanted, raw_now) == 0)
        ask(source);
}

static gboolean
on_timer(gpointer user_data)
{
    VtSource *source = user_data;
    ask(source);
    return G_SOURCE_REMOVE;
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
    guint wait_ms = (guint)((wait_ns + VT_NS_PER_MS - 1) / VT_NS_PER_MS);
    source->timer = g_timeout_source_new(wait_ms);
    g_source_set_priority(source->timer, G_PRIORITY_HIGH);
    g_source_set_callback(source->timer, on_timer, source, NULL);
    g_source_attach(source->timer, g_main_context_get_thread_default());
}

void
vt_source_set_present(VtSource *source, bool is_present)
{
    source->is_absent = !is_present;
    /* What comes back may be another. */
    source->standing = (VtStanding){ 0 };
}

void
vt_source_set_state(VtSource *source, VtSourceState state)
{
    source->state = state;
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

bool
vt_source_is_usable(const VtSource *source, bool is_urgent)
{
    return vt_source_is_needed(source) && !source->standing.is_false &&
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
    };
}

VtOpinion
vt_source_get_opinion(const VtSource *source, VtMono raw_calm_at)
{
    const VtSample *last = &source->record.last;
    bool is_recent =
        source->record.has_last && vt_mono_diff(last->raw_begun_at, raw_calm_at) >= 0;
    return (VtOpinion){
        .counts = is_recent && vt_source_is_needed(source) && last->reference_synchronised &&
                  source->source_class != VT_SOURCE_RTC &&
                  vt_source_record_is_reachable(&source->record),
        .source_class = source->source_class,
        .raw_at = last->raw_at,
        .raw_offset_ns = last->raw_offset_ns,
        .error_ns = vt_ns_add(last->error_ns, last->root_distance_ns),
    };
}

VtStanding *
vt_source_get_standing(VtSource *source)
{
    return &source->standing;
}
