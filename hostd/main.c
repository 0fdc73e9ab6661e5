/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "bus/control-path.h"
#include "hostd/config.h"
#include "hostd/control.h"
#include "hostd/domain-watch.h"
#include "hostd/hostd.h"
#include "os/daemon.h"
#include "os/notify.h"
#include "os/passed-fds.h"
#include "os/process.h"
#include "os/reload.h"
#include "os/signals.h"
#include "os/watchdog.h"

typedef struct {
    GMainLoop *loop;
    VtReload *reload;
} Running;

static void
on_signal(int signal_number, void *user_data)
{
    Running *running = user_data;
    if (signal_number == SIGHUP)
        vt_reload_on_signal(running->reload);
    else
        g_main_loop_quit(running->loop);
}

/* A guest that was resumed asks at once, and its host is busy with resuming others. */
static void
prepare_process(void)
{
    g_autoptr(GError) no_lock = NULL;
    g_autoptr(GError) no_priority = NULL;

    if (!vt_process_lock_memory(&no_lock))
        g_info("%s; guests may be answered later on a host short of memory", no_lock->message);
    if (!vt_process_raise_priority_of_main(&no_priority))
        g_info("%s; guests may be answered later on a busy host", no_priority->message);
}

static bool
read_ntp(const VtHostdConfig *config, VtNtpServiceParams *ret_params, GError **error)
{
    VtNtpServiceParams params = {
        .allow = (const char *const *)config->allow,
        .deny = (const char *const *)config->deny,
        .keys_path = config->ntp_keys,
        .cards = (const char *const *)config->ntp_cards,
        .limit = { .interval_ns = config->ntp_interval, .burst = (unsigned)config->ntp_burst },
        .island_stratum = (uint8_t)config->ntp_stratum,
        .uri = config->uri,
    };
    if (!vt_ntp_listen_parse((const char *const *)config->listen, config->ntp_port,
                             &params.listen, error))
        return false;
    *ret_params = params;
    return true;
}

static bool
on_reload(const void *config, void *user_data, GError **error)
{
    const VtHostdConfig *hostd = config;
    VtHostdParams params = { .host = { .trust = hostd->host_clock } };
    return read_ntp(hostd, &params.ntp, error) &&
           vt_hostd_reconfigure(user_data, &params, error);
}

static int
run(const VtHostdConfig *config, VtPassedFds *passed, const VtDaemon *daemon)
{
    static const int signal_numbers[] = { SIGTERM, SIGINT, SIGHUP, 0 };
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    VtHostdParams params = {
        .uri = config->uri,
        .host = { .trust = config->host_clock,
                  .chrony = &vt_chrony_places,
                  .agent_path = vt_control_path_agent(),
                  .clock_set = { .kernel = &vt_set_watch_system } },
        .opener_path = config->opener_socket,
        .passed = passed,
    };
    bool is_ntp_good = read_ntp(config, &params.ntp, NULL);
    g_assert(is_ntp_good); /* check_config has seen to it */
    params.ntp.passed = passed;

    g_autoptr(VtReload) reload = vt_reload_new(daemon, config, sizeof *config);
    Running running = { .loop = loop, .reload = reload };
    g_autoptr(VtSignals) signals = vt_signals_new(signal_numbers, on_signal, &running, &error);
    if (signals == NULL || !vt_domain_watch_prepare(&error)) {
        g_critical("%s", error->message);
        return VT_EXIT_FAILED;
    }
    /* A service manager may have put it elsewhere. */
    const char *state_path = g_getenv("STATE_DIRECTORY");
    params.state_path = state_path != NULL ? state_path : VT_STATE_DIR "/host";

    prepare_process();
    g_autoptr(VtClock) clock = vt_clock_new_system();
    g_autoptr(VtHostd) hostd = vt_hostd_new(&params, clock, &error);
    if (hostd == NULL) {
        g_critical("%s", error->message);
        return VT_EXIT_FAILED;
    }
    vt_reload_set_func(reload, on_reload, hostd);
    g_autoptr(VtHostdControl) control =
        vt_hostd_control_new(hostd, reload, config->control_socket, &error);
    if (g_error_matches(error, VT_ERROR, VT_ERROR_BUSY)) {
        g_critical("%s", error->message);
        return VT_EXIT_OWNED;
    }
    if (control == NULL)
        g_warning("%s; virt-timectl will not find this daemon", error->message);
    else
        vt_hostd_control_join_bus(control, NULL);

    g_autoptr(VtWatchdog) watchdog = vt_watchdog_new();
    (void)watchdog; /* works by itself until the end */
    g_message("virt-time-hostd %s began", VT_VERSION);
    vt_notify("READY=1");
    g_main_loop_run(loop);
    vt_notify("STOPPING=1");
    return VT_EXIT_OK;
}

static bool
check_config(const void *config, GError **error)
{
    VtNtpServiceParams params;
    return read_ntp(config, &params, error) && vt_ntp_service_check(&params, error);
}

int
main(int argc, char **argv)
{
    /* First of all: nothing else may take the numbers of the passed descriptors. */
    g_autoptr(VtPassedFds) passed = vt_passed_fds_take(VT_PASSED_FDS_FIRST);
    g_auto(VtHostdConfig) config = { 0 };
    int exit_code;
    g_auto(VtDaemon) daemon = {
        .name = "virt-time-hostd",
        .summary = "Tells the virtual machines of this host what befell them, and the time.",
        .settings_name = "hostd.conf",
        .rules = { .options = vt_hostd_config_get_table(), .check = check_config },
        .can_reload = true,
    };

    if (!vt_daemon_begin(&daemon, &argc, &argv, &config, &exit_code))
        return exit_code;
    return run(&config, passed, &daemon);
}
