/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's settings; virt-time-agent.conf(5) describes each. */
#pragma once

#include "agent/server-config.h"
#include "base/options.h"
#include "base/units.h"

typedef enum {
    VT_AGENT_MODE_AUTO,    /* by who else steers the clock */
    VT_AGENT_MODE_OWN,     /* steer it; nothing beside another who does */
    VT_AGENT_MODE_ASSIST,  /* mend disruptions alone */
    VT_AGENT_MODE_FEED,    /* the same, and give chronyd the readings */
    VT_AGENT_MODE_MONITOR, /* measure and report, correct nothing */
} VtAgentMode;

typedef enum {
    VT_CLOCK_CONFIG_UTC,
    VT_CLOCK_CONFIG_TAI,
} VtClockConfigScale;

/* One [clock NAME]: a network card's clock that may be believed. */
typedef struct {
    char *name;
    char *clock_name; /* a pattern, or NULL; after the check one of the two is there */
    char *device;     /* path of its node, or NULL */
    int scale;        /* VtClockConfigScale */
    VtNs error_ns;    /* the most by which it is off */
} VtClockConfig;

typedef enum {
    VT_RTC_WATCH_AUTO, /* while there is neither a link nor a clock of the hypervisor's */
    VT_RTC_WATCH_OFF,
} VtRtcWatch;

typedef struct {
    int mode;             /* VtAgentMode */
    char *control_socket; /* NULL: the built-in path */
    VtNs host_error_ns;   /* of a host that does not tell */
    bool is_smeared;      /* smear */
    VtNs tick_ns;         /* between two readings at rest */
    char *leap_seconds;   /* file of them; NULL: none */
    int rtc_watch;        /* VtRtcWatch */
    char *ntp_keys;       /* file of the keys; NULL: none */
    GPtrArray *servers;   /* VtServerConfig */
    GPtrArray *pools;     /* VtServerConfig */
    GPtrArray *clocks;    /* VtClockConfig */
} VtAgentConfig;

/* The table behind it, for parsing, --print-settings and the man page's test. */
VtOptionTable vt_agent_config_get_table(void);

/* What the table cannot check: servers have addresses, and names that nobody else has; clocks
 * have either a pattern or a node. */
bool vt_agent_config_check(const void *config, GError **error);

void vt_agent_config_clear(VtAgentConfig *config);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VtAgentConfig, vt_agent_config_clear)
