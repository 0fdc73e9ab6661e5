/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/agent/linked-agent.h"

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

void
linked_agent_set_up(LinkedAgent *guest, gconstpointer data)
{
    (void)data; /* no parameters */
    fake_kernel_init(&guest->kernel, true_wall);
    /* What lets time pass at all: each reading of a clock takes a microsecond. */
    guest->kernel.read_cost_ns = VT_NS_PER_US;
    fake_host_init(&guest->host, &guest->kernel);
    guest->clock = vt_clock_new(&fake_kernel, &guest->kernel);
}

void
linked_agent_tear_down(LinkedAgent *guest, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_agent_free(guest->agent);
    vt_clock_free(guest->clock);
    fake_host_clear(&guest->host);
}
