/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/config.h"

#include "base/error.h"

static const char *const modes[] = { "auto", "own", "assist", "feed", "monitor", NULL };

static const char *const rtc_watches[] = { "auto", "off", NULL };
static const char *const scales[] = { "utc", "tai", NULL };

static const VtOption options[] = {
    {
        .group = "agent",
        .key = "mode",
        .kind = VT_OPTION_CHOICE,
        .field_offset = offsetof(VtAgentConfig, mode),
        .default_text = "auto",
        .choices = modes,
        .summary = "what the agent may do to the clock",
    },
    {
        .group = "agent",
        .key = "control-socket",
        .kind = VT_OPTION_TEXT,
        .field_offset = offsetof(VtAgentConfig, control_socket),
        .default_text = "",
        .summary = "path of the control socket",
        .is_fixed = true,
    },
    {
        .group = "agent",
        .key = "host-error",
        .kind = VT_OPTION_DURATION,
        .field_offset = offsetof(VtAgentConfig, host_error_ns),
        .default_text = "100ms",
        .least = VT_NS_PER_US,
        .greatest = 3600 * VT_NS_PER_SEC,
        .summary = "what the host's clock may be off by while no link tells",
    },
    {
        .group = "agent",
        .key = "leap-seconds",
        .kind = VT_OPTION_TEXT,
        .field_offset = offsetof(VtAgentConfig, leap_seconds),
        .default_text = "/usr/share/zoneinfo/leap-seconds.list",
        .summary = "file that tells how far TAI is ahead of UTC; empty: none",
        .is_fixed = true,
    },
    {
        .group = "agent",
        .key = "ntp-keys",
        .kind = VT_OPTION_TEXT,
        .field_offset = offsetof(VtAgentConfig, ntp_keys),
        .default_text = "",
        .summary = "file of the keys that servers and pools name; empty: none",
    },
    {
        .group = "agent",
        .key = "rtc-watch",
        .kind = VT_OPTION_CHOICE,
        .field_offset = offsetof(VtAgentConfig, rtc_watch),
        .default_text = "auto",
        .choices = rtc_watches,
        .summary = "whether the RTC is kept open and watched where nothing better is",
        .is_fixed = true,
    },
    {
        .group = "agent",
        .key = "smear",
        .kind = VT_OPTION_BOOL,
        .field_offset = offsetof(VtAgentConfig, is_smeared),
        .default_text = "no",
        .summary = "whether the clocks that are followed smear leap seconds",
        .is_fixed = true,
    },
    {
        .group = "agent",
        .key = "tick",
        .kind = VT_OPTION_DURATION,
        .field_offset = offsetof(VtAgentConfig, tick_ns),
        .default_text = "1s",
        .least = 125 * VT_NS_PER_MS,
        .greatest = VT_NS_PER_SEC,
        .summary = "how often a clock is read that costs nobody anything",
        .is_fixed = true,
    },
};

static const VtOption clock_options[] = {
    {
        .group = "clock NAME",
        .key = "clock-name",
        .kind = VT_OPTION_TEXT,
        .field_offset = offsetof(VtClockConfig, clock_name),
        .default_text = "",
        .summary = "pattern of the name that a PTP clock's driver gives it",
    },
    {
        .group = "clock NAME",
        .key = "device",
        .kind = VT_OPTION_TEXT,
        .field_offset = offsetof(VtClockConfig, device),
        .default_text = "",
        .summary = "path of a PTP clock's node",
    },
    {
        .group = "clock NAME",
        .key = "scale",
        .kind = VT_OPTION_CHOICE,
        .field_offset = offsetof(VtClockConfig, scale),
        .default_text = "utc",
        .choices = scales,
        .summary = "the scale it shows",
    },
    {
        .group = "clock NAME",
        .key = "error",
        .kind = VT_OPTION_DURATION,
        .field_offset = offsetof(VtClockConfig, error_ns),
        .default_text = "1ms",
        .least = 1,
        .greatest = 3600 * VT_NS_PER_SEC,
        .summary = "the most by which it is off",
    },
};

static const VtOptionKindOfGroup kinds_of_group[] = {
    {
        .kind = "server",
        .field_offset = offsetof(VtAgentConfig, servers),
        .n_element_bytes = sizeof(VtServerConfig),
        .name_offset = offsetof(VtServerConfig, name),
        .options = vt_server_options,
        .n_options = VT_N_SERVER_OPTIONS,
    },
    {
        .kind = "pool",
        .field_offset = offsetof(VtAgentConfig, pools),
        .n_element_bytes = sizeof(VtServerConfig),
        .name_offset = offsetof(VtServerConfig, name),
        .options = vt_pool_options,
        .n_options = VT_N_POOL_OPTIONS,
    },
    {
        .kind = "clock",
        .field_offset = offsetof(VtAgentConfig, clocks),
        .n_element_bytes = sizeof(VtClockConfig),
        .name_offset = offsetof(VtClockConfig, name),
        .options = clock_options,
        .n_options = G_N_ELEMENTS(clock_options),
        .is_fixed = true,
    },
};

VtOptionTable
vt_agent_config_get_table(void)
{
    return (VtOptionTable){
        .options = options,
        .n_options = G_N_ELEMENTS(options),
        .repeated = kinds_of_group,
        .n_repeated = G_N_ELEMENTS(kinds_of_group),
    };
}

bool
vt_agent_config_check(const void *config, GError **error)
{
    const VtAgentConfig *agent = config;
    if (!vt_server_config_check(agent->servers, agent->pools, agent->ntp_keys != NULL, error))
        return false;
    for (guint i = 0; i < agent->clocks->len; i++) {
        const VtClockConfig *clock = agent->clocks->pdata[i];
        if ((clock->clock_name == NULL) == (clock->device == NULL)) {
            g_set_error(error, VT_ERROR, VT_ERROR_INVALID,
                        "[clock %s]: there must be either clock-name or device", clock->name);
            return false;
        }
    }
    return true;
}

void
vt_agent_config_clear(VtAgentConfig *config)
{
    VtOptionTable table = vt_agent_config_get_table();
    vt_options_clear(&table, config);
}
