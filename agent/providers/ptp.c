/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/providers/ptp.h"

#include "base/error.h"
#include "core/reading-mean.h"
#include "os/ptp.h"

/* Such clocks count nanoseconds, and convert them twice. */
#define PRECISION_NS 50

/* Of a clock that is read for next to nothing so many are averaged. */
#define N_READINGS      5
#define FREE_READING_NS (20 * VT_NS_PER_US)

/* A node that could not be opened may be given to our group a moment later. */
#define OPEN_EVERY_CALLS 4

/* A way that served once more than this ago may have a better one beside it by now. */
#define FORGET_AFTER_READINGS 3600

typedef struct {
    char *path;
    VtScale scale;
    const VtQuality *quality;
    VtClock *clock;
    VtReadingFunc on_reading;
    void *user_data;

    VtPtp *device; /* NULL: not open */
    unsigned n_calls_to_open;
    unsigned n_readings_to_forget;
    GSource *pending;
    VtNs cost_ns; /* of the cheapest reading; -1: none yet */
    char *problem;
} PtpProvider;

static void
set_problem(PtpProvider *provider, const char *problem)
{
    if (g_strcmp0(provider->problem, problem) == 0)
        return;
    g_free(provider->problem);
    provider->problem = g_strdup(problem);
}

static void
open_device(PtpProvider *provider)
{
    g_autoptr(GError) error = NULL;
    if (provider->n_calls_to_open > 0) {
        provider->n_calls_to_open -= 1;
        return;
    }
    provider->n_calls_to_open = OPEN_EVERY_CALLS;
    provider->device = vt_ptp_open(provider->path, &error);
    set_problem(provider, error != NULL ? error->message : NULL);
}

static bool
ptp_is_usable(void *instance)
{
    PtpProvider *provider = instance;
    if (provider->device == NULL)
        open_device(provider);
    return provider->device != NULL;
}

/* What is to be added to the device's time to get UTC. */
static bool
get_to_utc(const PtpProvider *provider, VtNs *ret_span_ns, GError **error)
{
    VtClockState state;
    *ret_span_ns = 0;
    if (provider->scale == VT_SCALE_UTC)
        return true;
    if (!vt_clock_get_state(provider->clock, &state, error))
        return false;
    if (state.tai_offset_sec <= 0) {
        g_set_error(error, VT_ERROR, VT_ERROR_UNSUPPORTED,
                    "'%s' shows TAI, and the kernel has not been told how far that is from UTC",
                    provider->path);
        return false;
    }
    *ret_span_ns = -state.tai_offset_sec * VT_NS_PER_SEC;
    return true;
}

/*
 * The system's instants are of REALTIME alone. What MONOTONIC_RAW showed then follows from how
 * far the two lay apart before and after the whole reading; if that changed, because the clock
 * was slewed, set, or read slowly, the bracket grows by it.
 */
static void
set_bracket(VtReading *reading, const VtPtpShot *shot, VtInstant begun, VtInstant ended)
{
    VtNs apart_before_ns = vt_ns_sub(begun.raw.ns, begun.wall.ns);
    VtNs apart_after_ns = vt_ns_sub(ended.raw.ns, ended.wall.ns);
    VtNs least_ns = vt_ns_min(apart_before_ns, apart_after_ns);
    VtNs most_ns = vt_ns_max(apart_before_ns, apart_after_ns);

    reading->sent.wall = shot->before;
    reading->received.wall = shot->after;
    if (shot->has_raw) {
        reading->sent.raw = shot->raw_at;
        reading->received.raw = shot->raw_at;
        return;
    }
    reading->sent.raw = (VtMono){ .ns = vt_ns_add(shot->before.ns, least_ns) };
    reading->received.raw = (VtMono){ .ns = vt_ns_add(shot->after.ns, most_ns) };
}

static bool
read_clock(PtpProvider *provider, VtReading *ret_reading, GError **error)
{
    VtPtpShot shot;
    VtNs to_utc_ns;
    if (!get_to_utc(provider, &to_utc_ns, error))
        return false;
    VtInstant begun = vt_clock_read(provider->clock);
    if (!vt_ptp_read(provider->device, &shot, error))
        return false;
    VtInstant ended = vt_clock_read(provider->clock);
    VtNs cost_ns = vt_mono_diff(ended.raw, begun.raw);
    VtWall at = vt_wall_add(shot.device_at, to_utc_ns);

    if (provider->cost_ns < 0 || cost_ns < provider->cost_ns)
        provider->cost_ns = cost_ns;
    *ret_reading = (VtReading){
        .reference_received_at = at,
        .reference_sent_at = at,
        .precision_ns = PRECISION_NS,
        .root_delay_ns = provider->quality->root_delay_ns,
        .root_dispersion_ns = provider->quality->root_dispersion_ns,
        .reference_synchronised = provider->quality->is_synchronised,
        .stratum = provider->quality->stratum,
        .leap = provider->quality->leap,
    };
    set_bracket(ret_reading, &shot, begun, ended);
    return true;
}

static bool
read_several(PtpProvider *provider, VtReading *ret_reading, GError **error)
{
    VtReadingMean mean = { .n_readings = 0 };
    for (int i = 0; i < N_READINGS && (i == 0 || provider->cost_ns <= FREE_READING_NS); i++) {
        if (!read_clock(provider, ret_reading, error))
            return false;
        vt_reading_mean_add(&mean, ret_reading);
    }
    /* If none of them is one, that is to be seen. */
    (void)vt_reading_mean_get(&mean, ret_reading);
    return true;
}

static void
drop_source(PtpProvider *provider)
{
    if (provider->pending == NULL)
        return;
    g_source_destroy(provider->pending);
    g_clear_pointer(&provider->pending, g_source_unref);
}

static gboolean
on_turn(gpointer user_data)
{
    PtpProvider *provider = user_data;
    g_autoptr(GError) error = NULL;
    VtReading reading;

    drop_source(provider);
    if (provider->n_readings_to_forget-- == 0) {
        provider->n_readings_to_forget = FORGET_AFTER_READINGS;
        vt_ptp_forget_method(provider->device);
    }
    bool is_read = read_several(provider, &reading, &error);
    set_problem(provider, error != NULL ? error->message : NULL);
    if (!is_read && g_error_matches(error, VT_ERROR, VT_ERROR_NOT_FOUND))
        g_clear_pointer(&provider->device, vt_ptp_free);
    provider->on_reading(is_read ? &reading : NULL, provider->user_data);
    return G_SOURCE_REMOVE;
}

static void
ptp_begin(void *instance)
{
    PtpProvider *provider = instance;
    drop_source(provider);
    provider->pending = g_idle_source_new();
    g_source_set_priority(provider->pending, G_PRIORITY_HIGH);
    g_source_set_callback(provider->pending, on_turn, provider, NULL);
    g_source_attach(provider->pending, g_main_context_get_thread_default());
}

static void
ptp_free(void *instance)
{
    PtpProvider *provider = instance;
    drop_source(provider);
    vt_ptp_free(provider->device);
    g_free(provider->path);
    g_free(provider->problem);
    g_free(provider);
}

static void
ptp_describe(const void *instance, VtProviderFacts *ret_facts)
{
    const PtpProvider *provider = instance;
    ret_facts->cost_ns = provider->cost_ns;
    if (provider->problem != NULL)
        ret_facts->problem = provider->problem;
    if (provider->device == NULL)
        return;
    ret_facts->method = vt_ptp_method_name(vt_ptp_get_method(provider->device));
    if (vt_ptp_is_hampered(provider->device))
        ret_facts->remark = "cannot be read precisely: the kernel's clocksource counts another "
                            "counter; in brackets instead";
}

static const VtProviderKind ptp_kind = {
    .name = "ptp",
    .is_usable = ptp_is_usable,
    .begin = ptp_begin,
    .free = ptp_free,
    .describe = ptp_describe,
};

VtProvider
vt_provider_ptp_new(const VtProviderPtpParams *params,
                    VtClock *clock,
                    VtReadingFunc on_reading,
                    void *user_data)
{
    PtpProvider *provider = g_new0(PtpProvider, 1);
    provider->path = g_strdup(params->path);
    provider->scale = params->scale;
    provider->quality = params->quality;
    provider->clock = clock;
    provider->on_reading = on_reading;
    provider->user_data = user_data;
    provider->cost_ns = -1;
    provider->n_readings_to_forget = FORGET_AFTER_READINGS;
    return (VtProvider){ .kind = &ptp_kind, .instance = provider };
}

void
vt_provider_ptp_forget_method(VtProvider *provider)
{
    g_assert(provider->kind == &ptp_kind);
    PtpProvider *instance = provider->instance;
    if (instance->device != NULL)
        vt_ptp_forget_method(instance->device);
}
