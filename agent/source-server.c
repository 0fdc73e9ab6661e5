/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/source-server.h"

#include <string.h>

#include <gio/gio.h>

#include "agent/providers/ntp.h"
#include "agent/source-facts.h"
#include "agent/source-private.h"
#include "os/route.h"

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
    .on_reading = vt_source_on_reading,
    .on_kiss = on_kiss,
};

static void
init_poll(VtSource *source, const VtServerConfig *config)
{
    vt_poll_init(&source->poll, config->is_local ? VT_POLL_LOCAL : VT_POLL_NETWORK);
    if (config->is_local)
        return;
    vt_poll_set_range(&source->poll, (int)config->least_poll, (int)config->greatest_poll);
    if (!config->has_burst)
        vt_poll_forbid_bursts(&source->poll);
}

VtSource *
vt_source_new_server(const char *name,
                     const VtServerConfig *config,
                     const VtNtpKeys *keys,
                     const VtSourceOwner *owner)
{
    VtProviderNtpParams params = {
        .is_local = config->is_local,
        .keys = config->key != 0 ? keys : NULL,
        .key_id = (uint32_t)config->key,
    };
    VtSource *source = vt_source_make(name, VT_SOURCE_SERVER, owner);
    source->kind = config->most_sources > 0 ? "pool" : "server";
    source->is_pool_member = config->most_sources > 0;
    source->is_preferred = config->is_preferred;
    source->is_trusted = config->is_trusted;
    source->is_required = config->is_required;
    source->config = config;
    source->provider = vt_provider_ntp_new(&params, owner->clock, &ntp_listener, source);
    init_poll(source, config);
    return source;
}

static const VtServerConfig substitute_config = { .is_local = true };

VtSource *
vt_source_new_substitute(const char *name,
                         const VtLinkAddress *address,
                         VtLink *link,
                         const VtSourceOwner *owner)
{
    GSocketFamily family = address->family == 4 ? G_SOCKET_FAMILY_IPV4 : G_SOCKET_FAMILY_IPV6;
    g_autoptr(GInetAddress) inet = g_inet_address_new_from_bytes(address->address, family);
    g_autoptr(GSocketAddress) server = g_inet_socket_address_new(inet, address->port);
    VtSource *source = vt_source_new_server(name, &substitute_config, NULL, owner);
    source->substitute_of = link;
    source->address = *address;
    vt_source_set_address(source, server);
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

/* Another machine: nothing of what was learnt holds, nor what the one before asked for. */
void
vt_source_set_address(VtSource *source, GSocketAddress *address)
{
    vt_provider_ntp_set_address(&source->provider, address);
    source->is_reading = false;
    source->is_renewed = true;
    source->n_failed = 0;
    source->n_denied = 0;
    source->has_result = false;
    source->record = (VtSourceRecord){ 0 };
    source->standing = (VtStanding){ 0 };
    vt_source_stats_forget(&source->stats);
    init_poll(source, source->config);
}

bool
vt_source_is_addressed(const VtSource *source)
{
    return source->source_class == VT_SOURCE_SERVER &&
           vt_provider_ntp_get_address(&source->provider) != NULL;
}

uint32_t
vt_source_get_reference_id(const VtSource *source)
{
    if (source->source_class != VT_SOURCE_SERVER)
        return 0;
    return vt_provider_ntp_get_reference_id(&source->provider);
}

static bool
is_same_address(GSocketAddress *one, GSocketAddress *other)
{
    GInetSocketAddress *a = G_INET_SOCKET_ADDRESS(one);
    GInetSocketAddress *b = G_INET_SOCKET_ADDRESS(other);
    return g_inet_socket_address_get_port(a) == g_inet_socket_address_get_port(b) &&
           g_inet_address_equal(g_inet_socket_address_get_address(a),
                                g_inet_socket_address_get_address(b));
}

bool
vt_source_has_address(const VtSource *source, GSocketAddress *address)
{
    return vt_source_is_addressed(source) &&
           is_same_address(vt_provider_ntp_get_address(&source->provider), address);
}

bool
vt_source_has_route(const VtSource *source)
{
    return !vt_source_is_addressed(source) ||
           vt_route_exists(vt_provider_ntp_get_address(&source->provider));
}

unsigned
vt_source_get_n_failed(const VtSource *source)
{
    return source->n_failed;
}

unsigned
vt_source_get_n_denied(const VtSource *source)
{
    return source->n_denied;
}

bool
vt_source_is_answering(const VtSource *source)
{
    return source->record.has_last && source->n_failed == 0;
}

void
vt_source_set_server_problem(VtSource *source, const char *problem)
{
    vt_provider_ntp_set_problem(&source->provider, problem);
}

void
vt_source_on_network_change(VtSource *source)
{
    /* Whoever answers needs no other network. */
    if (source->record.reach != 0)
        return;
    /* A server that no request has reached was not asked too often. */
    if (vt_provider_ntp_is_cut_off(&source->provider))
        init_poll(source, source->config);
    else
        vt_poll_begin_burst(&source->poll, vt_clock_read(source->owner->clock).raw);
}

bool
vt_source_take_renewal(VtSource *source)
{
    bool is_renewed = source->is_renewed;
    source->is_renewed = false;
    return is_renewed;
}

bool
vt_source_is_vacant(const VtSource *source)
{
    /* What could not be looked up has a problem to show. */
    return source->is_pool_member && !vt_source_is_addressed(source) &&
           vt_provider_ntp_get_problem(&source->provider) == NULL;
}
