/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All that the settings name of NTP: makes the sources of each [server NAME] and [pool NAME], tells
 * them when the network has changed, and when the settings are read anew adds and takes away what
 * differs, and nothing else.
 */
#pragma once

#include <glib.h>

#include "agent/selector.h"
#include "agent/server-config.h"
#include "proto/ntp-keys.h"

/* What the settings name. */
typedef struct {
    const GPtrArray *servers; /* VtServerConfig; NULL: none */
    const GPtrArray *pools;   /* the same */
    const VtNtpKeys *keys;    /* NULL: none */
    /* Both count at the start alone. */
    bool is_smeared; /* all clocks there are smear leap seconds */
    VtNs tick_ns;    /* how often the followed one is read, if that costs nobody; 0: 1 s */
} VtSourcesServers;

typedef struct VtNtpGroups VtNtpGroups;

/*
 * None yet. Sources are added to @list, which owns them, and judged by @selector; all arguments
 * must outlive the groups. Transfer full.
 */
VtNtpGroups *
vt_ntp_groups_new(const VtSourceOwner *owner, GPtrArray *list, VtSelector *selector);
void vt_ntp_groups_free(VtNtpGroups *groups);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpGroups, vt_ntp_groups_free)

/*
 * From now on there are those of @servers. One that was there with the same settings and the
 * same keys stays as it is, with all that is known of it. What was ever handed in must outlive
 * the groups.
 */
void vt_ntp_groups_set(VtNtpGroups *groups, const VtSourcesServers *servers);

/* Each second. */
void vt_ntp_groups_on_tick(VtNtpGroups *groups);
