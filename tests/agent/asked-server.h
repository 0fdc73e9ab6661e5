/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One NTP server of loopback, and a provider that asks it. */
#pragma once

#include "agent/providers/ntp.h"
#include "tests/agent/fake-ntp.h"

typedef struct {
    FakeKernel kernel;
    FakeNtp server;
    VtClock *clock;
    VtProvider provider;
    unsigned n_results;
    unsigned n_readings;
    VtReading reading; /* the last */
    unsigned n_kisses[2];
} AskedServer;

void asked_server_start(AskedServer *fixture, const VtProviderNtpParams *params);
void asked_server_set_up(AskedServer *fixture, gconstpointer is_local);
void asked_server_tear_down(AskedServer *fixture, gconstpointer is_local);
void asked_server_measure(AskedServer *fixture);
VtNs asked_server_get_offset(const AskedServer *fixture);
