/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Servers and pools: who is asked, and who instead of one that is dead. */
#include "agent/ntp-group.h"
#include "agent/source-server.h"
#include "tests/agent/fake-ntp.h"
#include "tests/agent/fake-resolver.h"

#define TIMEOUT_SEC 5
#define N_SERVERS   6

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    FakeNtp servers[N_SERVERS]; /* 127.0.0.1 and so on, at one port */
    FakeResolver *resolver;
    VtClock *clock;
    VtSourceOwner owner;
    GPtrArray *list;
    VtServerConfig config;
    VtNtpGroup *group;
    unsigned n_results;
} Fixture;

static void
on_reading(VtSource *source, const VtReading *reading, void *user_data)
{
    Fixture *fixture = user_data;
    (void)source;
    (void)reading;
    fixture->n_results++;
}

static void
free_source(gpointer source)
{
    vt_source_free(source);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->kernel.read_cost_ns = VT_NS_PER_US;
    fake_ntp_init(&fixture->servers[0], &fixture->kernel);
    for (uint8_t i = 1; i < N_SERVERS; i++)
        fake_ntp_init_at(&fixture->servers[i], &fixture->kernel, (uint8_t)(i + 1),
                         fixture->servers[0].port);
    fixture->resolver = fake_resolver_new();
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->list = g_ptr_array_new_with_free_func(free_source);
    fixture->owner = (VtSourceOwner){
        .clock = fixture->clock,
        .on_reading = on_reading,
        .user_data = fixture,
    };
    fixture->config = (VtServerConfig){
        .name = (char *)"far",
        .address = (char *)"ntp.example.com",
        .port = fixture->servers[0].port,
        .is_local = true,
        .has_burst = true,
        .least_poll = 6,
        .greatest_poll = 10,
    };
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_ntp_group_free(fixture->group);
    g_ptr_array_unref(fixture->list);
    vt_clock_free(fixture->clock);
    fake_resolver_free(fixture->resolver);
    for (int i = 0; i < N_SERVERS; i++)
        fake_ntp_clear(&fixture->servers[i]);
}

static void
start(Fixture *fixture, const char *addresses)
{
    fake_resolver_set_answer(fixture->resolver, addresses);
    fixture->group = vt_ntp_group_new(&fixture->config, NULL, &fixture->owner, fixture->list);
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static VtSource *
get_source(const Fixture *fixture, guint index)
{
    g_assert_cmpuint(index, <, fixture->list->len);
    return fixture->list->pdata[index];
}

static bool
is_at(const Fixture *fixture, guint index, const char *text)
{
    g_autoptr(GSocketAddress) address =
        g_inet_socket_address_new_from_string(text, (guint)fixture->config.port);
    return vt_source_has_address(get_source(fixture, index), address);
}

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

/* A second of the guest's, and all that it brings. */
static void
tick(Fixture *fixture)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    fake_kernel_pass(&fixture->kernel, VT_NS_PER_SEC);
    vt_ntp_group_on_tick(fixture->group);
    for (guint i = 0; i < fixture->list->len; i++) {
        vt_source_on_tick(get_source(fixture, i), false);
        while (vt_source_is_reading(get_source(fixture, i)) && !has_timed_out)
            g_main_context_iteration(NULL, TRUE);
    }
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_source_remove(id);
    g_assert_false(has_timed_out);
}

static void
tick_for(Fixture *fixture, int n_ticks)
{
    for (int i = 0; i < n_ticks; i++)
        tick(fixture);
}

static void
test_numeric_address_needs_no_look_up(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->config.address = (char *)"127.0.0.1";

    start(fixture, "");
    tick(fixture);

    g_assert_true(is_at(fixture, 0, "127.0.0.1"));
    g_assert_cmpstr(vt_source_get_name(get_source(fixture, 0)), ==, "far");
    g_assert_cmpuint(fixture->servers[0].n_requests, ==, 1);
    g_assert_cmpuint(fake_resolver_get_n_lookups(fixture->resolver), ==, 0);
}

static void
test_server_is_found_by_name(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    start(fixture, "127.0.0.1 127.0.0.2");
    tick(fixture);

    g_assert_cmpuint(fixture->list->len, ==, 1);
    g_assert_true(is_at(fixture, 0, "127.0.0.1"));
    g_assert_cmpuint(fixture->servers[0].n_requests, ==, 1);
}

static void
test_pool_asks_several_addresses(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->config.most_sources = 3;
    start(fixture, "127.0.0.1 127.0.0.2 127.0.0.2 127.0.0.3 127.0.0.4");
    tick(fixture);

    g_assert_cmpuint(fixture->list->len, ==, 3);
    g_assert_cmpstr(vt_source_get_name(get_source(fixture, 2)), ==, "far-3");
    g_assert_true(is_at(fixture, 0, "127.0.0.1"));
    g_assert_true(is_at(fixture, 1, "127.0.0.2"));
    g_assert_true(is_at(fixture, 2, "127.0.0.3"));
    for (int i = 0; i < 3; i++)
        g_assert_cmpuint(fixture->servers[i].n_requests, ==, 1);
    g_assert_cmpuint(fixture->servers[3].n_requests, ==, 0);
}

static void
test_place_without_address_is_vacant(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->config.most_sources = 2;
    start(fixture, "127.0.0.1");
    g_assert_false(vt_source_is_vacant(get_source(fixture, 0)));
    g_assert_true(vt_source_is_vacant(get_source(fixture, 1)));
}

static void
test_pool_that_is_not_found_is_shown(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->config.most_sources = 2;
    start(fixture, "");
    g_assert_false(vt_source_is_vacant(get_source(fixture, 0)));
}

static void
test_dead_member_is_replaced_within_three_polls(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->config.most_sources = 2;
    start(fixture, "127.0.0.1 127.0.0.2 127.0.0.3");
    tick_for(fixture, 5);
    g_assert_cmpuint(fixture->servers[2].n_requests, ==, 0);

    fixture->servers[0].manner = FAKE_NTP_SILENT;
    tick_for(fixture, 3);
    g_assert_true(is_at(fixture, 0, "127.0.0.1"));
    tick(fixture);

    g_assert_true(is_at(fixture, 0, "127.0.0.3"));
    g_assert_true(is_at(fixture, 1, "127.0.0.2"));
    g_assert_cmpuint(fixture->servers[2].n_requests, ==, 1);
    g_assert_true(
        vt_source_get_candidate(get_source(fixture, 0), false, fixture->kernel.raw).is_usable);
}

static void
test_member_that_lies_on_is_replaced(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->config.most_sources = 2;
    start(fixture, "127.0.0.1 127.0.0.2 127.0.0.3");
    tick_for(fixture, 2);

    vt_source_get_standing(get_source(fixture, 0))->is_false = true;
    tick_for(fixture, 3);
    vt_source_get_standing(get_source(fixture, 0))->is_false = false;
    tick(fixture);
    g_assert_true(is_at(fixture, 0, "127.0.0.1")); /* who is believed again stays */

    vt_source_get_standing(get_source(fixture, 0))->is_false = true;
    tick_for(fixture, 5);
    g_assert_true(is_at(fixture, 0, "127.0.0.3"));
    g_assert_true(is_at(fixture, 1, "127.0.0.2"));
    g_assert_false(vt_source_get_standing(get_source(fixture, 0))->is_false);
}

/* As it comes back with each look-up. */
static void
test_liar_is_not_tried_again(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->config.most_sources = 1;
    start(fixture, "127.0.0.1 127.0.0.2");
    tick_for(fixture, 2);
    vt_source_get_standing(get_source(fixture, 0))->is_false = true;
    tick_for(fixture, 5);
    g_assert_true(is_at(fixture, 0, "127.0.0.2"));
    unsigned n_requests = fixture->servers[0].n_requests;

    fixture->servers[1].manner = FAKE_NTP_SILENT;
    tick_for(fixture, 4);
    fake_kernel_pass(&fixture->kernel, 64 * VT_NS_PER_SEC);
    tick_for(fixture, 2);
    g_assert_cmpuint(fake_resolver_get_n_lookups(fixture->resolver), >=, 2);
    g_assert_true(is_at(fixture, 0, "127.0.0.2"));
    g_assert_cmpuint(fixture->servers[0].n_requests, ==, n_requests);
}

/* Who named it wants to hear of it. */
static void
test_server_that_lies_stays(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    start(fixture, "127.0.0.1 127.0.0.2");
    tick_for(fixture, 2);
    vt_source_get_standing(get_source(fixture, 0))->is_false = true;
    tick_for(fixture, 10);

    g_assert_true(is_at(fixture, 0, "127.0.0.1"));
}

static void
test_name_is_looked_up_again_when_no_address_is_left(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    start(fixture, "127.0.0.1");
    tick_for(fixture, 2);
    fixture->servers[0].manner = FAKE_NTP_SILENT;
    fake_resolver_set_answer(fixture->resolver, "127.0.0.1 127.0.0.5");

    tick_for(fixture, 5);
    g_assert_true(is_at(fixture, 0, "127.0.0.1"));
    /* Not before a minute has passed: each answer brings servers that are asked in a burst. */
    fake_kernel_pass(&fixture->kernel, 60 * VT_NS_PER_SEC);
    tick_for(fixture, 2);

    g_assert_true(is_at(fixture, 0, "127.0.0.5"));
    g_assert_cmpuint(fixture->servers[4].n_requests, >=, 1);
    g_assert_cmpuint(fake_resolver_get_n_lookups(fixture->resolver), ==, 2);
}

static void
test_look_ups_that_fail_become_seldom(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    start(fixture, "");

    tick_for(fixture, 3600);

    unsigned n_lookups = fake_resolver_get_n_lookups(fixture->resolver);
    g_assert_cmpuint(n_lookups, >=, 8);
    g_assert_cmpuint(n_lookups, <=, 14);
    g_assert_cmpuint(fixture->n_results, ==, 0);
    g_assert_false(vt_source_is_addressed(get_source(fixture, 0)));
}

static void
test_network_that_comes_up_is_used_at_once(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    start(fixture, "");
    tick_for(fixture, 100);
    unsigned n_lookups = fake_resolver_get_n_lookups(fixture->resolver);
    fake_resolver_set_answer(fixture->resolver, "127.0.0.1");

    vt_ntp_group_on_network_change(fixture->group);
    tick_for(fixture, 2);

    g_assert_cmpuint(fake_resolver_get_n_lookups(fixture->resolver), ==, n_lookups + 1);
    g_assert_cmpuint(fixture->servers[0].n_requests, >=, 1);
}

static void
test_address_in_use_is_not_used_again(Fixture *fixture, gconstpointer data)
{
    VtServerConfig other = fixture->config;
    (void)data; /* no parameters */
    other.name = (char *)"other";
    other.address = (char *)"127.0.0.1";
    VtNtpGroup *first = vt_ntp_group_new(&other, NULL, &fixture->owner, fixture->list);
    fixture->config.most_sources = 2;

    start(fixture, "127.0.0.1 127.0.0.2");

    g_assert_true(is_at(fixture, 1, "127.0.0.2"));
    g_assert_false(vt_source_is_addressed(get_source(fixture, 2)));
    vt_ntp_group_free(first);
}

static void
test_dead_server_of_a_network_is_not_asked_more_often(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->config.is_local = false;
    for (int i = 0; i < N_SERVERS; i++)
        vt_fd_close(&fixture->servers[i].fd);
    for (int i = 0; i < N_SERVERS; i++)
        g_source_destroy(fixture->servers[i].source);
    start(fixture, "127.0.0.1 127.0.0.2");

    tick_for(fixture, 3600);

    /* Each answer of the resolver is worth a burst to each address, and answers are seldom. */
    g_assert_cmpuint(fixture->n_results, <=, 3600 / 64 + 2 * 4 * 14);
    g_assert_cmpuint(fixture->n_results, >=, 3600 / 68);
}

#define add(path, function) \
    g_test_add("/agent/ntp-group/" path, Fixture, NULL, set_up, function, tear_down)

/* What the agent tells its log is no line of the test's. */
static GLogWriterOutput
write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
    if ((level & G_LOG_LEVEL_WARNING) != 0)
        return g_log_writer_default(level, fields, n_fields, user_data);
    return G_LOG_WRITER_HANDLED;
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(write_log, NULL, NULL);
    add("numeric-address-needs-no-look-up", test_numeric_address_needs_no_look_up);
    add("server-is-found-by-name", test_server_is_found_by_name);
    add("pool-asks-several-addresses", test_pool_asks_several_addresses);
    add("place-without-address-is-vacant", test_place_without_address_is_vacant);
    add("pool-that-is-not-found-is-shown", test_pool_that_is_not_found_is_shown);
    add("dead-member-is-replaced-within-three-polls",
        test_dead_member_is_replaced_within_three_polls);
    add("member-that-lies-on-is-replaced", test_member_that_lies_on_is_replaced);
    add("liar-is-not-tried-again", test_liar_is_not_tried_again);
    add("server-that-lies-stays", test_server_that_lies_stays);
    add("name-is-looked-up-again-when-no-address-is-left",
        test_name_is_looked_up_again_when_no_address_is_left);
    add("look-ups-that-fail-become-seldom", test_look_ups_that_fail_become_seldom);
    add("network-that-comes-up-is-used-at-once", test_network_that_comes_up_is_used_at_once);
    add("address-in-use-is-not-used-again", test_address_in_use_is_not_used_again);
    add("dead-server-of-a-network-is-not-asked-more-often",
        test_dead_server_of_a_network_is_not_asked_more_often);
    return g_test_run();
}
