/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's D-Bus face on its private socket: state out, an operator's wishes in. */
#pragma once

#include "agent/agent.h"
#include "bus/control-server.h"

typedef struct VtAgentControl VtAgentControl;

/* @agent must outlive the control. @path NULL: the built-in one. Transfer full. */
VtAgentControl *vt_agent_control_new(VtAgent *agent,
                                     const char *path,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vt_agent_control_free(VtAgentControl *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtAgentControl, vt_agent_control_free)
