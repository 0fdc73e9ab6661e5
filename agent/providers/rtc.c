/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/providers/rtc.h"

#include <glib.h>

/*
 * By how much an interrupt may come later than it usually does: with half of it once more, as
 * each reading's delay, that covers the 3.6 ms that one of 16 edges was late under emulation.
 */
#define PRECISION_NS (5 * VT_NS_PER_MS / 2)

/*
 * A clock that nobody has compared with anything may be off by anything; as a stopwatch it is
 * not.
 */
#define STOPWATCH_ERROR_NS VT_NS_PER_SEC

typedef struct {
    VtRtc *rtc;
    const VtTruth *truth;
    VtReadingFunc on_reading;
    void *user_data;
    bool is_waiting; /* for the next edge */
    bool has_jumped; /* and nobody has asked since */
    GSource *look;   /* NULL: none is due */
} RtcProvider;

static void
learn(const RtcProvider *provider, const VtRtcEdge *edge)
{
    const VtTruth *truth = provider->truth;
    VtRtcPhase *phase = vt_rtc_get_phase(provider->rtc);
    VtRtcWitness witness = {
        .true_at = edge->at.wall,
        .error_ns = STOPWATCH_ERROR_NS,
    };
    if (!truth->is_settled)
        return;
    if (truth->is_right) {
        witness.true_at = vt_wall_add(edge->at.wall, truth->offset_ns);
        witness.error_ns = truth->error_ns;
        witness.is_true = true;
    } else if (phase->is_known) {
        /* A clock that follows nobody drifts: it must not carry the stopwatch with it. */
        return;
    }
    (void)vt_rtc_phase_learn(phase, edge->second, &witness);
}

/* Its phase or the clock is not what it was: the next edge tells, and this one is no reading. */
static bool
is_contradicted(const RtcProvider *provider)
{
    const VtTruth *truth = provider->truth;
    return truth->is_settled && truth->is_right &&
           vt_rtc_get_phase(provider->rtc)->n_contradictions > 0;
}

static VtReading
make_reading(const RtcProvider *provider, const VtRtcEdge *edge)
{
    const VtRtcPhase *phase = vt_rtc_get_phase(provider->rtc);
    VtWall true_at = vt_wall_add(edge->second, phase->ahead_ns);
    return (VtReading){
        .sent = edge->at,
        .received = edge->at,
        .reference_received_at = true_at,
        .reference_sent_at = true_at,
        .precision_ns = PRECISION_NS,
        .root_dispersion_ns = vt_rtc_phase_get_error(phase, edge->second),
        .reference_synchronised = phase->is_true,
    };
}

/*
 * What an RTC shows between its edges is late by less than a second. After a pause that is nearer
 * to true time than the clock, and there is no better until the next edge.
 */
static gboolean
on_look(gpointer user_data)
{
    RtcProvider *provider = user_data;
    VtInstant at;
    VtWall second;
    g_clear_pointer(&provider->look, g_source_unref);
    if (!provider->is_waiting || !vt_rtc_look(provider->rtc, &at, &second))
        return G_SOURCE_REMOVE;
    VtRtcEdge instead = { .at = at, .second = second };
    VtReading reading = make_reading(provider, &instead);
    reading.precision_ns = VT_NS_PER_SEC;
    reading.is_least = true;
    provider->is_waiting = false;
    provider->on_reading(&reading, provider->user_data);
    return G_SOURCE_REMOVE;
}

static void
look_soon(RtcProvider *provider)
{
    if (provider->look != NULL)
        return;
    provider->look = g_idle_source_new();
    g_source_set_priority(provider->look, G_PRIORITY_HIGH);
    g_source_set_callback(provider->look, on_look, provider, NULL);
    g_source_attach(provider->look, g_main_context_get_thread_default());
}

/* An edge is asked for right with the reading that raised a suspicion, before that is known. */
static void
want_edge(const RtcProvider *provider)
{
    if (provider->is_waiting && !provider->truth->is_settled)
        vt_rtc_want_each_edge(provider->rtc);
}

static void
on_edge(const VtRtcEdge *edge, void *user_data)
{
    RtcProvider *provider = user_data;
    provider->has_jumped = edge->kind == VT_RTC_EDGE_JUMPED;
    /* The overdue edge after a pause says that there was one, not what time it is. */
    if (edge->kind != VT_RTC_EDGE_IN_PHASE && edge->kind != VT_RTC_EDGE_FIRST)
        return;
    learn(provider, edge);
    if (!provider->is_waiting || !vt_rtc_get_phase(provider->rtc)->is_known ||
        is_contradicted(provider))
        return;
    VtReading reading = make_reading(provider, edge);
    provider->is_waiting = false;
    provider->on_reading(&reading, provider->user_data);
    want_edge(provider);
}

static bool
rtc_is_usable(void *instance)
{
    RtcProvider *provider = instance;
    return vt_rtc_is_watched(provider->rtc);
}

static void
rtc_begin(void *instance)
{
    RtcProvider *provider = instance;
    provider->is_waiting = true;
    want_edge(provider);
    if (provider->has_jumped && vt_rtc_get_phase(provider->rtc)->is_known)
        look_soon(provider);
    provider->has_jumped = false;
}

static void
rtc_free(void *instance)
{
    RtcProvider *provider = instance;
    vt_rtc_remove_listener(provider->rtc, on_edge, provider);
    if (provider->look != NULL) {
        g_source_destroy(provider->look);
        g_source_unref(provider->look);
    }
    g_free(provider);
}

static void
rtc_describe(const void *instance, VtProviderFacts *ret_facts)
{
    const RtcProvider *provider = instance;
    const VtRtcPhase *phase = vt_rtc_get_phase(provider->rtc);
    ret_facts->method = vt_rtc_get_method(provider->rtc);
    ret_facts->cost_ns = vt_rtc_get_cost(provider->rtc);
    if (!vt_rtc_is_watched(provider->rtc))
        ret_facts->problem = "not watched: there is something better, or the settings say so";
    else if (!phase->is_known)
        ret_facts->problem = "its phase is not yet known";
    if (vt_rtc_phase_is_local_time(phase))
        ret_facts->remark = "it is set to local time";
    else if (phase->is_known && !phase->is_true)
        ret_facts->remark = "a stopwatch: its phase was never compared with a better clock";
}

static const VtProviderKind rtc_kind = {
    .name = "rtc",
    .is_usable = rtc_is_usable,
    .begin = rtc_begin,
    .free = rtc_free,
    .describe = rtc_describe,
};

VtProvider
vt_provider_rtc_new(const VtProviderRtcParams *params,
                    VtClock *clock,
                    VtReadingFunc on_reading,
                    void *user_data)
{
    RtcProvider *provider = g_new0(RtcProvider, 1);
    (void)clock; /* the RTC brings instants with its edges */
    provider->rtc = params->rtc;
    provider->truth = params->truth;
    provider->on_reading = on_reading;
    provider->user_data = user_data;
    vt_rtc_add_listener(params->rtc, on_edge, provider);
    return (VtProvider){ .kind = &rtc_kind, .instance = provider };
}
