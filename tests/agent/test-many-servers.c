/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The agent with several servers, of which not all are honest, and with no link. */
#include "agent/agent.h"
#include "tests/agent/fake-ntp.h"
#include "tests/agent/fake-resolver.h"
#include "tests/agent/served-agent.h"

#define TIMEOUT_SEC 10
#define N_SERVERS   4

/* The fake kernel's time runs ahead of ours, so that nobody waits for a poll. */
#define PASS_EVERY_MS 1
#define MOST_HELD     100
#define PASS_NS       (50 * VT_NS_PER_MS)
#define TICK_NS       (20 * VT_NS_PER_MS)

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    FakeNtp servers[N_SERVERS]; /* 127.0.0.1 and so on, at one port */
    VtServerConfig configs[N_SERVERS];
    GPtrArray *list; /* VtServerConfig */
    VtServerConfig pool;
    GPtrArray *pools;
    FakeResolver *resolver;
    VtClock *clock;
    VtAgent *agent;
    guint pass_id;
    unsigned n_held; /* times in a row that time stood still */
} Fixture;

static bool
is_anybody_asked(Fixture *fixture)
{
    const GPtrArray *list = vt_sources_get_list(vt_agent_get_sources(fixture->agent));
    for (guint i = 0; i < list->len; i++) {
        if (vt_source_is_reading(list->pdata[i]))
            return true;
    }
    return false;
}

/* Not while a packet is under way: the jumps of time would be its delay. */
static gboolean
on_pass(gpointer user_data)
{
    Fixture *fixture = user_data;
    if (is_anybody_asked(fixture) && ++fixture->n_held < MOST_HELD)
        return G_SOURCE_CONTINUE;
    fixture->n_held = 0;
    fake_kernel_pass(&fixture->kernel, PASS_NS);
    return G_SOURCE_CONTINUE;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    static const char *const names[N_SERVERS] = { "a", "b", "c", "d" };
    static const char *const addresses[N_SERVERS] = {
        "127.0.0.1",
        "127.0.0.2",
        "127.0.0.3",
        "127.0.0.4",
    };
    (void)data; /* no parameters */
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->kernel.read_cost_ns = VT_NS_PER_US;
    fixture->list = g_ptr_array_new();
    fixture->pools = g_ptr_array_new();
    for (uint8_t i = 0; i < N_SERVERS; i++) {
        fake_ntp_init_at(&fixture->servers[i], &fixture->kernel, (uint8_t)(i + 1),
                         i > 0 ? fixture->servers[0].port : 0);
        fixture->configs[i] = (VtServerConfig){
            .name = (char *)names[i],
            .address = (char *)addresses[i],
            .port = fixture->servers[0].port,
            .is_local = true,
            .has_burst = true,
        };
        g_ptr_array_add(fixture->list, &fixture->configs[i]);
    }
    fixture->pool = fixture->configs[0];
    fixture->pool.name = (char *)"pool";
    fixture->pool.address = (char *)"pool.example.com";
    fixture->pool.most_sources = 3;
    fixture->resolver = fake_resolver_new();
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
}

static void
start(Fixture *fixture)
{
    VtAgentParams params = {
        .places = { .sysfs_path = "/nonexistent", .device_path = "/nonexistent" },
        .tick_ns = TICK_NS,
        .servers = { .servers = fixture->list, .pools = fixture->pools },
    };
    fixture->agent = vt_agent_new(&params, fixture->clock);
    fixture->pass_id = g_timeout_add(PASS_EVERY_MS, on_pass, fixture);
}

static void
start_with_pool(Fixture *fixture, const char *addresses)
{
    fake_resolver_set_answer(fixture->resolver, addresses);
    g_ptr_array_set_size(fixture->list, 0);
    g_ptr_array_add(fixture->pools, &fixture->pool);
    start(fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_agent_free(fixture->agent);
    g_source_remove(fixture->pass_id);
    vt_clock_free(fixture->clock);
    fake_resolver_free(fixture->resolver);
    g_ptr_array_unref(fixture->list);
    g_ptr_array_unref(fixture->pools);
    for (int i = 0; i < N_SERVERS; i++)
        fake_ntp_clear(&fixture->servers[i]);
}

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

static char
get_sign(Fixture *fixture, const char *name)
{
    VtSources *sources = vt_agent_get_sources(fixture->agent);
    g_autoptr(GVariant) all = g_variant_ref_sink(vt_sources_to_variant(sources));
    for (size_t i = 0; i < g_variant_n_children(all); i++) {
        g_autoptr(GVariant) source = g_variant_get_child_value(all, i);
        g_autofree char *found = served_agent_dup_text(source, "name");
        g_autofree char *sign = served_agent_dup_text(source, "sign");
        if (g_str_equal(found, name))
            return sign[0];
    }
    g_assert_not_reached();
}

static bool
is_synchronised(Fixture *fixture)
{
    return vt_agent_look(fixture->agent).synchronised;
}

static bool
is_false(Fixture *fixture, const char *name)
{
    return get_sign(fixture, name) == 'x';
}

/* Nor is it followed meanwhile. */
static void
wait_until_false(Fixture *fixture, const char *name)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (!has_timed_out && !is_false(fixture, name)) {
        g_main_context_iteration(NULL, TRUE);
        g_assert_cmpstr(vt_agent_look(fixture->agent).reference, !=, name);
    }
    g_source_remove(id);
    g_assert_true(is_false(fixture, name));
}

static void
wait_until_synchronised(Fixture *fixture)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (!has_timed_out && !is_synchronised(fixture))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_true(is_synchronised(fixture));
}

static void
pass(Fixture *fixture, VtNs span_ns)
{
    VtMono until = vt_mono_add(fixture->kernel.raw, span_ns);
    while (vt_mono_diff(fixture->kernel.raw, until) < 0)
        g_main_context_iteration(NULL, TRUE);
}

static VtNs
get_error(const Fixture *fixture)
{
    VtNs span_ns = vt_mono_diff(fixture->kernel.raw, fixture->servers[0].raw_at_start);
    return vt_ns_abs(vt_wall_diff(vt_wall_add(true_wall, span_ns), fixture->kernel.wall));
}

static void
test_falseticker_is_never_followed_and_soon_named(Fixture *fixture, gconstpointer position)
{
    int liar = GPOINTER_TO_INT(position);
    const char *name = fixture->configs[liar].name;
    fixture->servers[liar].ahead_ns = 10 * VT_NS_PER_MS;
    fixture->kernel.wall = vt_wall_add(fixture->kernel.wall, -30 * VT_NS_PER_SEC);

    start(fixture);
    wait_until_false(fixture, name);
    g_assert_cmpuint(fixture->servers[liar].n_requests, <=, 5);

    wait_until_synchronised(fixture);
    g_assert_cmpint(get_error(fixture), <, 5 * VT_NS_PER_MS);
    pass(fixture, 10 * VT_NS_PER_SEC);
    g_assert_true(is_false(fixture, name));
    g_assert_cmpint(get_error(fixture), <, 5 * VT_NS_PER_MS);
}

static void
test_server_that_begins_to_lie_is_left(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    start(fixture);
    wait_until_synchronised(fixture);
    pass(fixture, 10 * VT_NS_PER_SEC);
    const char *first = vt_agent_look(fixture->agent).reference;
    int liar = first[0] - 'a';
    unsigned n_requests = fixture->servers[liar].n_requests;

    fixture->servers[liar].ahead_ns = 10 * VT_NS_PER_MS;
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (!has_timed_out && !is_false(fixture, first))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);

    g_assert_true(is_false(fixture, first));
    /* Those of the suspicion that it raises follow each other at once. */
    g_assert_cmpuint(fixture->servers[liar].n_requests - n_requests, <=, 10);
    pass(fixture, 5 * VT_NS_PER_SEC);
    g_assert_cmpstr(vt_agent_look(fixture->agent).reference, !=, first);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    g_assert_cmpint(get_error(fixture), <, 5 * VT_NS_PER_MS);
}

/* Every other exchange is odd, so that a suspicion comes and goes all the time. */
static void
test_falseticker_is_named_between_suspicions(Fixture *fixture, gconstpointer data)
{
    FakeNtp *preferred = &fixture->servers[0];
    (void)data; /* no parameters */
    fixture->configs[0].is_preferred = true;
    start(fixture);
    wait_until_synchronised(fixture);
    pass(fixture, 10 * VT_NS_PER_SEC);

    fixture->servers[3].ahead_ns = 10 * VT_NS_PER_MS;
    unsigned n_requests = fixture->servers[3].n_requests;
    unsigned n_seen = preferred->n_requests;
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (!has_timed_out && !is_false(fixture, "d")) {
        g_main_context_iteration(NULL, TRUE);
        if (preferred->n_requests != n_seen)
            preferred->ahead_ns = preferred->ahead_ns == 0 ? 200 * VT_NS_PER_MS : 0;
        n_seen = preferred->n_requests;
    }
    g_source_remove(id);

    g_assert_false(has_timed_out);
    g_assert_cmpuint(fixture->servers[3].n_requests - n_requests, <=, 6);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
}

/* The pause that the first says there was, the others know of as well. */
static void
test_unannounced_pause_is_seen_by_all(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    start(fixture);
    wait_until_synchronised(fixture);
    pass(fixture, 10 * VT_NS_PER_SEC);

    for (int i = 0; i < N_SERVERS; i++)
        fixture->servers[i].ahead_ns = 60 * VT_NS_PER_SEC;
    pass(fixture, 5 * VT_NS_PER_SEC);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 1);
    g_assert_true(is_synchronised(fixture));
    g_assert_cmpint(vt_ns_abs(get_error(fixture) - 60 * VT_NS_PER_SEC), <, 5 * VT_NS_PER_MS);
}

static void
test_two_that_contradict_step_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_ptr_array_set_size(fixture->list, 2);
    fixture->servers[0].ahead_ns = 20 * VT_NS_PER_SEC;
    fixture->servers[1].ahead_ns = 40 * VT_NS_PER_SEC;

    start(fixture);
    pass(fixture, 20 * VT_NS_PER_SEC);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    g_assert_false(is_synchronised(fixture));
}

static void
test_trusted_one_of_two_is_believed(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_ptr_array_set_size(fixture->list, 2);
    fixture->configs[1].is_trusted = true;
    fixture->servers[0].ahead_ns = 20 * VT_NS_PER_SEC;

    start(fixture);
    wait_until_false(fixture, "a");
    wait_until_synchronised(fixture);

    g_assert_cmpstr(vt_agent_look(fixture->agent).reference, ==, "b");
}

static void
test_preferred_one_is_followed(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->configs[2].is_preferred = true;

    start(fixture);
    wait_until_synchronised(fixture);
    pass(fixture, 5 * VT_NS_PER_SEC);

    g_assert_cmpint(get_sign(fixture, "c"), ==, '*');
}

static void
test_those_that_agree_are_combined(Fixture *fixture, gconstpointer data)
{
    static const char *const names[N_SERVERS] = { "a", "b", "c", "d" };
    unsigned n_combined = 0;
    (void)data; /* no parameters */
    for (int i = 0; i < N_SERVERS; i++)
        fixture->servers[i].ahead_ns = i * 200 * VT_NS_PER_US;

    start(fixture);
    wait_until_synchronised(fixture);
    pass(fixture, 60 * VT_NS_PER_SEC);

    for (int i = 0; i < N_SERVERS; i++)
        n_combined += get_sign(fixture, names[i]) == '+' || get_sign(fixture, names[i]) == '*';
    g_assert_cmpuint(n_combined, >=, 3);
    g_assert_cmpint(get_error(fixture), <, VT_NS_PER_MS);
}

static void
test_leap_second_takes_a_majority(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    start(fixture);
    wait_until_synchronised(fixture);

    int followed = vt_agent_look(fixture->agent).reference[0] - 'a';
    fixture->servers[followed].leap = VT_NTP_LEAP_INSERT;
    fixture->servers[(followed + 1) % N_SERVERS].leap = VT_NTP_LEAP_INSERT;
    pass(fixture, 5 * VT_NS_PER_SEC);
    g_assert_cmpint(vt_agent_look(fixture->agent).updates.leap, ==, VT_NTP_LEAP_NONE);
    fixture->servers[(followed + 2) % N_SERVERS].leap = VT_NTP_LEAP_INSERT;
    pass(fixture, 5 * VT_NS_PER_SEC);

    g_assert_cmpint(vt_agent_look(fixture->agent).updates.leap, ==, VT_NTP_LEAP_INSERT);
}

static void
test_nobody_is_followed_while_the_required_one_is_silent(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->configs[3].is_required = true;
    fixture->servers[3].manner = FAKE_NTP_SILENT;

    start(fixture);
    pass(fixture, 5 * VT_NS_PER_SEC);
    g_assert_false(is_synchronised(fixture));
    fixture->servers[3].manner = FAKE_NTP_HONEST;
    wait_until_synchronised(fixture);
}

static void
test_local_server_is_followed_within_two_seconds(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_ptr_array_set_size(fixture->list, 1);
    fixture->kernel.wall = vt_wall_add(fixture->kernel.wall, -30 * VT_NS_PER_SEC);
    VtMono begun = fixture->kernel.raw;

    start(fixture);
    wait_until_synchronised(fixture);

    g_assert_cmpint(vt_mono_diff(fixture->kernel.raw, begun), <=, 2 * VT_NS_PER_SEC);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 1);
    g_assert_cmpint(get_error(fixture), <, VT_NS_PER_MS);
}

static void
test_one_pool_member_against_another_steps_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->servers[0].ahead_ns = 20 * VT_NS_PER_SEC;
    fixture->servers[1].ahead_ns = 40 * VT_NS_PER_SEC;

    start_with_pool(fixture, "127.0.0.1 127.0.0.2");
    pass(fixture, 10 * VT_NS_PER_SEC);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
}

static void
test_pool_goes_on_when_the_followed_member_dies(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    start_with_pool(fixture, "127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.4");
    wait_until_synchronised(fixture);
    pass(fixture, 5 * VT_NS_PER_SEC);
    const char *first = vt_agent_look(fixture->agent).reference;
    int dead = first[strlen("pool-")] - '1';
    g_assert_cmpuint(fixture->servers[3].n_requests, ==, 0);
    unsigned n_requests = fixture->servers[dead].n_requests;

    fixture->servers[dead].manner = FAKE_NTP_SILENT;
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (!has_timed_out && fixture->servers[3].n_requests == 0)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);

    g_assert_cmpuint(fixture->servers[3].n_requests, >=, 1);
    g_assert_cmpuint(fixture->servers[dead].n_requests - n_requests, <=, 4);
    pass(fixture, 5 * VT_NS_PER_SEC);
    g_assert_true(is_synchronised(fixture));
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
}

static void
test_dead_server_is_replaced_within_three_polls(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    start(fixture);
    wait_until_synchronised(fixture);
    pass(fixture, 5 * VT_NS_PER_SEC);
    g_autofree char *first = g_strdup(vt_agent_look(fixture->agent).reference);
    FakeNtp *dead = &fixture->servers[first[0] - 'a'];
    unsigned n_requests = dead->n_requests;

    dead->manner = FAKE_NTP_SILENT;
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    while (!has_timed_out && g_str_equal(vt_agent_look(fixture->agent).reference, first))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);

    g_assert_false(has_timed_out);
    g_assert_cmpuint(dead->n_requests - n_requests, <=, 3);
    g_assert_true(is_synchronised(fixture));
}

#define add(path, data, function) \
    g_test_add("/agent/many-servers/" path, Fixture, data, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(served_agent_write_log, NULL, NULL);
    for (int i = 0; i < N_SERVERS; i++) {
        g_autofree char *path =
            g_strdup_printf("/agent/many-servers/falseticker-is-never-followed/%d", i);
        g_test_add(path, Fixture, GINT_TO_POINTER(i), set_up,
                   test_falseticker_is_never_followed_and_soon_named, tear_down);
    }
    add("server-that-begins-to-lie-is-left", NULL, test_server_that_begins_to_lie_is_left);
    add("falseticker-is-named-between-suspicions", NULL,
        test_falseticker_is_named_between_suspicions);
    add("unannounced-pause-is-seen-by-all", NULL, test_unannounced_pause_is_seen_by_all);
    add("two-that-contradict-step-nothing", NULL, test_two_that_contradict_step_nothing);
    add("trusted-one-of-two-is-believed", NULL, test_trusted_one_of_two_is_believed);
    add("preferred-one-is-followed", NULL, test_preferred_one_is_followed);
    add("those-that-agree-are-combined", NULL, test_those_that_agree_are_combined);
    add("leap-second-takes-a-majority", NULL, test_leap_second_takes_a_majority);
    add("nobody-is-followed-while-the-required-one-is-silent", NULL,
        test_nobody_is_followed_while_the_required_one_is_silent);
    add("dead-server-is-replaced-within-three-polls", NULL,
        test_dead_server_is_replaced_within_three_polls);
    add("local-server-is-followed-within-two-seconds", NULL,
        test_local_server_is_followed_within_two_seconds);
    add("one-pool-member-against-another-steps-nothing", NULL,
        test_one_pool_member_against_another_steps_nothing);
    add("pool-goes-on-when-the-followed-member-dies", NULL,
        test_pool_goes_on_when_the_followed_member_dies);
    return g_test_run();
}
