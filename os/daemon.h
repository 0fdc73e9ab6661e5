/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line, the settings file and the log of a daemon: what both programs do the same
 * before they do anything of their own.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "os/settings.h"

/* Exit codes that service units and scripts may rely on. */
#define VT_EXIT_OK     0
#define VT_EXIT_FAILED 1
#define VT_EXIT_USAGE  2 /* command line or settings are wrong: a restart cannot help */
#define VT_EXIT_OWNED  3 /* somebody else does this job already */

typedef struct {
    const char *name;          /* of the program */
    const char *summary;       /* one line for --help */
    const char *settings_name; /* "agent.conf", in the folders of settings; may be missing */
    VtSettingsRules rules;
    bool can_reload;    /* see os/reload.h; else every setting needs a restart */
    bool is_privileged; /* refuse settings that others than root and this user could write */
    char *chosen_file;  /* settings that the command line names; set by vt_daemon_begin */
} VtDaemon;

/*
 * Reads the command line and then the settings into @config (zeroed; see vt_options_parse).
 * False when there is nothing left to do: *@ret_exit_code then says how to leave, and all that
 * a person wants to read has been printed.
 */
bool vt_daemon_begin(VtDaemon *daemon,
                     int *argc,
                     char ***argv,
                     void *config,
                     int *ret_exit_code) G_GNUC_WARN_UNUSED_RESULT;

/* Reads the same settings anew into another @config; see vt_settings_load. */
bool vt_daemon_load_settings(const VtDaemon *daemon,
                             void *config,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

void vt_daemon_clear(VtDaemon *daemon);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VtDaemon, vt_daemon_clear)
