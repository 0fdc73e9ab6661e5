/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/host-watch.h"

#include "os/sleep-meter.h"

/*
 * A daemon that steps a clock says within seconds that it is good again; one that measures anew
 * first, as ntpd does, within some exchanges. After that the step is told as it is.
 */
#define MOST_HELD_NS (64 * VT_NS_PER_SEC)

struct VtHostWatch {
    VtClock *clock;
    VtHostClockTrust trust;
    const VtHostWatchListener *listener;
    void *user_data;
    VtClockWatch *sets;                  /* NULL: nobody tells of sets */
    const VtChronyPlaces *chrony_places; /* NULL: there are none */
    VtChronyWatch *chrony;               /* NULL: it is not asked, or the operator judges */
    const char *agent_path;              /* NULL: there is none */
    VtAgentWatch *agent;                 /* NULL, as chrony */
    VtWall set_at;                       /* when the clock was set last */
    VtSleepMeter sleep;
    VtHostClock host;
    VtHostEvent held; /* while is_held */
    VtMono held_until;
};

/*
 * chronyd's word of before a set counts for nothing until it has measured again, unless the kernel
 * shows that it was chronyd itself who set the clock: a set by others leaves 16 s there.
 */
static bool
ask_chrony(VtHostWatch *watch, const VtClockState *state, VtChronyTracking *ret_tracking)
{
    if (watch->chrony == NULL || !vt_chrony_watch_get(watch->chrony, ret_tracking))
        return false;
    bool is_later = vt_wall_diff(ret_tracking->reference_at, watch->set_at) > 0;
    return is_later || (state != NULL && state->max_error_ns < VT_CLOCK_UNKNOWN_ERROR_NS);
}

/* By the kernel's word, and the agent's where the operator does not judge. */
static VtHostClock
judge_by_kernel(VtHostWatch *watch, const VtClockState *state, VtWall now)
{
    VtHostClock host = vt_host_clock_judge(watch->trust, state, now);
    VtAgentWord word;

    if (watch->agent == NULL || !vt_agent_watch_get(watch->agent, &word))
        return host;
    return vt_host_clock_with_agent(&host, word.stratum, word.reference_id);
}

/* Returns whether the clock was synchronised before. */
static bool
judge(VtHostWatch *watch)
{
    bool was_synchronised = watch->host.is_synchronised;
    VtClockState state;
    bool is_known = vt_clock_get_state(watch->clock, &state, NULL);

    VtWall now = vt_clock_read_wall(watch->clock);
    VtChronyTracking tracking;

    if (ask_chrony(watch, is_known ? &state : NULL, &tracking))
        watch->host = vt_host_clock_from_chrony(&tracking, now);
    else
        watch->host = judge_by_kernel(watch, is_known ? &state : NULL, now);
    return was_synchronised;
}

static bool
judge_and_tell(VtHostWatch *watch)
{
    bool was_synchronised = judge(watch);
    bool is_synchronised = watch->host.is_synchronised;

    if (is_synchronised != was_synchronised)
        g_message("this host's clock is %s",
                  is_synchronised ? "synchronised" : "no longer synchronised");
    watch->listener->on_judged(&watch->host, watch->user_data);
    return was_synchronised;
}

static void
look_for_sleep(VtHostWatch *watch)
{
    VtHostEvent event = { .cause = VT_LINK_CAUSE_HOST_WOKE };
    event.span_ns = vt_sleep_meter_take(&watch->sleep, watch->clock);
    if (event.span_ns == 0)
        return;
    g_autofree char *span = vt_ns_format_span(event.span_ns);
    g_message("this host slept for %s; its guests are told", span);
    watch->listener->on_event(&event, watch->user_data);
}

static void
tell_step(VtHostWatch *watch, VtNs moved_ns, bool was_synchronised)
{
    bool was_held = watch->held.is_held;
    VtHostEvent event = {
        .cause = VT_LINK_CAUSE_HOST_CLOCK_STEPPED,
        .span_ns = moved_ns,
        /* One that was not good before will not soon be. */
        .is_held = (was_synchronised || was_held) && !watch->host.is_synchronised,
    };
    g_autofree char *offset = vt_ns_format_offset(moved_ns);
    g_message("somebody set this host's clock by %s; its guests are told %s", offset,
              event.is_held ? "once it is synchronised again" : "now");
    /* Steps in a row are held as one, so that guests do not wait for ever. */
    if (event.is_held && !was_held)
        watch->held_until = vt_mono_add(vt_clock_read_boot(watch->clock), MOST_HELD_NS);
    watch->held = event;
    watch->listener->on_event(&event, watch->user_data);
}

static void
release(VtHostWatch *watch)
{
    watch->held.is_held = false;
    watch->listener->on_released(&watch->held, watch->user_data);
}

/* What the clock has come to be, if nobody moved it. */
static void
settle(VtHostWatch *watch, bool was_synchronised)
{
    VtHostEvent good = { .cause = VT_LINK_CAUSE_HOST_SYNCHRONISED };
    bool is_synchronised = watch->host.is_synchronised;
    VtMono now = vt_clock_read_boot(watch->clock);

    if (watch->held.is_held) {
        if (is_synchronised || vt_mono_diff(now, watch->held_until) >= 0)
            release(watch);
        return;
    }
    if (is_synchronised && !was_synchronised)
        watch->listener->on_event(&good, watch->user_data);
}

static void
on_set(VtNs moved_ns, void *user_data)
{
    VtHostWatch *watch = user_data;
    if (moved_ns != 0)
        watch->set_at = vt_clock_read_wall(watch->clock);
    bool was_synchronised = judge_and_tell(watch);

    look_for_sleep(watch);
    if (moved_ns != 0)
        tell_step(watch, moved_ns, was_synchronised);
    else
        settle(watch, was_synchronised);
}

void
vt_host_watch_tick(VtHostWatch *watch)
{
    if (watch->chrony != NULL)
        vt_chrony_watch_ask(watch->chrony);
    if (watch->agent != NULL)
        vt_agent_watch_ask(watch->agent);
    bool was_synchronised = judge_and_tell(watch);

    if (watch->sets != NULL)
        vt_clock_watch_tick(watch->sets);
    look_for_sleep(watch);
    settle(watch, was_synchronised);
}

static void
watch_sets(VtHostWatch *watch, const VtClockSetPlaces *places)
{
    g_autoptr(GError) error = NULL;
    if (places->kernel == NULL)
        return;
    watch->sets = vt_clock_watch_new(places, watch->clock, on_set, watch, &error);
    if (watch->sets == NULL)
        g_warning("%s; guests find by themselves that somebody set this host's clock",
                  error->message);
}

void
vt_host_watch_set_trust(VtHostWatch *watch, VtHostClockTrust trust)
{
    bool asks_chrony = watch->chrony_places != NULL && trust == VT_HOST_CLOCK_AUTO;

    watch->trust = trust;
    if (asks_chrony && watch->chrony == NULL) {
        watch->chrony = vt_chrony_watch_new(watch->chrony_places, watch->clock);
        vt_chrony_watch_ask(watch->chrony);
    }
    if (!asks_chrony)
        g_clear_pointer(&watch->chrony, vt_chrony_watch_free);
    bool asks_agent = watch->agent_path != NULL && trust == VT_HOST_CLOCK_AUTO;
    if (asks_agent && watch->agent == NULL) {
        watch->agent = vt_agent_watch_new(watch->agent_path, watch->clock);
        vt_agent_watch_ask(watch->agent);
    }
    if (!asks_agent)
        g_clear_pointer(&watch->agent, vt_agent_watch_free);
}

VtHostWatch *
vt_host_watch_new(const VtHostWatchParams *params,
                  VtClock *clock,
                  const VtHostWatchListener *listener,
                  void *user_data)
{
    VtHostWatch *watch = g_new0(VtHostWatch, 1);
    watch->clock = clock;
    watch->chrony_places = params->chrony;
    watch->agent_path = params->agent_path;
    watch->listener = listener;
    watch->user_data = user_data;
    vt_sleep_meter_init(&watch->sleep, clock);
    vt_host_watch_set_trust(watch, params->trust);
    (void)judge(watch); /* nothing was known before */
    watch_sets(watch, &params->clock_set);
    return watch;
}

void
vt_host_watch_free(VtHostWatch *watch)
{
    if (watch == NULL)
        return;
    vt_clock_watch_free(watch->sets);
    vt_chrony_watch_free(watch->chrony);
    vt_agent_watch_free(watch->agent);
    g_free(watch);
}

const VtHostClock *
vt_host_watch_get_clock(const VtHostWatch *watch)
{
    return &watch->host;
}
