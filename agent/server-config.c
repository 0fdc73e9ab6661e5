/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/server-config.h"

#include "base/error.h"

/* More than that nobody needs to find out who lies. */
#define MOST_POOL_SOURCES 16

/* A day and more; and never more often than public servers allow. */
#define LEAST_POLL    6
#define GREATEST_POLL 17

/* Both kinds of group have them; the manual has each under both. */
#define COMMON_OPTIONS(group_name)                                                      \
    {                                                                                   \
        .group = group_name,                                                            \
        .key = "address",                                                               \
        .kind = VT_OPTION_TEXT,                                                         \
        .field_offset = offsetof(VtServerConfig, address),                              \
        .default_text = "",                                                             \
        .summary = "address or host name of an NTP server",                             \
    },                                                                                  \
        {                                                                               \
            .group = group_name,                                                        \
            .key = "port",                                                              \
            .kind = VT_OPTION_INT,                                                      \
            .field_offset = offsetof(VtServerConfig, port),                             \
            .default_text = "123",                                                      \
            .least = 1,                                                                 \
            .greatest = 65535,                                                          \
            .summary = "its UDP port",                                                  \
        },                                                                              \
        {                                                                               \
            .group = group_name,                                                        \
            .key = "local",                                                             \
            .kind = VT_OPTION_BOOL,                                                     \
            .field_offset = offsetof(VtServerConfig, is_local),                         \
            .default_text = "no",                                                       \
            .summary = "whether it runs on this host or beside it",                     \
        },                                                                              \
        {                                                                               \
            .group = group_name,                                                        \
            .key = "iburst",                                                            \
            .kind = VT_OPTION_BOOL,                                                     \
            .field_offset = offsetof(VtServerConfig, has_burst),                        \
            .default_text = "yes",                                                      \
            .summary = "whether it may be asked in a burst",                            \
        },                                                                              \
        {                                                                               \
            .group = group_name,                                                        \
            .key = "minpoll",                                                           \
            .kind = VT_OPTION_INT,                                                      \
            .field_offset = offsetof(VtServerConfig, least_poll),                       \
            .default_text = "6",                                                        \
            .least = LEAST_POLL,                                                        \
            .greatest = GREATEST_POLL,                                                  \
            .summary = "least time between requests, as a power of two of seconds",     \
        },                                                                              \
        {                                                                               \
            .group = group_name,                                                        \
            .key = "maxpoll",                                                           \
            .kind = VT_OPTION_INT,                                                      \
            .field_offset = offsetof(VtServerConfig, greatest_poll),                    \
            .default_text = "10",                                                       \
            .least = LEAST_POLL,                                                        \
            .greatest = GREATEST_POLL,                                                  \
            .summary = "greatest time between requests, as a power of two of seconds",  \
        },                                                                              \
        {                                                                               \
            .group = group_name,                                                        \
            .key = "prefer",                                                            \
            .kind = VT_OPTION_BOOL,                                                     \
            .field_offset = offsetof(VtServerConfig, is_preferred),                     \
            .default_text = "no",                                                       \
            .summary = "whether it is followed before those that are not preferred",    \
        },                                                                              \
        {                                                                               \
            .group = group_name,                                                        \
            .key = "trust",                                                             \
            .kind = VT_OPTION_BOOL,                                                     \
            .field_offset = offsetof(VtServerConfig, is_trusted),                       \
            .default_text = "no",                                                       \
            .summary = "whether it is right where it contradicts those not trusted",    \
        },                                                                              \
        {                                                                               \
            .group = group_name,                                                        \
            .key = "require",                                                           \
            .kind = VT_OPTION_BOOL,                                                     \
            .field_offset = offsetof(VtServerConfig, is_required),                      \
            .default_text = "no",                                                       \
            .summary = "whether no server is followed unless one such agrees",          \
        },                                                                              \
    {                                                                                   \
        .group = group_name, .key = "key", .kind = VT_OPTION_INT,                       \
        .field_offset = offsetof(VtServerConfig, key), .default_text = "0", .least = 0, \
        .greatest = UINT32_MAX,                                                         \
        .summary = "number of the key that signs requests and replies; 0: none",        \
    }

const VtOption vt_server_options[VT_N_SERVER_OPTIONS] = { COMMON_OPTIONS("server NAME") };

const VtOption vt_pool_options[VT_N_POOL_OPTIONS] = {
    COMMON_OPTIONS("pool NAME"),
    {
        .group = "pool NAME",
        .key = "max-sources",
        .kind = VT_OPTION_INT,
        .field_offset = offsetof(VtServerConfig, most_sources),
        .default_text = "4",
        .least = 1,
        .greatest = MOST_POOL_SOURCES,
        .summary = "how many of its addresses are asked",
    },
};

static bool
refuse(const char *kind, const VtServerConfig *server, const char *reason, GError **error)
{
    g_set_error(error, VT_ERROR, VT_ERROR_INVALID, "[%s %s]%s", kind, server->name, reason);
    return false;
}

static bool
check_one(const char *kind, const VtServerConfig *server, bool has_keys, GError **error)
{
    if (server->address == NULL)
        return refuse(kind, server, " address: missing", error);
    if (g_str_equal(server->name, "link"))
        return refuse(kind, server, ": that is what the link to the host is called", error);
    if (server->least_poll > server->greatest_poll)
        return refuse(kind, server, " minpoll: greater than maxpoll", error);
    if (server->key != 0 && !has_keys)
        return refuse(kind, server, " key: [agent] ntp-keys names no file", error);
    return true;
}

bool
vt_server_config_check(const GPtrArray *servers,
                       const GPtrArray *pools,
                       bool has_keys,
                       GError **error)
{
    for (guint i = 0; i < servers->len; i++) {
        if (!check_one("server", servers->pdata[i], has_keys, error))
            return false;
    }
    for (guint i = 0; i < pools->len; i++) {
        const VtServerConfig *pool = pools->pdata[i];
        if (!check_one("pool", pool, has_keys, error))
            return false;
        for (guint j = 0; j < servers->len; j++) {
            const VtServerConfig *server = servers->pdata[j];
            if (g_str_equal(pool->name, server->name))
                return refuse("pool", pool, ": a server has that name", error);
        }
    }
    return true;
}

bool
vt_server_config_is_same(const VtServerConfig *a, const VtServerConfig *b)
{
    return g_str_equal(a->name, b->name) && g_strcmp0(a->address, b->address) == 0 &&
           a->port == b->port && a->is_local == b->is_local && a->has_burst == b->has_burst &&
           a->is_preferred == b->is_preferred && a->is_trusted == b->is_trusted &&
           a->is_required == b->is_required && a->least_poll == b->least_poll &&
           a->greatest_poll == b->greatest_poll && a->key == b->key &&
           a->most_sources == b->most_sources;
}
