/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds and reads the settings of a daemon as systemd's users expect: one file, and beside it
 * folders of drop-ins whose files override it key by key, in the order of their names wherever
 * they lie. A drop-in in a later folder hides one of the same name in an earlier one.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "base/options.h"

typedef struct {
    const char *name;           /* "agent.conf"; drop-ins lie in "agent.conf.d" */
    const char *const *folders; /* NULL-terminated, the one that counts least first */
    const char *file;           /* read this one and FILE.d instead; it must exist. NULL: no */
    bool is_privileged;         /* refuse what others than root and this user could write */
} VtSettingsPlaces;

/* The vendor's, the runtime's and the administrator's folder. */
extern const char *const vt_settings_folders[];

typedef struct {
    VtOptionTable options;
    /*
     * Checks what a table cannot: settings against each other, addresses. A message that begins
     * with "[GROUP] KEY: " is told with file and line. May be NULL.
     */
    bool (*check)(const void *config, GError **error);
} VtSettingsRules;

/*
 * Fills @config (zeroed) from what is found in @places, if anything is. What is wrong fails with
 * VT_ERROR_INVALID and a message with file, line and reason; @config is then empty.
 */
bool vt_settings_load(const VtSettingsPlaces *places,
                      const VtSettingsRules *rules,
                      void *config,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
