/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one [server NAME] or [pool NAME] stands for: one source, or as many of the addresses of
 * one name as the settings want. Looks the name up without waiting for it, again with a growing
 * pause while that fails, at once when the network has changed, and when an address is silent:
 * a source that failed three times in a row gets another address of that name.
 */
#pragma once

#include <glib.h>

#include "agent/server-config.h"
#include "agent/source.h"
#include "proto/ntp-keys.h"

typedef struct VtNtpGroup VtNtpGroup;

/*
 * Makes its sources and adds them to @list (VtSource, which owns them and outlives the group);
 * whatever address is in use there is not used again. @config, @keys (NULL: none) and @owner must
 * outlive it. Transfer full.
 */
VtNtpGroup *vt_ntp_group_new(const VtServerConfig *config,
                             const VtNtpKeys *keys,
                             const VtSourceOwner *owner,
                             GPtrArray *list);
void vt_ntp_group_free(VtNtpGroup *group);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpGroup, vt_ntp_group_free)

/*
 * Whether it is what vt_ntp_group_new would make of @config and @keys: the same settings, and the
 * same key if it has one.
 */
bool vt_ntp_group_is_of(const VtNtpGroup *group,
                        const VtServerConfig *config,
                        const VtNtpKeys *keys);

/* VtSource, those of this group. Borrowed. */
GPtrArray *vt_ntp_group_get_members(VtNtpGroup *group);

/* Each second: looks up what has to be, and replaces those that are dead. */
void vt_ntp_group_on_tick(VtNtpGroup *group);

/* Names that were not found may be now. */
void vt_ntp_group_on_network_change(VtNtpGroup *group);
