/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/clocks.h"

#include "agent/devices/ptp-kind.h"
#include "agent/providers/ptp.h"
#include "agent/providers/vmclock.h"
#include "agent/source-facts.h"

/* A machine has a handful; a driver that makes ever new ones must not cost memory for ever. */
#define MOST_DEVICES 64

/* One device, there or not. */
typedef struct {
    char *name;
    char *path;
    char *clock_name;
    const char *kind;
    VtScale scale;
    const char *refusal; /* why it is not a source; NULL: it is one */
    VtQuality quality;   /* of a card, as the settings say */
    VtSource *source;    /* borrowed from the sources; NULL: not followed */
    bool is_ptp;
    bool is_named; /* its node stands in the settings */
    bool is_present;
    char *told; /* the last remark or problem that was logged */
} Device;

struct VtClocks {
    VtClocksParams params;
    VtUdev *udev;
    VtSources *sources;
    GPtrArray *devices; /* Device, owned */
    VtClock *clock;
    VtRtc *rtc; /* NULL: none yet; there is never more than one */
    VtRtcWatcher *rtc_watcher;
    VtVmclock *vmclock; /* NULL: none yet; there is never more than one */
};

static void
device_free(gpointer data)
{
    Device *device = data;
    g_free(device->name);
    g_free(device->path);
    g_free(device->clock_name);
    g_free(device->told);
    g_free(device);
}

static VtProvider
make_ptp(const void *params, VtClock *clock, VtReadingFunc on_reading, void *user_data)
{
    return vt_provider_ptp_new(params, clock, on_reading, user_data);
}

/* The settings' word on a clock of this name; NULL for none. */
static const VtClockConfig *
find_card(const VtClocks *clocks, const char *clock_name)
{
    for (guint i = 0; clocks->params.cards != NULL && i < clocks->params.cards->len; i++) {
        const VtClockConfig *card = clocks->params.cards->pdata[i];
        if (card->clock_name != NULL && g_pattern_match_simple(card->clock_name, clock_name))
            return card;
    }
    return NULL;
}

static void
add_ptp_source(VtClocks *clocks, Device *device, const VtQuality *quality)
{
    VtProviderPtpParams params = {
        .path = device->path,
        .scale = device->scale,
        .quality = quality,
    };
    VtSourceClock clock = {
        .name = device->name,
        .kind = device->kind,
        .source_class = VT_SOURCE_HYPERVISOR,
        .params = &params,
        .make = make_ptp,
    };
    device->source = vt_sources_add_clock(clocks->sources, &clock);
}

/* The settings answer for it. */
static void
follow_card(VtClocks *clocks, Device *device, const VtClockConfig *card)
{
    device->scale = card->scale == VT_CLOCK_CONFIG_TAI ? VT_SCALE_TAI : VT_SCALE_UTC;
    device->quality = (VtQuality){
        .root_dispersion_ns = card->error_ns,
        .is_synchronised = true,
    };
    add_ptp_source(clocks, device, &device->quality);
}

static void
begin_ptp(VtClocks *clocks, Device *device)
{
    VtPtpKind kind = vt_ptp_kind_find(device->clock_name);
    const VtClockConfig *card = find_card(clocks, device->clock_name);

    device->kind = kind.name;
    device->scale = kind.scale;
    if (card != NULL) {
        follow_card(clocks, device, card);
        return;
    }
    device->refusal = kind.problem;
    if (!kind.is_hypervisor)
        device->refusal = "a card's clock, which no [clock] of the settings names";
    if (device->refusal == NULL)
        add_ptp_source(clocks, device, vt_sources_get_host_quality(clocks->sources));
}

static VtProvider
make_vmclock(const void *params, VtClock *clock, VtReadingFunc on_reading, void *user_data)
{
    return vt_provider_vmclock_new(params, clock, on_reading, user_data);
}

static void
begin_vmclock(VtClocks *clocks, Device *device)
{
    g_autoptr(GError) error = NULL;
    device->kind = "vmclock";
    device->scale = VT_SCALE_UTC;
    if (clocks->params.vmclock.kernel == NULL || clocks->vmclock != NULL) {
        device->refusal = "one vmclock page serves";
        return;
    }
    clocks->vmclock = vt_vmclock_new(&clocks->params.vmclock, device->path, &error);
    if (clocks->vmclock == NULL) {
        device->refusal = "its page cannot be read";
        g_info("%s", error->message);
        return;
    }
    VtProviderVmclockParams params = {
        .vmclock = clocks->vmclock,
        .quality = vt_sources_get_host_quality(clocks->sources),
    };
    VtSourceClock clock = {
        .name = device->name,
        .kind = device->kind,
        .source_class = VT_SOURCE_HYPERVISOR,
        .params = &params,
        .make = make_vmclock,
    };
    device->source = vt_sources_add_clock(clocks->sources, &clock);
}

static void
begin_rtc(VtClocks *clocks, Device *device)
{
    device->kind = "rtc";
    device->scale = VT_SCALE_UTC;
    if (clocks->params.rtc.kernel == NULL || clocks->rtc != NULL) {
        device->refusal =
            clocks->rtc != NULL ? "one RTC serves" : "the settings say rtc-watch=off";
        return;
    }
    clocks->rtc = vt_rtc_new(&clocks->params.rtc, device->path, clocks->clock);
    clocks->rtc_watcher =
        vt_rtc_watcher_new(clocks->rtc, device->name, clocks->sources, clocks->params.memory);
    device->source = vt_rtc_watcher_get_source(clocks->rtc_watcher);
}

static void
begin_device(VtClocks *clocks, Device *device, const char *subsystem)
{
    device->is_ptp = g_str_equal(subsystem, "ptp");
    if (device->is_ptp)
        begin_ptp(clocks, device);
    else if (g_str_equal(subsystem, "rtc"))
        begin_rtc(clocks, device);
    else
        begin_vmclock(clocks, device);
    g_info("found clock '%s' ('%s'): %s", device->name, device->clock_name,
           device->refusal != NULL ? device->refusal : device->kind);
}

/* Those whose nodes the settings name are there without anybody's word; udev, where it is, may
 * still tell that they are gone. */
static void
begin_named_devices(VtClocks *clocks)
{
    for (guint i = 0; clocks->params.cards != NULL && i < clocks->params.cards->len; i++) {
        const VtClockConfig *card = clocks->params.cards->pdata[i];
        if (card->device == NULL)
            continue;
        Device *device = g_new0(Device, 1);
        device->name = g_path_get_basename(card->device);
        device->path = g_strdup(card->device);
        device->clock_name = g_strdup(card->name);
        device->kind = "card";
        device->is_ptp = true;
        device->is_named = true;
        device->is_present = true;
        g_ptr_array_add(clocks->devices, device);
        follow_card(clocks, device, card);
    }
}

/* The same thing again after it was away, perhaps; NULL if it is another. */
static Device *
find_device(const VtClocks *clocks, const VtUdevEvent *event)
{
    for (guint i = 0; i < clocks->devices->len; i++) {
        Device *device = clocks->devices->pdata[i];
        if (device->is_named && g_strcmp0(device->path, event->path) == 0)
            return device;
        if (g_str_equal(device->name, event->name) &&
            (event->clock_name == NULL || g_str_equal(device->clock_name, event->clock_name)))
            return device;
    }
    return NULL;
}

static void
set_present(Device *device, bool is_present)
{
    if (device->is_present == is_present)
        return;
    device->is_present = is_present;
    if (device->source != NULL)
        vt_source_set_present(device->source, is_present);
    if (!is_present)
        g_message("clock '%s' is gone", device->name);
}

static void
add_device(VtClocks *clocks, const VtUdevEvent *event)
{
    Device *device = find_device(clocks, event);
    if (event->path == NULL)
        return;
    if (device == NULL) {
        if (clocks->devices->len >= MOST_DEVICES)
            return;
        device = g_new0(Device, 1);
        device->name = g_strdup(event->name);
        device->path = g_strdup(event->path);
        device->clock_name =
            g_strdup(event->clock_name != NULL ? event->clock_name : event->name);
        device->is_present = true;
        g_ptr_array_add(clocks->devices, device);
        begin_device(clocks, device, event->subsystem);
    }
    set_present(device, true);
}

static void
remove_devices(VtClocks *clocks, const char *name)
{
    for (guint i = 0; i < clocks->devices->len; i++) {
        Device *device = clocks->devices->pdata[i];
        if (g_str_equal(device->name, name))
            set_present(device, false);
    }
}

static bool
is_wanted(const VtUdevEvent *event)
{
    if (g_strcmp0(event->subsystem, "misc") == 0)
        return g_str_has_prefix(event->name, "vmclock");
    return g_strcmp0(event->subsystem, "ptp") == 0 || g_strcmp0(event->subsystem, "rtc") == 0;
}

static void
on_event(const VtUdevEvent *event, void *user_data)
{
    VtClocks *clocks = user_data;

    if (event->change == VT_UDEV_LOST_EVENTS) {
        vt_udev_enumerate(clocks->udev, on_event, clocks);
        return;
    }
    if (!is_wanted(event))
        return;
    if (event->change == VT_UDEV_REMOVED)
        remove_devices(clocks, event->name);
    else
        add_device(clocks, event);
}

VtClocks *
vt_clocks_new(const VtClocksParams *params, VtUdev *udev, VtSources *sources, VtClock *clock)
{
    VtClocks *clocks = g_new0(VtClocks, 1);
    clocks->params = *params;
    clocks->udev = udev;
    clocks->sources = sources;
    clocks->clock = clock;
    clocks->devices = g_ptr_array_new_with_free_func(device_free);
    begin_named_devices(clocks);
    if (udev == NULL)
        return clocks;
    /* First listen, then look: what comes in between is told twice, not never. */
    vt_udev_add_listener(udev, on_event, clocks);
    vt_udev_enumerate(udev, on_event, clocks);
    return clocks;
}

void
vt_clocks_free(VtClocks *clocks)
{
    if (clocks == NULL)
        return;
    if (clocks->udev != NULL)
        vt_udev_remove_listener(clocks->udev, on_event, clocks);
    g_ptr_array_unref(clocks->devices);
    vt_rtc_watcher_free(clocks->rtc_watcher);
    vt_rtc_free(clocks->rtc);
    vt_vmclock_free(clocks->vmclock);
    g_free(clocks);
}

VtVmclock *const *
vt_clocks_get_vmclock(const VtClocks *clocks)
{
    return &clocks->vmclock;
}

VtRtc *const *
vt_clocks_get_rtc(const VtClocks *clocks)
{
    return &clocks->rtc;
}

/* What hampers a clock is told once, not at each reading. */
static void
tell_log(VtClocks *clocks)
{
    for (guint i = 0; i < clocks->devices->len; i++) {
        Device *device = clocks->devices->pdata[i];
        if (device->source == NULL || !device->is_present)
            continue;
        VtProviderFacts facts = vt_provider_describe(vt_source_get_provider(device->source));
        const char *text = facts.problem[0] != '\0' ? facts.problem : facts.remark;
        if (g_strcmp0(device->told, text) == 0)
            continue;
        g_free(device->told);
        device->told = g_strdup(text);
        if (text[0] != '\0')
            g_info("clock '%s': %s", device->name, text);
    }
}

void
vt_clocks_on_tick(VtClocks *clocks, VtTick *tick)
{
    if (clocks->rtc_watcher != NULL)
        vt_rtc_watcher_on_tick(clocks->rtc_watcher, tick);
    tell_log(clocks);
}

void
vt_clocks_on_clocksource(VtClocks *clocks)
{
    for (guint i = 0; i < clocks->devices->len; i++) {
        Device *device = clocks->devices->pdata[i];
        if (device->is_ptp && device->source != NULL)
            vt_provider_ptp_forget_method(vt_source_get_provider(device->source));
    }
}

/* Why it is used or not, in words. */
static const char *
describe_use(const VtClocks *clocks, const Device *device, const VtProviderFacts *facts)
{
    if (!device->is_present)
        return "its device is gone";
    if (device->refusal != NULL)
        return device->refusal;
    if (facts->problem[0] != '\0')
        return facts->problem;
    const VtStanding *standing = vt_source_get_standing(device->source);
    if (standing->is_false)
        return vt_agreement_guess(standing->apart_ns);
    if (vt_sources_is_followed(clocks->sources, device->source))
        return "followed";
    return "another reference is nearer to true time";
}

static GVariant *
describe_device(const VtClocks *clocks, const Device *device, VtInstant now)
{
    g_auto(GVariantDict) dict;
    g_autoptr(GVariant) facts_of_source = NULL;
    VtProviderFacts facts = { .method = "", .problem = "", .remark = "", .cost_ns = -1 };

    if (device->source != NULL) {
        bool is_followed = vt_sources_is_followed(clocks->sources, device->source);
        facts = vt_provider_describe(vt_source_get_provider(device->source));
        facts_of_source =
            g_variant_ref_sink(vt_source_to_variant(device->source, is_followed, now));
    }
    g_variant_dict_init(&dict, facts_of_source);
    g_variant_dict_insert(&dict, "name", "s", device->name);
    g_variant_dict_insert(&dict, "device", "s", device->path);
    g_variant_dict_insert(&dict, "clock-name", "s", device->clock_name);
    g_variant_dict_insert(&dict, "kind", "s", device->kind);
    g_variant_dict_insert(&dict, "scale", "s", vt_scale_name(device->scale));
    g_variant_dict_insert(&dict, "present", "b", device->is_present);
    g_variant_dict_insert(&dict, "method", "s", facts.method);
    g_variant_dict_insert(&dict, "cost-ns", "x", facts.cost_ns);
    g_variant_dict_insert(&dict, "remark", "s", facts.remark);
    g_variant_dict_insert(&dict, "use", "s", describe_use(clocks, device, &facts));
    g_variant_dict_remove(&dict, "address");
    return g_variant_dict_end(&dict);
}

GVariant *
vt_clocks_to_variant(const VtClocks *clocks, VtInstant now)
{
    g_auto(GVariantBuilder) builder;
    g_variant_builder_init(&builder, G_VARIANT_TYPE("aa{sv}"));
    for (guint i = 0; i < clocks->devices->len; i++)
        g_variant_builder_add_value(&builder,
                                    describe_device(clocks, clocks->devices->pdata[i], now));
    return g_variant_builder_end(&builder);
}
