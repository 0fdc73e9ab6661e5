/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/providers/link.h"

#include "agent/providers/ntp-reading.h"
#include "os/random.h"

/* A stream can lose a request at a restore: see docs/protocol.md, "Time transfer". */
#define REPEAT_AFTER_MS 50
#define MAX_TRIES       20

/* Older than this, the last exchange says nothing about where the clock is now. */
#define MAX_ECHO_AGE_NS (3 * VT_NS_PER_SEC / 2)

typedef struct {
    VtLink *link;
    VtClock *clock;
    VtReadingFunc on_reading;
    void *user_data;

    VtLinkTime request; /* in flight while request.nonce is not 0 */
    VtInstant sent;
    GSource *timer;
    unsigned n_tries;

    VtNtpStamp last_transmit; /* T3 of the last exchange */
    VtInstant last_received;  /* and its T4 */
    VtProviderLinkCounters counters;
} LinkProvider;

static void send_request(LinkProvider *provider);

static void
stop_timer(LinkProvider *provider)
{
    if (provider->timer == NULL)
        return;
    g_source_destroy(provider->timer);
    g_clear_pointer(&provider->timer, g_source_unref);
}

static void
finish(LinkProvider *provider, const VtReading *reading)
{
    stop_timer(provider);
    provider->request.nonce = 0;
    provider->on_reading(reading, provider->user_data);
}

static gboolean
on_timeout(gpointer user_data)
{
    LinkProvider *provider = user_data;

    provider->n_tries += 1;
    if (provider->n_tries >= MAX_TRIES || !vt_link_can_ask(provider->link)) {
        finish(provider, NULL);
        return G_SOURCE_REMOVE;
    }
    provider->counters.n_repeated += 1;
    send_request(provider);
    return G_SOURCE_CONTINUE;
}

static void
start_timer(LinkProvider *provider)
{
    stop_timer(provider);
    provider->timer = g_timeout_source_new(REPEAT_AFTER_MS);
    g_source_set_priority(provider->timer, G_PRIORITY_HIGH);
    g_source_set_callback(provider->timer, on_timeout, provider, NULL);
    g_source_attach(provider->timer, g_main_context_get_thread_default());
}

/*
 * Whether REALTIME was set since the last exchange: then its T4 is on another scale than the
 * next T1. A slew and a rate together stay well below a part in a thousand.
 */
static bool
was_stepped_since(const VtInstant *then, const VtInstant *now)
{
    VtNs raw_ns = vt_mono_diff(now->raw, then->raw);
    VtNs wall_ns = vt_wall_diff(now->wall, then->wall);
    return vt_ns_abs(vt_ns_sub(wall_ns, raw_ns)) > 100 * VT_NS_PER_US + raw_ns / 1000;
}

static void
add_last_exchange(LinkProvider *provider, VtNtpPacket *packet)
{
    if (provider->last_transmit == 0)
        return;

    VtInstant now = vt_clock_read(provider->clock);
    VtNs age_ns = vt_mono_diff(now.raw, provider->last_received.raw);
    if (age_ns > MAX_ECHO_AGE_NS || was_stepped_since(&provider->last_received, &now))
        return;
    packet->origin = provider->last_transmit;
    packet->receive = vt_ntp_stamp_from_wall(provider->last_received.wall);
}

static void
send_request(LinkProvider *provider)
{
    provider->request = (VtLinkTime){
        .nonce = vt_random_nonce(),
        .packet = {
            .version = VT_NTP_VERSION,
            .mode = VT_NTP_MODE_CLIENT,
            .precision_log2_sec = -20,
        },
    };
    add_last_exchange(provider, &provider->request.packet);
    /* A full queue or a link that just went down: the timer tries again. */
    (void)vt_link_send_request(provider->link, &provider->request, &provider->sent);
}

static void
on_reply(const VtLinkTime *reply, VtInstant received, void *user_data)
{
    LinkProvider *provider = user_data;
    if (provider->request.nonce == 0 || reply->nonce != provider->request.nonce) {
        provider->counters.n_foreign += 1;
        return;
    }

    VtNtpCheck check = vt_ntp_packet_check_reply(&reply->packet, &provider->request.packet);
    provider->counters.n_by_check[check] += 1;
    if (check != VT_NTP_CHECK_OK)
        return;

    VtReading reading = vt_ntp_reading_make(&reply->packet, provider->sent, received);
    provider->last_transmit = reply->packet.transmit;
    provider->last_received = received;
    finish(provider, &reading);
}

static bool
link_is_usable(void *instance)
{
    LinkProvider *provider = instance;
    return vt_link_can_ask(provider->link);
}

static void
link_begin(void *instance)
{
    LinkProvider *provider = instance;
    provider->n_tries = 0;
    start_timer(provider);
    send_request(provider);
}

static void
link_free(void *instance)
{
    LinkProvider *provider = instance;
    vt_link_set_reply_func(provider->link, NULL, NULL);
    stop_timer(provider);
    g_free(provider);
}

static const VtProviderKind link_kind = {
    .name = "link",
    .is_usable = link_is_usable,
    .begin = link_begin,
    .free = link_free,
};

VtProvider
vt_provider_link_new(VtLink *link, VtClock *clock, VtReadingFunc on_reading, void *user_data)
{
    LinkProvider *provider = g_new0(LinkProvider, 1);
    provider->link = link;
    provider->clock = clock;
    provider->on_reading = on_reading;
    provider->user_data = user_data;
    vt_link_set_reply_func(link, on_reply, provider);
    return (VtProvider){ .kind = &link_kind, .instance = provider };
}

VtProviderLinkCounters
vt_provider_link_get_counters(const VtProvider *provider)
{
    g_assert(provider->kind == &link_kind);
    const LinkProvider *instance = provider->instance;
    return instance->counters;
}
