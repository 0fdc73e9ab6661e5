/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Follows who steers this machine's clock: looks when a unit or a socket of a time daemon comes or
 * goes, when somebody has touched the clock, and once a minute. An owner that has ended is
 * believed to be gone only after it has stayed away, since daemons are restarted.
 */
#pragma once

#include "agent/owner.h"

/* For so many ticks (seconds) an owner that ended may come back. */
#define VT_OWNER_GONE_TICKS 15

/* So many rates that nobody owns up to, within a minute, are an owner nobody sees. */
#define VT_OWNER_MOST_FOREIGN 3

typedef struct {
    VtOwnerPlaces where;
    const char *const *folders; /* that are watched for signs; NULL: none */
} VtOwnerWatchParams;

/* What a machine with systemd and chronyd shows. */
extern const VtOwnerWatchParams vt_owner_watch_system;

typedef struct VtOwnerWatch VtOwnerWatch;

/* Another owner, or none any more. */
typedef void (*VtOwnerFunc)(void *user_data);

/* Looks at once, and does not tell of what it finds then. Transfer full. */
VtOwnerWatch *
vt_owner_watch_new(const VtOwnerWatchParams *params, VtOwnerFunc on_change, void *user_data);
void vt_owner_watch_free(VtOwnerWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtOwnerWatch, vt_owner_watch_free)

/* Borrowed; kind VT_OWNER_NONE for nobody. */
const VtOwner *vt_owner_watch_get(const VtOwnerWatch *watch);

/* Who else sets the clock at times, in words; "". Borrowed until the next look. */
const char *vt_owner_watch_get_writers(const VtOwnerWatch *watch);

/* Each second. */
void vt_owner_watch_on_tick(VtOwnerWatch *watch);

/* Somebody may have come: looks now. */
void vt_owner_watch_look(VtOwnerWatch *watch);

/* Somebody has changed the rate that we had set: looks now, and counts. */
void vt_owner_watch_note_foreign_rate(VtOwnerWatch *watch);
