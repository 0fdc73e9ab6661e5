/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent's state as the dictionary that org.virttime.Agent1.GetTracking returns. */
#pragma once

#include "agent/agent.h"

/* Keys and meaning: proto/org.virttime.Agent1.xml. Floating reference. */
GVariant *vt_tracking_to_variant(const VtAgentView *view);
