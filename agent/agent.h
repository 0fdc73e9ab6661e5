/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owns the parts of the guest daemon and joins them: a hint or the tick asks a provider for a
 * reading, the reading goes through the pipeline, the action that comes out is done to the
 * clock, and whoever wants to know is told. The only file that does so.
 */
#pragma once

#include <stdbool.h>

#include "agent/authority.h"
#include "agent/clocks.h"
#include "agent/config.h"
#include "agent/devices/link.h"
#include "agent/disruption.h"
#include "agent/hint-list.h"
#include "agent/memory.h"
#include "agent/sources.h"
#include "agent/updates.h"
#include "core/pipeline.h"
#include "os/clock.h"
#include "os/rate-guard.h"

typedef struct VtAgent VtAgent;

typedef struct {
    VtPortPlaces places;
    VtAgentMode mode;
    VtOwnerWatchParams owner;       /* where others that steer the clock are looked for */
    const char *feed_path;          /* where chronyd takes readings; NULL: nowhere */
    const char *chrony_helper_path; /* NULL: chronyd is not told of steps */
    const char *leap_list_path;     /* tzdata's list of leap seconds; NULL: none */
    VtClockSetPlaces clock_set;     /* who tells that the clock was set; kernel NULL: nobody */
    VtNs tick_ns;                   /* between readings at rest; 1 s */
    VtSourcesServers servers;       /* what they point to must outlive the agent */
    VtUdev *udev;       /* where devices are found; must outlive the agent; NULL: none */
    VtNs host_error_ns; /* of a host that does not tell; 0: the default */
    VtClocksParams clocks;
    const char *clocksource_path; /* NULL: not watched */
    bool watches_sleep;           /* over the system bus */
    VtAgentMemory *memory;        /* must outlive the agent; NULL: nothing outlives this run */
    VtRateGuard *guard;           /* the same; NULL: fast trims are not made */
} VtAgentParams;

/* The name of the port that makes the link. */
#define VT_AGENT_PORT_NAME "org.virttime.0"

/*
 * Takes over the clock as far as it may, opens the link if there is one, and begins. A clock
 * that may not be set is not a failure: the agent goes on measuring and says so. @clock must
 * outlive the agent. Transfer full.
 */
VtAgent *vt_agent_new(const VtAgentParams *params, VtClock *clock);

/* Leaves the clock as it is, marked unsynchronised. Takes NULL. */
void vt_agent_free(VtAgent *agent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtAgent, vt_agent_free)

/* SIGIO: the host side of a port came or went. */
void vt_agent_on_port_signal(VtAgent *agent);

/* Something may have befallen the guest: a VtHintFunc, of @agent. */
void vt_agent_take_hint(const VtHint *sign, void *agent);

/*
 * The settings were read anew: what of them can change while it runs. What @servers points to must
 * outlive the agent, as must what was handed in before.
 */
typedef struct {
    VtAgentMode mode;
    VtNs host_error_ns;
    VtSourcesServers servers;
} VtAgentChange;

void vt_agent_reconfigure(VtAgent *agent, const VtAgentChange *change);

/* Everything an operator can ask for, of one instant. */
typedef struct {
    VtPipelineStatus status;
    VtDisruptionRecord last_disruption;
    GVariant *last_recalled; /* of an earlier run, from the journal; NULL; borrowed */
    VtWall wall_now;
    VtMono raw_now;
    VtLinkState link_state;
    uint8_t mode; /* VtLinkMode in force */
    VtAuthorityView authority;
    const char *reference; /* "" for none; borrowed */
    uint32_t reference_id; /* as NTP calls it; 0 for none, or unknown */
    const char *problem;   /* what stands in the way; "" for nothing; borrowed */
    VtUpdates updates;
    bool can_correct;
    bool synchronised; /* what the kernel is told */
} VtAgentView;

VtAgentView vt_agent_look(VtAgent *agent);

/* All clocks that it compares the local one with. Transfer none. */
VtSources *vt_agent_get_sources(VtAgent *agent);

/* The result of org.virttime.Agent1.GetClocks. Floating reference. */
GVariant *vt_agent_get_clocks(VtAgent *agent);

/* The newest @n_most disruptions, oldest first, as aa{sv}. Floating. */
GVariant *vt_agent_get_journal(VtAgent *agent, unsigned n_most);
