/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hostd's settings; virt-time-hostd.conf(5) describes each. */
#pragma once

#include "base/options.h"

typedef struct {
    char *uri;            /* of libvirt */
    int host_clock;       /* VtHostClockTrust */
    char *control_socket; /* NULL: the built-in path */
    char *opener_socket;  /* NULL: no opener is asked */
    char **listen;        /* addresses of the NTP service; empty: loopback */
    int64_t ntp_port;     /* where an address names none; 0: no service */
} VtHostdConfig;

/* The table behind it, for parsing, --print-settings and the man page's test. */
VtOptionTable vt_hostd_config_get_table(void);

void vt_hostd_config_clear(VtHostdConfig *config);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VtHostdConfig, vt_hostd_config_clear)
