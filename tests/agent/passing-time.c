/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/agent/passing-time.h"

#define EVERY_MS 1

/* A host that does not answer at all must not stop time. */
#define MOST_HELD 50

static bool
is_link_asked(const PassingTime *time)
{
    if (*time->agent == NULL)
        return false;
    const VtSource *link = vt_sources_find(vt_agent_get_sources(*time->agent), "link");
    return link != NULL && vt_source_is_reading(link);
}

static gboolean
on_pass(gpointer user_data)
{
    PassingTime *time = user_data;
    bool is_asked = is_link_asked(time);
    time->n_held = is_asked ? time->n_held + 1 : 0;
    if (!is_asked || time->n_held > MOST_HELD)
        fake_kernel_pass(time->kernel, time->step_ns);
    return G_SOURCE_CONTINUE;
}

void
passing_time_start(PassingTime *time, FakeKernel *kernel, VtAgent *const *agent, VtNs step_ns)
{
    *time = (PassingTime){
        .kernel = kernel,
        .agent = agent,
        .step_ns = step_ns,
    };
    time->id = g_timeout_add_full(G_PRIORITY_LOW, EVERY_MS, on_pass, time, NULL);
}

void
passing_time_stop(PassingTime *time)
{
    g_clear_handle_id(&time->id, g_source_remove);
}
