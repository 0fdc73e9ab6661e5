/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pwd.h>

#include "base/error.h"
#include "hostd/domain-watch.h"
#include "hostd/opener-config.h"
#include "hostd/opener-socket.h"
#include "hostd/opener.h"
#include "os/daemon.h"
#include "os/notify.h"
#include "os/passed-fds.h"
#include "os/signals.h"

/* A socket unit starts it again at the next request; nothing privileged runs for nothing. */
#define IDLE_SEC 60

typedef struct {
    GMainLoop *loop;
    VtOpener *opener;
    uint64_t n_served_before;
} Running;

static void
on_signal(int signal_number, void *user_data)
{
    (void)signal_number;
    g_main_loop_quit(user_data);
}

static gboolean
on_idle_check(gpointer user_data)
{
    Running *running = user_data;
    uint64_t n_served = 0;

    if (vt_opener_is_idle(running->opener, &n_served) && n_served == running->n_served_before)
        g_main_loop_quit(running->loop);
    running->n_served_before = n_served;
    return G_SOURCE_CONTINUE;
}

static bool
find_user(const char *name, uid_t *ret_uid, GError **error)
{
    const struct passwd *entry = getpwnam(name);
    if (entry == NULL) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "there is no user '%s'", name);
        return false;
    }
    *ret_uid = entry->pw_uid;
    return true;
}

static int
serve(const VtOpenerParams *params, GMainLoop *loop, bool may_leave)
{
    g_autoptr(VtOpener) opener = vt_opener_new(params);
    Running running = { .loop = loop, .opener = opener };
    guint idle_id = may_leave ? g_timeout_add_seconds(IDLE_SEC, on_idle_check, &running) : 0;

    vt_notify("READY=1");
    g_main_loop_run(loop);
    vt_notify("STOPPING=1");
    g_clear_handle_id(&idle_id, g_source_remove);
    return VT_EXIT_OK;
}

static int
run(const VtOpenerConfig *config, VtPassedFds *passed)
{
    static const int signal_numbers[] = { SIGTERM, SIGINT, 0 };
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    VtOpenerParams params = {
        .uris = (const char *const *)config->uris,
        .folders = (const char *const *)config->folders,
    };

    g_autoptr(VtSignals) signals = vt_signals_new(signal_numbers, on_signal, loop, &error);
    if (signals == NULL || !vt_domain_watch_prepare(&error)) {
        g_critical("%s", error->message);
        return VT_EXIT_FAILED;
    }
    if (!find_user(config->user, &params.caller, &error)) {
        g_critical("%s", error->message);
        return VT_EXIT_USAGE;
    }
    params.listen_fd = vt_passed_fds_steal(passed, "", NULL);
    bool is_activated = params.listen_fd != VT_FD_NONE;
    if (!is_activated)
        params.listen_fd = vt_opener_socket_listen(config->socket, params.caller, &error);
    if (params.listen_fd < 0) {
        g_critical("%s", error->message);
        return g_error_matches(error, VT_ERROR, VT_ERROR_BUSY) ? VT_EXIT_OWNED : VT_EXIT_FAILED;
    }
    return serve(&params, loop, is_activated);
}

static bool
check_config(const void *config, GError **error)
{
    const VtOpenerConfig *opener = config;
    if (opener->user == NULL || (opener->socket == NULL || opener->socket[0] != '/')) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID,
                    "[opener]: user= and an absolute path as socket= are needed");
        return false;
    }
    for (size_t i = 0; opener->folders[i] != NULL; i++) {
        if (g_path_is_absolute(opener->folders[i]))
            continue;
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID,
                    "[opener] folders: '%s' is not an absolute path", opener->folders[i]);
        return false;
    }
    return true;
}

int
main(int argc, char **argv)
{
    /* First of all: nothing else may take the numbers of the passed descriptors. */
    g_autoptr(VtPassedFds) passed = vt_passed_fds_take(VT_PASSED_FDS_FIRST);
    g_auto(VtOpenerConfig) config = { 0 };
    int exit_code;
    g_auto(VtDaemon) daemon = {
        .name = "virt-time-opener",
        .summary = "Opens the channels of virtual machines for virt-time-hostd.",
        .settings_name = "opener.conf",
        .rules = { .options = vt_opener_config_get_table(), .check = check_config },
        .is_privileged = true,
    };

    if (!vt_daemon_begin(&daemon, &argc, &argv, &config, &exit_code))
        return exit_code;
    return run(&config, passed);
}
