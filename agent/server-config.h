/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The groups [server NAME] and [pool NAME]; virt-time-agent.conf(5) describes each setting. */
#pragma once

#include "base/options.h"

/* One [server NAME] or [pool NAME]. */
typedef struct {
    char *name;
    char *address; /* numeric, or a host name; never NULL after the check */
    int64_t port;
    bool is_local;
    bool has_burst;     /* iburst */
    bool is_preferred;  /* prefer */
    bool is_trusted;    /* trust */
    bool is_required;   /* require */
    int64_t least_poll; /* log2 of seconds */
    int64_t greatest_poll;
    int64_t key;          /* 0: none */
    int64_t most_sources; /* of a pool; 0: it is a server */
} VtServerConfig;

/* The options of each kind of group. */
#define VT_N_SERVER_OPTIONS 10
#define VT_N_POOL_OPTIONS   11
extern const VtOption vt_server_options[VT_N_SERVER_OPTIONS];
extern const VtOption vt_pool_options[VT_N_POOL_OPTIONS];

/* Whether all settings, the name among them, are the same. */
bool vt_server_config_is_same(const VtServerConfig *a, const VtServerConfig *b);

/*
 * What the tables cannot check: they have addresses, names that nobody else has, keys only with
 * a file of keys. @servers and @pools are of VtServerConfig.
 */
bool vt_server_config_check(const GPtrArray *servers,
                            const GPtrArray *pools,
                            bool has_keys,
                            GError **error);
