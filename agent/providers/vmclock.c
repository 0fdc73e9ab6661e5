/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/providers/vmclock.h"

#include <glib.h>

#include "core/reading-mean.h"

/* A counter of some 100 MHz and more. */
#define PRECISION_NS 10

/* So many are averaged: a reading costs well below a microsecond. */
#define N_SHOTS 5

/*
 * The page's counter and this machine's clock are the same oscillator. Over a pause they part,
 * once; if they do so this many times in a row, one of them is not what it says.
 */
#define MOST_DISAGREEMENTS    3
#define LEAST_INTERVAL_NS     (VT_NS_PER_SEC / 2)
#define GREATEST_RATE_DIVISOR 1000

typedef struct {
    VtVmclock *vmclock;
    const VtQuality *quality;
    VtClock *clock;
    VtReadingFunc on_reading;
    void *user_data;
    GSource *pending;
    VtNs cost_ns;
    const char *problem;

    bool has_last;
    VtWall last_at; /* what the page's counter and RAW showed some time ago */
    VtMono raw_last_at;
    unsigned n_disagreements;
} VmclockProvider;

static VtVmclockTimeCheck
look(const VmclockProvider *provider, VtVmclockTime *ret_time)
{
    VtVmclockPage page;
    uint64_t counter;
    if (vt_vmclock_read(provider->vmclock, &page, &counter) != VT_VMCLOCK_OK)
        return VT_VMCLOCK_TIME_UNRELIABLE;
    return vt_vmclock_page_get_time(&page, vt_vmclock_get_counter_id(provider->vmclock),
                                    counter, ret_time);
}

static bool
vmclock_is_usable(void *instance)
{
    VmclockProvider *provider = instance;
    VtVmclockTime time;
    VtVmclockTimeCheck check = look(provider, &time);
    if (check != VT_VMCLOCK_TIME_OK)
        provider->problem = vt_vmclock_time_check_name(check);
    return check == VT_VMCLOCK_TIME_OK;
}

static bool
take_shot(VmclockProvider *provider, VtReading *ret_reading)
{
    VtVmclockTime time;
    VtInstant sent = vt_clock_read(provider->clock);
    VtVmclockTimeCheck check = look(provider, &time);
    VtInstant received = vt_clock_read(provider->clock);

    provider->problem = vt_vmclock_time_check_name(check);
    if (check != VT_VMCLOCK_TIME_OK)
        return false;
    const VtQuality *quality = provider->quality;
    *ret_reading = (VtReading){
        .sent = sent,
        .received = received,
        .reference_received_at = time.at,
        .reference_sent_at = time.at,
        .precision_ns = PRECISION_NS,
        .root_delay_ns = time.has_error ? 0 : quality->root_delay_ns,
        .root_dispersion_ns = time.has_error ? time.error_ns : quality->root_dispersion_ns,
        .reference_synchronised =
            time.is_synchronised && (time.has_error || quality->is_synchronised),
        .stratum = time.has_error ? 1 : quality->stratum,
        .leap = time.leap,
    };
    return true;
}

static bool
read_several(VmclockProvider *provider, VtReading *ret_reading)
{
    VtReadingMean mean = { .n_readings = 0 };
    for (int i = 0; i < N_SHOTS; i++) {
        if (!take_shot(provider, ret_reading))
            return false;
        VtNs width_ns = vt_mono_diff(ret_reading->received.raw, ret_reading->sent.raw);
        if (provider->cost_ns < 0 || width_ns < provider->cost_ns)
            provider->cost_ns = width_ns;
        vt_reading_mean_add(&mean, ret_reading);
    }
    /* If none of them is one, that is to be seen. */
    (void)vt_reading_mean_get(&mean, ret_reading);
    return true;
}

/* False while counter and clock have disagreed for too long. */
static bool
compare_rates(VmclockProvider *provider, const VtReading *reading)
{
    VtNs raw_ns = vt_mono_diff(reading->sent.raw, provider->raw_last_at);
    if (provider->has_last && raw_ns < LEAST_INTERVAL_NS)
        return provider->n_disagreements < MOST_DISAGREEMENTS;
    if (provider->has_last) {
        VtNs page_ns = vt_wall_diff(reading->reference_sent_at, provider->last_at);
        VtNs apart_ns = vt_ns_abs(vt_ns_sub(page_ns, raw_ns));
        VtNs bracket_ns = vt_mono_diff(reading->received.raw, reading->sent.raw);
        bool agrees = apart_ns <= raw_ns / GREATEST_RATE_DIVISOR + bracket_ns + VT_NS_PER_MS;
        provider->n_disagreements = agrees ? 0 : provider->n_disagreements + 1;
    }
    provider->has_last = true;
    provider->last_at = reading->reference_sent_at;
    provider->raw_last_at = reading->sent.raw;
    if (provider->n_disagreements < MOST_DISAGREEMENTS)
        return true;
    provider->problem = "its counter disagrees with this machine's clock";
    return false;
}

static void
drop_source(VmclockProvider *provider)
{
    if (provider->pending == NULL)
        return;
    g_source_destroy(provider->pending);
    g_clear_pointer(&provider->pending, g_source_unref);
}

static gboolean
on_turn(gpointer user_data)
{
    VmclockProvider *provider = user_data;
    VtReading reading;

    drop_source(provider);
    bool is_good = read_several(provider, &reading) && compare_rates(provider, &reading);
    provider->on_reading(is_good ? &reading : NULL, provider->user_data);
    return G_SOURCE_REMOVE;
}

static void
vmclock_begin(void *instance)
{
    VmclockProvider *provider = instance;
    drop_source(provider);
    provider->pending = g_idle_source_new();
    g_source_set_priority(provider->pending, G_PRIORITY_HIGH);
    g_source_set_callback(provider->pending, on_turn, provider, NULL);
    g_source_attach(provider->pending, g_main_context_get_thread_default());
}

static void
vmclock_free(void *instance)
{
    VmclockProvider *provider = instance;
    drop_source(provider);
    g_free(provider);
}

static void
vmclock_describe(const void *instance, VtProviderFacts *ret_facts)
{
    const VmclockProvider *provider = instance;
    ret_facts->method = "page";
    ret_facts->problem = provider->problem;
    ret_facts->cost_ns = provider->cost_ns;
}

static const VtProviderKind vmclock_kind = {
    .name = "vmclock",
    .is_usable = vmclock_is_usable,
    .begin = vmclock_begin,
    .free = vmclock_free,
    .describe = vmclock_describe,
};

VtProvider
vt_provider_vmclock_new(const VtProviderVmclockParams *params,
                        VtClock *clock,
                        VtReadingFunc on_reading,
                        void *user_data)
{
    VmclockProvider *provider = g_new0(VmclockProvider, 1);
    provider->vmclock = params->vmclock;
    provider->quality = params->quality;
    provider->clock = clock;
    provider->on_reading = on_reading;
    provider->user_data = user_data;
    provider->cost_ns = -1;
    provider->problem = "";
    return (VtProvider){ .kind = &vmclock_kind, .instance = provider };
}
