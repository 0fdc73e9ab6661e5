/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/agent/waiting.h"

/* Only ends a test that would wait for ever. */
#define TIMEOUT_SEC 10

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

void
wait_for_count(const unsigned *value, unsigned wanted)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (*value < wanted && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_cmpuint(*value, >=, wanted);
}

void
wait_for_state(VtAgent *agent, VtState state)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (vt_agent_look(agent).status.state != state && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_cmpint(vt_agent_look(agent).status.state, ==, state);
}

static bool
is_following(VtAgent *agent, const char *reference)
{
    VtAgentView view = vt_agent_look(agent);
    return view.synchronised && g_str_equal(view.reference, reference);
}

void
wait_until_following(VtAgent *agent, const char *reference)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (!has_timed_out && !is_following(agent, reference))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_cmpstr(vt_agent_look(agent).reference, ==, reference);
    g_assert_true(vt_agent_look(agent).synchronised);
}
