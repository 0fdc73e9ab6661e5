/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/agent/served-agent.h"

/* The fake kernel's time runs ahead of ours, so that nobody waits for a poll. */
#define PASS_NS (20 * VT_NS_PER_MS)

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

void
served_agent_set_up(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->kernel.read_cost_ns = VT_NS_PER_US;
    fake_host_init(&fixture->host, &fixture->kernel);
    fake_ntp_init(&fixture->server, &fixture->kernel);
    fixture->server_config = (VtServerConfig){
        .name = g_strdup("office"),
        .address = g_strdup("127.0.0.1"),
        .port = fixture->server.port,
        .is_local = true,
    };
    fixture->tick_ns = 5 * VT_NS_PER_MS;
    fixture->servers = g_ptr_array_new();
    g_ptr_array_add(fixture->servers, &fixture->server_config);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    passing_time_start(&fixture->passing, &fixture->kernel, &fixture->agent, PASS_NS);
}

static VtSourcesServers
get_servers(const ServedAgent *fixture)
{
    return (VtSourcesServers){
        .servers = fixture->servers,
        .is_smeared = fixture->is_smeared,
        .tick_ns = fixture->short_tick_ns,
    };
}

void
served_agent_start(ServedAgent *fixture)
{
    VtAgentParams params = {
        .places = fake_host_get_places(&fixture->host),
        .tick_ns = fixture->tick_ns,
        .servers = get_servers(fixture),
    };
    fixture->agent = vt_agent_new(&params, fixture->clock);
}

/* There has never been a port. */
void
served_agent_start_without_link(ServedAgent *fixture)
{
    VtAgentParams params = {
        .places = { .sysfs_path = "/nonexistent", .device_path = "/nonexistent" },
        .tick_ns = fixture->tick_ns,
        .servers = get_servers(fixture),
    };
    fixture->agent = vt_agent_new(&params, fixture->clock);
}

void
served_agent_tear_down(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    passing_time_stop(&fixture->passing);
    vt_agent_free(fixture->agent);
    vt_clock_free(fixture->clock);
    g_ptr_array_unref(fixture->servers);
    g_free(fixture->server_config.name);
    g_free(fixture->server_config.address);
    fake_ntp_clear(&fixture->server);
    fake_host_clear(&fixture->host);
}

/* What the guest's clock is off by the server's. */
VtNs
served_agent_get_error(const ServedAgent *fixture)
{
    VtNs span_ns = vt_mono_diff(fixture->kernel.raw, fixture->server.raw_at_start);
    VtWall truth = vt_wall_add(true_wall, span_ns + fixture->server.ahead_ns);
    return vt_ns_abs(vt_wall_diff(truth, fixture->kernel.wall));
}

GVariant *
served_agent_get_source(ServedAgent *fixture, const char *name)
{
    g_autoptr(GVariant) sources =
        g_variant_ref_sink(vt_sources_to_variant(vt_agent_get_sources(fixture->agent)));
    for (size_t i = 0; i < g_variant_n_children(sources); i++) {
        g_autoptr(GVariant) source = g_variant_get_child_value(sources, i);
        const char *found = NULL;
        g_assert_true(g_variant_lookup(source, "name", "&s", &found));
        if (g_str_equal(found, name))
            return g_steal_pointer(&source);
    }
    g_assert_not_reached();
}

bool
served_agent_is_selected(ServedAgent *fixture, const char *name)
{
    g_autoptr(GVariant) source = served_agent_get_source(fixture, name);
    gboolean selected = FALSE;
    g_assert_true(g_variant_lookup(source, "selected", "b", &selected));
    return selected;
}

void
served_agent_iterate(int n_times)
{
    for (int i = 0; i < n_times; i++)
        g_main_context_iteration(NULL, TRUE);
}

char *
served_agent_dup_text(GVariant *facts, const char *key)
{
    const char *text = NULL;
    g_assert_true(g_variant_lookup(facts, key, "&s", &text));
    return g_strdup(text);
}

GLogWriterOutput
served_agent_write_log(GLogLevelFlags level,
                       const GLogField *fields,
                       gsize n_fields,
                       gpointer user_data)
{
    if ((level & G_LOG_LEVEL_WARNING) != 0)
        return g_log_writer_default(level, fields, n_fields, user_data);
    return G_LOG_WRITER_HANDLED;
}
