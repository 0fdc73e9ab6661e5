/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hostd's settings; virt-time-hostd.conf(5) describes each. */
#pragma once

#include "base/options.h"
#include "base/units.h"

typedef struct {
    char *uri;            /* of libvirt */
    int host_clock;       /* VtHostClockTrust */
    char *control_socket; /* NULL: the built-in path */
    char *opener_socket;  /* NULL: no opener is asked */
    char **listen;        /* places of the NTP service; empty: loopback */
    int64_t ntp_port;     /* where a place names none; 0: no service */
    char **allow;         /* networks whose clients are answered, and not */
    char **deny;
    char *ntp_keys;      /* file of keys; NULL: none */
    char **ntp_cards;    /* interfaces whose cards stamp packets */
    VtNs ntp_interval;   /* of one client, on average */
    int64_t ntp_burst;   /* requests at once */
    int64_t ntp_stratum; /* of an island; 0: none */
} VtHostdConfig;

/* The table behind it, for parsing, --print-settings and the man page's test. */
VtOptionTable vt_hostd_config_get_table(void);

void vt_hostd_config_clear(VtHostdConfig *config);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VtHostdConfig, vt_hostd_config_clear)
