/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line, the settings file and the log of a daemon: what both programs do the same
 * before they do anything of their own.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "base/options.h"

/* Exit codes that service units and scripts may rely on. */
#define VT_EXIT_OK     0
#define VT_EXIT_FAILED 1
#define VT_EXIT_USAGE  2 /* command line or settings are wrong: a restart cannot help */
#define VT_EXIT_OWNED  3 /* somebody else does this job already */

typedef struct {
    const char *name;    /* of the program */
    const char *summary; /* one line for --help */
    VtOptionTable settings;
    const char *default_path; /* of the settings file; it may be missing */
    /* Checks what a table cannot: settings against each other, addresses. May be NULL. */
    bool (*check)(const void *config, GError **error);
    bool is_privileged; /* refuse settings that others than root and this user could write */
} VtDaemon;

/*
 * Reads the command line and then the settings into @config (zeroed; see vt_options_parse).
 * False when there is nothing left to do: *@ret_exit_code then says how to leave, and all that
 * a person wants to read has been printed.
 */
bool vt_daemon_begin(const VtDaemon *daemon,
                     int *argc,
                     char ***argv,
                     void *config,
                     int *ret_exit_code) G_GNUC_WARN_UNUSED_RESULT;
