/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole agent, whose settings are read anew while it follows a server. */
#include "tests/agent/served-agent.h"

typedef struct {
    ServedAgent served;
    FakeNtp second;
    VtServerConfig copy;    /* of the first one's settings */
    VtServerConfig another; /* at the second one */
    GPtrArray *servers;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    served_agent_set_up(&fixture->served, data);
    fake_ntp_init(&fixture->second, &fixture->served.kernel);
    fixture->copy = fixture->served.server_config;
    fixture->another = fixture->served.server_config;
    fixture->another.name = (char *)"home";
    fixture->another.port = fixture->second.port;
    fixture->servers = g_ptr_array_new();
    served_agent_start_without_link(&fixture->served);
    wait_until_following(fixture->served.agent, "office");
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    served_agent_tear_down(&fixture->served, data);
    fake_ntp_clear(&fixture->second);
    g_ptr_array_unref(fixture->servers);
}

static void
reconfigure(Fixture *fixture, VtServerConfig *first, VtServerConfig *second)
{
    VtAgentChange change = {
        .mode = VT_AGENT_MODE_AUTO,
        .host_error_ns = 100 * VT_NS_PER_MS,
        .servers = { .servers = fixture->servers },
    };
    g_ptr_array_set_size(fixture->servers, 0);
    if (first != NULL)
        g_ptr_array_add(fixture->servers, first);
    if (second != NULL)
        g_ptr_array_add(fixture->servers, second);
    vt_agent_reconfigure(fixture->served.agent, &change);
}

static guint64
get_n_readings(Fixture *fixture, const char *name)
{
    g_autoptr(GVariant) source = served_agent_get_source(&fixture->served, name);
    guint64 n_readings = 0;
    g_assert_nonnull(source);
    g_assert_true(g_variant_lookup(source, "readings", "t", &n_readings));
    return n_readings;
}

static guint
count_sources(Fixture *fixture)
{
    return vt_sources_get_list(vt_agent_get_sources(fixture->served.agent))->len;
}

static void
test_unchanged_server_keeps_its_record(Fixture *fixture, gconstpointer data)
{
    guint64 n_readings = get_n_readings(fixture, "office");
    guint n_sources = count_sources(fixture);
    unsigned n_steps = fixture->served.kernel.n_steps;
    (void)data;

    reconfigure(fixture, &fixture->copy, NULL);

    g_assert_cmpuint(get_n_readings(fixture, "office"), ==, n_readings);
    g_assert_true(served_agent_is_selected(&fixture->served, "office"));
    g_assert_cmpuint(count_sources(fixture), ==, n_sources);
    g_assert_cmpuint(fixture->served.kernel.n_steps, ==, n_steps);
    g_assert_true(vt_agent_look(fixture->served.agent).synchronised);
}

static void
test_new_server_is_asked_beside_the_old_one(Fixture *fixture, gconstpointer data)
{
    guint64 n_readings = get_n_readings(fixture, "office");
    (void)data;

    reconfigure(fixture, &fixture->another, &fixture->copy);
    wait_for_count(&fixture->second.n_requests, 4);

    g_assert_cmpuint(get_n_readings(fixture, "office"), >=, n_readings);
    g_assert_true(served_agent_is_selected(&fixture->served, "office"));
}

static void
test_changed_server_begins_anew(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->copy.is_preferred = true;

    reconfigure(fixture, &fixture->copy, NULL);

    g_assert_cmpuint(get_n_readings(fixture, "office"), ==, 0);
    wait_until_following(fixture->served.agent, "office");
}

static void
test_followed_server_that_is_taken_away_is_replaced(Fixture *fixture, gconstpointer data)
{
    unsigned n_steps = fixture->served.kernel.n_steps;
    (void)data;
    reconfigure(fixture, &fixture->copy, &fixture->another);
    wait_for_count(&fixture->second.n_requests, 4);

    reconfigure(fixture, &fixture->another, NULL);
    wait_until_following(fixture->served.agent, "home");

    g_assert_cmpuint(fixture->served.kernel.n_steps, ==, n_steps);
    unsigned n_requests = fixture->served.server.n_requests;
    wait_for_count(&fixture->second.n_requests, fixture->second.n_requests + 4);
    g_assert_cmpuint(fixture->served.server.n_requests, ==, n_requests);
}

static void
test_last_server_can_go_and_come_back(Fixture *fixture, gconstpointer data)
{
    unsigned n_steps = fixture->served.kernel.n_steps;
    (void)data;

    reconfigure(fixture, NULL, NULL);
    served_agent_iterate(100);
    g_assert_cmpuint(count_sources(fixture), ==, 1);
    g_assert_cmpuint(fixture->served.kernel.n_steps, ==, n_steps);

    reconfigure(fixture, &fixture->copy, NULL);
    wait_until_following(fixture->served.agent, "office");
}

#define ADD(name, test) \
    g_test_add("/agent/reconfigure/" name, Fixture, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(served_agent_write_log, NULL, NULL);
    ADD("unchanged-server-keeps-its-record", test_unchanged_server_keeps_its_record);
    ADD("new-server-is-asked-beside-the-old-one", test_new_server_is_asked_beside_the_old_one);
    ADD("changed-server-begins-anew", test_changed_server_begins_anew);
    ADD("followed-server-that-is-taken-away-is-replaced",
        test_followed_server_that_is_taken_away_is_replaced);
    ADD("last-server-can-go-and-come-back", test_last_server_can_go_and_come_back);
    return g_test_run();
}
