/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The agent's D-Bus face on its private socket and the system bus: state out, an operator's
 * wishes in.
 */
#pragma once

#include "agent/agent.h"
#include "os/reload.h"

typedef struct VtAgentControl VtAgentControl;

/* @agent and @reload must outlive the control. @path NULL: the built-in one. Transfer full. */
VtAgentControl *vt_agent_control_new(VtAgent *agent,
                                     VtReload *reload,
                                     const char *path,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Also on the system bus, whenever there is one; @address NULL: where it is by default. */
void vt_agent_control_join_bus(VtAgentControl *control, const char *address);

void vt_agent_control_free(VtAgentControl *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtAgentControl, vt_agent_control_free)
