/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole agent with more than one clock to follow: the link, and a server of loopback. */
#pragma once

#include "agent/agent.h"
#include "tests/agent/fake-host.h"
#include "tests/agent/fake-ntp.h"
#include "tests/agent/passing-time.h"
#include "tests/agent/waiting.h"

typedef struct {
    FakeKernel kernel;
    FakeHost host;
    FakeNtp server;
    VtServerConfig server_config;
    GPtrArray *servers;
    VtClock *clock;
    VtAgent *agent;
    PassingTime passing;
    VtNs tick_ns;       /* of the agent's own */
    VtNs short_tick_ns; /* 0: none */
    bool is_smeared;    /* the site */
} ServedAgent;

void served_agent_set_up(ServedAgent *fixture, gconstpointer data);
void served_agent_start(ServedAgent *fixture);
void served_agent_start_without_link(ServedAgent *fixture);
void served_agent_tear_down(ServedAgent *fixture, gconstpointer data);
VtNs served_agent_get_error(const ServedAgent *fixture);
GVariant *served_agent_get_source(ServedAgent *fixture, const char *name);
bool served_agent_is_selected(ServedAgent *fixture, const char *name);
void served_agent_iterate(int n_times);
char *served_agent_dup_text(GVariant *facts, const char *key);

/* What the agent tells its log is no line of the test's. */
GLogWriterOutput served_agent_write_log(GLogLevelFlags level,
                                        const GLogField *fields,
                                        gsize n_fields,
                                        gpointer user_data);
