/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an agent that has nothing but a link needs: a simulated kernel, a host on a
 * pseudo-terminal.
 */
#pragma once

#include "agent/agent.h"
#include "tests/agent/fake-host.h"

typedef struct {
    FakeKernel kernel;
    FakeHost host;
    VtClock *clock;
    VtAgent *agent; /* for the test to make, with places of the host */
} LinkedAgent;

void linked_agent_set_up(LinkedAgent *guest, gconstpointer data);
void linked_agent_tear_down(LinkedAgent *guest, gconstpointer data);
