/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/config.h"

static const char *const modes[] = { "auto", "observe", NULL };

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
    },
};

VtOptionTable
vt_agent_config_get_table(void)
{
    return (VtOptionTable){ .options = options, .n_options = G_N_ELEMENTS(options) };
}

void
vt_agent_config_clear(VtAgentConfig *config)
{
    VtOptionTable table = vt_agent_config_get_table();
    vt_options_clear(&table, config);
}
