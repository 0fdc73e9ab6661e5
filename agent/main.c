/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "agent/agent.h"
#include "agent/config.h"
#include "agent/control.h"
#include "agent/devices/rtc-system.h"
#include "agent/feed.h"
#include "agent/hints/clocksource.h"
#include "agent/owner.h"
#include "agent/rehearsal.h"
#include "bus/bus-place.h"
#include "os/daemon.h"
#include "os/notify.h"
#include "os/process.h"
#include "os/reload.h"
#include "os/signals.h"

typedef struct {
    GMainLoop *loop;
    VtAgent *agent;
    VtReload *reload;
    GPtrArray *keys; /* VtNtpKeys, all that were ever read: sources may be using them */
} Running;

static void
on_signal(int signal_number, void *user_data)
{
    Running *running = user_data;
    if (signal_number == SIGIO)
        vt_agent_on_port_signal(running->agent);
    else if (signal_number == SIGHUP)
        vt_reload_on_signal(running->reload);
    else
        g_main_loop_quit(running->loop);
}

/*
 * Of GIO's monitors of the network, the one that asks NetworkManager waits for an answer over the
 * system bus; the kernel's own routes are there at once. Before there is any other thread.
 */
static void
choose_network_monitor(void)
{
    (void)g_setenv("GIO_USE_NETWORK_MONITOR", "netlink", FALSE); /* else: the default one */
}

static void
prepare_process(void)
{
    g_autoptr(GError) no_lock = NULL;
    g_autoptr(GError) no_priority = NULL;

    if (!vt_process_lock_memory(&no_lock))
        g_info("%s; the first reaction to a disruption may be slower", no_lock->message);
    if (!vt_process_raise_priority_of_main(&no_priority))
        g_info("%s; the first reaction to a disruption may be slower", no_priority->message);
    (void)vt_rehearsal_run(); /* for its pages alone */
}

/* To be called before there are threads, which the child would not have. */
static VtRateGuard *
make_guard(VtClock *clock)
{
    g_autoptr(GError) error = NULL;
    VtRateGuard *guard = vt_rate_guard_new(clock, &error);
    if (guard == NULL)
        g_info("%s; offsets are corrected more slowly", error->message);
    return guard;
}

static VtUdev *
make_udev(void)
{
    g_autoptr(GError) error = NULL;
    VtUdev *udev = vt_udev_new(&error);
    if (udev == NULL)
        g_info("%s; the machine's own clocks are not used", error->message);
    return udev;
}

/* A file of keys that cannot be read is no reason to believe anybody without them. */
static bool
read_keys(const char *path, VtNtpKeys **ret_keys, GError **error)
{
    g_autofree char *text = NULL;
    if (path == NULL)
        return true;
    if (!g_file_get_contents(path, &text, NULL, error)) {
        g_prefix_error(error, "[agent] ntp-keys: ");
        return false;
    }
    *ret_keys = vt_ntp_keys_parse(text, path, error);
    return *ret_keys != NULL;
}

static VtAgentParams
make_params(const VtAgentConfig *config, const VtNtpKeys *keys, VtAgentMemory *memory)
{
    return (VtAgentParams){
        .places = vt_port_places_system(),
        .mode = (VtAgentMode)config->mode,
        .owner = vt_owner_watch_system,
        .feed_path = VT_FEED_PATH,
        /* Smeared time is no fixed span from TAI. */
        .leap_list_path = config->is_smeared ? NULL : config->leap_seconds,
        .chrony_helper_path = VT_CHRONY_HELPER_SOCKET,
        .clock_set = { .kernel = &vt_set_watch_system },
        .tick_ns = VT_NS_PER_SEC,
        .servers = {
            .servers = config->servers,
            .pools = config->pools,
            .keys = keys,
            .is_smeared = config->is_smeared,
            .tick_ns = config->tick_ns,
        },
        .host_error_ns = config->host_error_ns,
        .clocks = {
            .cards = config->clocks,
            .rtc = { .kernel = config->rtc_watch == VT_RTC_WATCH_AUTO ? &vt_rtc_system : NULL },
            .memory = memory,
            .vmclock = { .kernel = &vt_vmclock_system, .counter = vt_counter_system() },
        },
        .clocksource_path = VT_CLOCKSOURCE_PATH,
        .watches_sleep = vt_bus_place_has_system(),
        .memory = memory,
    };
}

static bool
on_reload(const void *config, void *user_data, GError **error)
{
    Running *running = user_data;
    const VtAgentConfig *settings = config;
    VtNtpKeys *keys = NULL;
    if (!read_keys(settings->ntp_keys, &keys, error))
        return false;

    VtAgentChange change = {
        .mode = (VtAgentMode)settings->mode,
        .host_error_ns = settings->host_error_ns,
        .servers = {
            .servers = settings->servers,
            .pools = settings->pools,
            .keys = keys,
        },
    };
    g_ptr_array_add(running->keys, keys);
    vt_agent_reconfigure(running->agent, &change);
    return true;
}

static void
free_keys(gpointer keys)
{
    vt_ntp_keys_free(keys);
}

static const int signal_numbers[] = { SIGTERM, SIGINT, SIGIO, SIGHUP, 0 };

static int
run(const VtAgentConfig *config, const VtDaemon *daemon)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    g_autoptr(VtReload) reload = vt_reload_new(daemon, config, sizeof *config);
    Running running = { .loop = loop, .reload = reload };

    /* First of all, so that every thread made later has the signals blocked. */
    g_autoptr(VtSignals) signals = vt_signals_new(signal_numbers, on_signal, &running, &error);
    if (signals == NULL) {
        g_critical("%s", error->message);
        return VT_EXIT_FAILED;
    }
    g_autoptr(VtClock) clock = vt_clock_new_system();
    g_autoptr(VtRateGuard) guard = make_guard(clock);
    choose_network_monitor();
    prepare_process();

    VtAgentMemoryPlaces kept = {
        .folder = VT_STATE_DIR "/agent",
        .identity = vt_identity_places_system(),
    };
    g_autoptr(VtAgentMemory) memory = vt_agent_memory_new(&kept);
    g_autoptr(VtUdev) udev = make_udev();
    g_autoptr(GPtrArray) all_keys = g_ptr_array_new_with_free_func(free_keys);
    VtNtpKeys *keys = NULL;
    if (!read_keys(config->ntp_keys, &keys, &error)) {
        g_critical("%s", error->message);
        return VT_EXIT_FAILED;
    }
    g_ptr_array_add(all_keys, keys);
    VtAgentParams params = make_params(config, keys, memory);
    params.udev = udev;
    params.guard = guard;
    g_autoptr(VtAgent) agent = vt_agent_new(&params, clock);
    running.agent = agent;
    running.keys = all_keys;
    vt_reload_set_func(reload, on_reload, &running);
    g_autoptr(VtAgentControl) control =
        vt_agent_control_new(agent, reload, config->control_socket, &error);
    if (control == NULL)
        g_warning("%s; virt-timectl will not find this agent", error->message);
    else
        vt_agent_control_join_bus(control, NULL);

    g_message("virt-time-agent %s began", VT_VERSION);
    vt_notify("READY=1");
    g_main_loop_run(loop);
    vt_notify("STOPPING=1");
    return VT_EXIT_OK;
}

/* Beside another time daemon the agent has work to do, beside its like none. */
static bool
is_second(void)
{
    g_auto(VtOwnerView) view = { 0 };
    vt_owner_look(&vt_owner_places_system, &view);
    if (view.owner.kind == VT_OWNER_SELF)
        g_critical("process %d is an agent already", view.owner.pid);
    return view.owner.kind == VT_OWNER_SELF;
}

int
main(int argc, char **argv)
{
    g_auto(VtAgentConfig) config = { 0 };
    int exit_code;
    g_auto(VtDaemon) daemon = {
        .name = "virt-time-agent",
        .summary =
            "Keeps the clock of a virtual machine right, also after a pause, a restore or a "
            "migration.",
        .settings_name = "agent.conf",
        .rules = { .options = vt_agent_config_get_table(), .check = vt_agent_config_check },
        .can_reload = true,
    };

    if (!vt_daemon_begin(&daemon, &argc, &argv, &config, &exit_code))
        return exit_code;
    if (is_second())
        return VT_EXIT_OWNED;
    return run(&config, &daemon);
}
