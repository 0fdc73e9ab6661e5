/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hours with nothing but servers of a network, polled as seldom as they allow. */
#include "agent/agent.h"
#include "tests/agent/fake-ntp.h"
#include "tests/agent/served-agent.h"

#define N_SERVERS 4
#define TICK_NS   VT_NS_PER_MS

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    FakeNtp servers[N_SERVERS];
    VtServerConfig configs[N_SERVERS];
    GPtrArray *list;
    VtClock *clock;
    VtAgent *agent;
    double rate_ppb; /* what the oscillator is slow by */
    unsigned n_sec;
    unsigned n_unsynchronised; /* seconds, after the first minute */
    VtNs worst_ns;             /* after the first quarter of an hour */
    unsigned n_lies;           /* seconds in which the bound did not hold */
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    static const char *const names[N_SERVERS] = { "a", "b", "c", "d" };
    (void)data; /* no parameters */
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->kernel.read_cost_ns = 50;
    fixture->list = g_ptr_array_new();
    for (uint8_t i = 0; i < N_SERVERS; i++) {
        fake_ntp_init(&fixture->servers[i], &fixture->kernel);
        fixture->servers[i].path_ns = (3 + 2 * i) * VT_NS_PER_MS;
        fixture->servers[i].queue_ns = 500 * VT_NS_PER_US;
        fixture->configs[i] = (VtServerConfig){
            .name = (char *)names[i],
            .address = (char *)"127.0.0.1",
            .port = fixture->servers[i].port,
            .has_burst = true,
            .least_poll = 6,
            .greatest_poll = 10,
        };
        g_ptr_array_add(fixture->list, &fixture->configs[i]);
    }
    fixture->rate_ppb = 12345;
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    VtAgentParams params = {
        .places = { .sysfs_path = "/nonexistent", .device_path = "/nonexistent" },
        .tick_ns = TICK_NS,
        .servers = { .servers = fixture->list },
    };
    fixture->agent = vt_agent_new(&params, fixture->clock);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    vt_agent_free(fixture->agent);
    vt_clock_free(fixture->clock);
    g_ptr_array_unref(fixture->list);
    for (int i = 0; i < N_SERVERS; i++)
        fake_ntp_clear(&fixture->servers[i]);
}

static VtNs
get_error(const Fixture *fixture)
{
    VtNs span_ns = vt_mono_diff(fixture->kernel.raw, fixture->servers[0].raw_at_start);
    VtWall truth = vt_wall_add(true_wall, span_ns + fixture->servers[0].ahead_ns);
    return vt_wall_diff(truth, fixture->kernel.wall);
}

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

static void
note(Fixture *fixture)
{
    VtAgentView view = vt_agent_look(fixture->agent);
    VtNs error_ns = vt_ns_abs(get_error(fixture));
    if (fixture->n_sec > 60)
        fixture->n_unsynchronised += !view.synchronised;
    if (fixture->n_sec > 900)
        fixture->worst_ns = vt_ns_max(fixture->worst_ns, error_ns);
    if (view.synchronised && error_ns > view.status.error_ns)
        fixture->n_lies++;
}

/* All that was asked for comes. */
static void
settle(Fixture *fixture)
{
    while (is_anybody_asked(fixture)) {
        while (g_main_context_iteration(NULL, FALSE))
            ;
        (void)fake_ntp_deliver(fixture->servers, N_SERVERS); /* or a timer brings more */
    }
}

/* One second, with one tick at its end and all that it brings. */
static void
run(Fixture *fixture, unsigned n_sec)
{
    settle(fixture);
    for (unsigned i = 0; i < n_sec; i++) {
        fake_kernel_pass(&fixture->kernel, VT_NS_PER_SEC);
        for (int j = 0; j < N_SERVERS; j++)
            fixture->servers[j].ahead_ns += vt_ns_from_double(fixture->rate_ppb);
        fixture->n_sec++;
        /* The tick's timer, and whatever it begins. */
        g_main_context_iteration(NULL, TRUE);
        settle(fixture);
        note(fixture);
    }
}

static unsigned
count_requests(const Fixture *fixture)
{
    unsigned n_requests = 0;
    for (int i = 0; i < N_SERVERS; i++)
        n_requests += fixture->servers[i].n_requests;
    return n_requests;
}

static void
test_servers_alone_keep_the_clock_right(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */

    run(fixture, 2400);

    g_test_message("worst %.1f us, requests %u", (double)fixture->worst_ns * 1e-3,
                   count_requests(fixture));
    g_assert_cmpuint(fixture->n_unsynchronised, ==, 0);
    g_assert_cmpuint(fixture->n_lies, ==, 0);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    g_assert_cmpint(fixture->worst_ns, <, 2 * VT_NS_PER_MS);
    /* Never more often than each 64 s but for one burst of four. */
    g_assert_cmpuint(count_requests(fixture), <=, N_SERVERS * (4 + 2400 / 64));
}

static void
test_first_step_takes_four_exchanges(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    for (int i = 0; i < N_SERVERS; i++)
        fixture->servers[i].ahead_ns += 30 * VT_NS_PER_SEC;

    /* The first at once, three more 2 s apart, and four that prove it. */
    run(fixture, 7);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 1);
    run(fixture, 10);

    g_assert_true(vt_agent_look(fixture->agent).synchronised);
    g_assert_cmpint(vt_ns_abs(get_error(fixture)), <, 5 * VT_NS_PER_MS);
    g_assert_cmpuint(count_requests(fixture), <=, N_SERVERS * 8);
}

static void
test_pause_that_all_tell_of_is_put_right(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    run(fixture, 1000);

    for (int i = 0; i < N_SERVERS; i++)
        fixture->servers[i].ahead_ns += 60 * VT_NS_PER_SEC;
    run(fixture, 400);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 1);
    g_assert_true(vt_agent_look(fixture->agent).synchronised);
    g_assert_cmpint(vt_ns_abs(get_error(fixture)), <, 5 * VT_NS_PER_MS);
}

static void
test_server_that_begins_to_lie_moves_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    run(fixture, 1000);
    int liar = vt_agent_look(fixture->agent).reference[0] - 'a';

    fixture->servers[liar].ahead_ns += 60 * VT_NS_PER_SEC;
    /* True time is the first one's. */
    VtNs lie_ns = liar == 0 ? 60 * VT_NS_PER_SEC : 0;
    run(fixture, 400);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    g_assert_true(vt_agent_look(fixture->agent).synchronised);
    g_assert_cmpint(vt_agent_look(fixture->agent).reference[0], !=, 'a' + liar);
    g_assert_cmpint(vt_ns_abs(get_error(fixture) - lie_ns), <, 5 * VT_NS_PER_MS);
}

#define add(path, function) \
    g_test_add("/agent/network-day/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(served_agent_write_log, NULL, NULL);
    add("servers-alone-keep-the-clock-right", test_servers_alone_keep_the_clock_right);
    add("first-step-takes-four-exchanges", test_first_step_takes_four_exchanges);
    add("pause-that-all-tell-of-is-put-right", test_pause_that_all_tell_of_is_put_right);
    add("server-that-begins-to-lie-moves-nothing",
        test_server_that_begins_to_lie_moves_nothing);
    return g_test_run();
}
