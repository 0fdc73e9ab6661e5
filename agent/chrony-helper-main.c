/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <grp.h>
#include <stdio.h>

#include "agent/chrony-helper.h"
#include "base/error.h"
#include "os/chrony-socket.h"
#include "os/daemon.h"
#include "os/log.h"
#include "os/notify.h"
#include "os/passed-fds.h"
#include "os/signals.h"

/* The socket unit starts it again when the agent connects. */
#define IDLE_SEC 60

typedef struct {
    char *chronyd_path;
    char *group;
    gboolean foreground;
    gboolean version;
} CommandLine;

typedef struct {
    GMainLoop *loop;
    VtChronyHelper *helper;
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
    if (vt_chrony_helper_is_idle(running->helper))
        g_main_loop_quit(running->loop);
    return G_SOURCE_CONTINUE;
}

static bool
find_group(const char *name, gid_t *ret_group, GError **error)
{
    const struct group *entry = getgrnam(name);
    if (entry == NULL) {
        g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "there is no group '%s'", name);
        return false;
    }
    *ret_group = entry->gr_gid;
    return true;
}

static int
run(const CommandLine *line, VtPassedFds *passed)
{
    static const int signal_numbers[] = { SIGTERM, SIGINT, 0 };
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    VtChronyHelperParams params = {
        .chronyd_path = line->chronyd_path != NULL ? line->chronyd_path : VT_CHRONY_SOCKET_PATH,
    };

    g_autoptr(VtSignals) signals = vt_signals_new(signal_numbers, on_signal, loop, &error);
    if (signals == NULL) {
        g_critical("%s", error->message);
        return VT_EXIT_FAILED;
    }
    params.listen_fd = vt_passed_fds_steal(passed, "", NULL);
    if (params.listen_fd < 0)
        g_set_error(&error, VT_ERROR, VT_ERROR_INVALID,
                    "no socket was handed over; virt-time-chrony-helper.socket starts this");
    if (error != NULL || !find_group(line->group != NULL ? line->group : VT_AGENT_GROUP,
                                     &params.group, &error)) {
        g_critical("%s", error->message);
        return VT_EXIT_USAGE;
    }

    g_autoptr(VtChronyHelper) helper = vt_chrony_helper_new(&params);
    Running running = { .loop = loop, .helper = helper };
    guint idle_id = g_timeout_add_seconds(IDLE_SEC, on_idle_check, &running);
    vt_notify("READY=1");
    g_main_loop_run(loop);
    vt_notify("STOPPING=1");
    g_source_remove(idle_id);
    return VT_EXIT_OK;
}

static bool
parse_command_line(int *argc, char ***argv, CommandLine *line, GError **error)
{
    const GOptionEntry entries[] = {
        { "foreground", 'f', 0, G_OPTION_ARG_NONE, &line->foreground,
          "Log to stderr, not to the journal", NULL },
        { "chronyd-socket", 0, 0, G_OPTION_ARG_FILENAME, &line->chronyd_path,
          "Where chronyd listens for commands", "PATH" },
        { "group", 'g', 0, G_OPTION_ARG_STRING, &line->group,
          "Whose members may ask, besides root", "NAME" },
        { "version", 'V', 0, G_OPTION_ARG_NONE, &line->version, "Show the version", NULL },
        { 0 },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_set_summary(context, "Speaks to chronyd for virt-time-agent.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return false;
    if (*argc == 1)
        return true;
    g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "unexpected argument '%s'", (*argv)[1]);
    return false;
}

int
main(int argc, char **argv)
{
    /* First of all: nothing else may take the numbers of the passed descriptors. */
    g_autoptr(VtPassedFds) passed = vt_passed_fds_take(VT_PASSED_FDS_FIRST);
    CommandLine line = { 0 };
    g_autoptr(GError) error = NULL;
    int exit_code = VT_EXIT_OK;

    g_set_prgname("virt-time-chrony-helper");
    if (!parse_command_line(&argc, &argv, &line, &error)) {
        fprintf(stderr, "virt-time-chrony-helper: %s\n", error->message);
        exit_code = VT_EXIT_USAGE;
    } else if (line.version) {
        printf("virt-time-chrony-helper %s\n", VT_VERSION);
    } else {
        vt_log_begin(line.foreground, false);
        exit_code = run(&line, passed);
    }
    g_free(line.chronyd_path);
    g_free(line.group);
    return exit_code;
}
