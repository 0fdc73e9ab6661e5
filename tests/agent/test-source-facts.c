/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the agent tells of the clocks that it compares its own with. */
#include "tests/agent/served-agent.h"

static void
test_sources_have_every_documented_key(ServedAgent *fixture, gconstpointer data)
{
    static const char *const keys[] = {
        "name",
        "kind",
        "address",
        "usable",
        "selected",
        "offset-ns",
        "delay-ns",
        "error-ns",
        "root-distance-ns",
        "stratum",
        "readings",
        "failures",
        "problem",
        "reachability",
        "last-reading-age-ns",
        "synchronised",
        "measured-offset-ns",
        "online",
        "poll",
        "sign",
        "distance-ns",
        "least-offset-ns",
        "greatest-offset-ns",
        "leap",
        "samples",
        "runs",
        "span-ns",
        "rate-ppb",
        "skew-ppb",
        "mean-offset-ns",
        "prefer",
        "trust",
        "require",
        "deviation-ns",
    };
    (void)data; /* no parameters */
    served_agent_start(fixture);
    wait_until_following(fixture->agent, "link");

    g_autoptr(GVariant) source = served_agent_get_source(fixture, "link");

    g_assert_cmpuint(g_variant_n_children(source), ==, G_N_ELEMENTS(keys));
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autoptr(GVariant) value = g_variant_lookup_value(source, keys[i], NULL);
        g_test_message("%s", keys[i]);
        g_assert_nonnull(value);
    }
}

static void
test_signs_tell_what_has_become_of_each(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    served_agent_start(fixture);
    wait_until_following(fixture->agent, "link");
    wait_for_count(&fixture->server.n_requests, 5);

    g_autoptr(GVariant) link = served_agent_get_source(fixture, "link");
    g_autoptr(GVariant) server = served_agent_get_source(fixture, "office");
    g_autofree char *sign_of_link = served_agent_dup_text(link, "sign");
    g_autofree char *sign_of_server = served_agent_dup_text(server, "sign");

    g_assert_cmpstr(sign_of_link, ==, "*");
    g_assert_cmpstr(sign_of_server, ==, "-");
}

static GVariant *
get_ntp_data(ServedAgent *fixture, const char *name)
{
    VtSources *sources = vt_agent_get_sources(fixture->agent);
    return g_variant_ref_sink(vt_sources_ntp_to_variant(sources, name));
}

static void
test_ntp_data_is_found_by_name_and_address(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_autofree char *full = g_strdup_printf("127.0.0.1:%u", fixture->server.port);
    const char *const names[] = { "office", "127.0.0.1", full, "" };
    served_agent_start_without_link(fixture);
    wait_until_following(fixture->agent, "office");

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GVariant) found = get_ntp_data(fixture, names[i]);
        g_assert_cmpuint(g_variant_n_children(found), ==, 1);
    }
    g_autoptr(GVariant) link = get_ntp_data(fixture, "link");
    g_autoptr(GVariant) nobody = get_ntp_data(fixture, "127.0.0.2");
    g_assert_cmpuint(g_variant_n_children(link), ==, 0);
    g_assert_cmpuint(g_variant_n_children(nobody), ==, 0);
}

static void
test_ntp_data_shows_the_last_exchange(ServedAgent *fixture, gconstpointer data)
{
    guint32 stratum = 0;
    gint64 root_delay_ns = 0;
    guint64 n_valid = 0, n_sent = 0;
    (void)data; /* no parameters */
    served_agent_start_without_link(fixture);
    wait_until_following(fixture->agent, "office");

    g_autoptr(GVariant) found = get_ntp_data(fixture, "office");
    g_autoptr(GVariant) facts = g_variant_get_child_value(found, 0);
    g_autofree char *tests = served_agent_dup_text(facts, "tests");
    g_assert_true(g_variant_lookup(facts, "stratum", "u", &stratum));
    g_assert_true(g_variant_lookup(facts, "root-delay-ns", "x", &root_delay_ns));
    g_assert_true(g_variant_lookup(facts, "total-tx", "t", &n_sent));
    g_assert_true(g_variant_lookup(facts, "total-valid", "t", &n_valid));

    g_assert_cmpstr(tests, ==, "111 111 1111");
    g_assert_cmpuint(stratum, ==, 2);
    g_assert_cmpint(vt_ns_abs(root_delay_ns - VT_NS_PER_MS), <, 20 * VT_NS_PER_US);
    g_assert_cmpuint(n_valid, >=, 2);
    g_assert_cmpuint(n_sent, >=, n_valid);
}

static void
test_source_that_is_offline_is_left_alone(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    served_agent_start(fixture);
    wait_until_following(fixture->agent, "link");
    wait_for_count(&fixture->server.n_requests, 2);
    VtSource *source = vt_sources_find(vt_agent_get_sources(fixture->agent), "office");

    vt_source_set_online(source, false);
    served_agent_iterate(20);
    unsigned n_requests = fixture->server.n_requests;
    served_agent_iterate(100);
    g_assert_cmpuint(fixture->server.n_requests, ==, n_requests);
    g_assert_false(vt_source_burst(source));

    vt_source_set_online(source, true);
    wait_for_count(&fixture->server.n_requests, n_requests + 2);
}

#define add(path, function)                                                                   \
    g_test_add("/agent/source-facts/" path, ServedAgent, NULL, served_agent_set_up, function, \
               served_agent_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(served_agent_write_log, NULL, NULL);
    add("sources-have-every-documented-key", test_sources_have_every_documented_key);
    add("signs-tell-what-has-become-of-each", test_signs_tell_what_has_become_of_each);
    add("ntp-data-is-found-by-name-and-address", test_ntp_data_is_found_by_name_and_address);
    add("ntp-data-shows-the-last-exchange", test_ntp_data_shows_the_last_exchange);
    add("source-that-is-offline-is-left-alone", test_source_that_is_offline_is_left_alone);
    return g_test_run();
}
