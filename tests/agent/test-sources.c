/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole agent with more than one clock to follow: who is followed, and when. */
#include "tests/agent/served-agent.h"

#define KISS_RATE UINT32_C(0x52415445)

static void
test_server_alone_sets_the_clock(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->server.ahead_ns = 30 * VT_NS_PER_SEC;

    served_agent_start_without_link(fixture);
    wait_until_following(fixture->agent, "office");

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 1);
    g_assert_cmpuint(fixture->server.n_requests, >=, 6);
    g_assert_cmpint(served_agent_get_error(fixture), <, 5 * VT_NS_PER_MS);
    /* Not to have a port is none where something else serves. */
    g_assert_cmpstr(vt_agent_look(fixture->agent).problem, ==, "");
    g_assert_true(vt_agent_look(fixture->agent).synchronised);
    g_assert_cmpint(fixture->kernel.status & STA_UNSYNC, ==, 0);
}

static void
test_unannounced_pause_is_found_by_the_server(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    served_agent_start_without_link(fixture);
    wait_until_following(fixture->agent, "office");

    fixture->server.ahead_ns = 60 * VT_NS_PER_SEC;
    wait_for_count(&fixture->kernel.n_steps, 1);
    wait_until_following(fixture->agent, "office");

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 1);
    g_assert_cmpuint(vt_agent_look(fixture->agent).status.n_disruptions, ==, 1);
    g_assert_cmpint(served_agent_get_error(fixture), <, 5 * VT_NS_PER_MS);
}

static void
test_link_is_followed_before_an_equal_server(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    served_agent_start(fixture);

    wait_until_following(fixture->agent, "link");
    wait_for_count(&fixture->server.n_requests, 5);

    g_assert_true(served_agent_is_selected(fixture, "link"));
    g_assert_false(served_agent_is_selected(fixture, "office"));
    g_assert_cmpstr(vt_agent_look(fixture->agent).reference, ==, "link");
}

static void
test_synchronised_server_is_followed_before_a_wrong_host(ServedAgent *fixture,
                                                         gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->host.is_synchronised = false;
    fixture->host.ahead_ns = 3 * VT_NS_PER_SEC;

    served_agent_start(fixture);
    wait_until_following(fixture->agent, "office");

    g_assert_true(vt_agent_look(fixture->agent).synchronised);
    g_assert_cmpint(served_agent_get_error(fixture), <, 5 * VT_NS_PER_MS);
}

/* Follows the server; the host is 3 s ahead and says that it is not synchronised. */
static void
follow_beside_a_wrong_host(ServedAgent *fixture)
{
    fixture->host.is_synchronised = false;
    fixture->host.ahead_ns = 3 * VT_NS_PER_SEC;
    served_agent_start(fixture);
    wait_until_following(fixture->agent, "office");
    unsigned n_requests = fixture->host.n_requests;
    wait_for_count(&fixture->host.n_requests, n_requests + 3);
}

static void
test_wrong_host_knows_how_long_the_guest_stood_still(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    follow_beside_a_wrong_host(fixture);
    unsigned n_steps = fixture->kernel.n_steps;

    /* A minute's pause, after which the server is silent: only the host is left. */
    fixture->server.manner = FAKE_NTP_SILENT;
    fixture->server.ahead_ns += 60 * VT_NS_PER_SEC;
    fixture->host.ahead_ns += 60 * VT_NS_PER_SEC;
    fixture->host.epoch += 1;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, 1);
    wait_for_count(&fixture->host.n_acks, 1);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, n_steps + 1);
    g_assert_cmpint(fixture->host.ack.action, ==, VT_LINK_ACTION_STEPPED);
    g_assert_cmpstr(fixture->host.ack.reference, ==, "link");
    g_assert_cmpint(vt_ns_abs(fixture->host.ack.offset_ns - 60 * VT_NS_PER_SEC), <,
                    100 * VT_NS_PER_MS);
    g_assert_cmpint(served_agent_get_error(fixture), <, 100 * VT_NS_PER_MS);

    /* And the server has the last word again. */
    fixture->server.manner = FAKE_NTP_HONEST;
    wait_until_following(fixture->agent, "office");
    g_assert_cmpuint(fixture->kernel.n_steps, ==, n_steps + 1);
}

/* It has not been compared with anybody yet: all the same, the wrong host does not take over. */
static void
test_wrong_host_does_not_take_over_from_a_young_server(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->host.is_synchronised = false;
    fixture->host.ahead_ns = 3 * VT_NS_PER_SEC;
    served_agent_start(fixture);
    wait_until_following(fixture->agent, "office");
    unsigned n_requests = fixture->host.n_requests;
    wait_for_count(&fixture->host.n_requests, n_requests + 2);

    fixture->server.manner = FAKE_NTP_SILENT;
    fixture->server.ahead_ns += 60 * VT_NS_PER_SEC;
    fixture->host.ahead_ns += 60 * VT_NS_PER_SEC;
    fixture->host.epoch += 1;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, 1);
    wait_for_count(&fixture->host.n_acks, 1);

    g_assert_cmpint(served_agent_get_error(fixture), <, 100 * VT_NS_PER_MS);
}

static void
test_host_that_was_set_is_no_stopwatch(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    follow_beside_a_wrong_host(fixture);
    unsigned n_steps = fixture->kernel.n_steps;

    fixture->host.ahead_ns += 3600 * VT_NS_PER_SEC;
    fixture->host.epoch += 1;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_HOST_CLOCK_STEPPED, 1);
    wait_for_count(&fixture->host.n_acks, 1);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, n_steps);
    g_assert_cmpstr(fixture->host.ack.reference, ==, "office");
    g_assert_cmpint(served_agent_get_error(fixture), <, 100 * VT_NS_PER_MS);
}

static void
test_server_takes_over_when_the_link_is_gone(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    served_agent_start(fixture);
    wait_until_following(fixture->agent, "link");
    wait_for_count(&fixture->server.n_requests, 2);

    fake_host_hang_up(&fixture->host);
    wait_until_following(fixture->agent, "office");

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    g_assert_cmpuint(vt_agent_look(fixture->agent).status.n_disruptions, ==, 0);
}

static void
test_told_address_stands_in_for_the_link(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_ptr_array_set_size(fixture->servers, 0);
    fixture->host.n_addresses = 1;
    fixture->host.addresses[0] = (VtLinkAddress){
        .family = 4,
        .port = fixture->server.port,
        .address = { 127, 0, 0, 1 },
    };
    served_agent_start(fixture);
    wait_until_following(fixture->agent, "link");
    wait_for_count(&fixture->host.n_requests, 20);
    g_assert_cmpuint(fixture->server.n_requests, ==, 0);

    fake_host_hang_up(&fixture->host);
    wait_until_following(fixture->agent, "host-ntp-1");

    g_assert_cmpuint(fixture->server.n_requests, >=, 1);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
}

/* HELLO and notice of another session lie before the restored agent: whom they reach can ask. */
static void
test_link_that_can_be_asked_needs_no_stand_in(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    g_ptr_array_set_size(fixture->servers, 0);
    fixture->host.n_addresses = 1;
    fixture->host.addresses[0] = (VtLinkAddress){
        .family = 4,
        .port = fixture->server.port,
        .address = { 127, 0, 0, 1 },
    };
    served_agent_start(fixture);
    wait_until_following(fixture->agent, "link");
    wait_for_count(&fixture->host.n_requests, 20);

    fixture->host.n_hellos_to_lose = 1;
    fixture->host.ahead_ns = VT_NS_PER_SEC;
    fixture->host.epoch += 2;
    vt_link_session_begin(&fixture->host.session, 2000);
    fake_host_send_hello(&fixture->host);
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESTORED, 1);
    wait_for_count(&fixture->kernel.n_steps, 1);

    g_assert_cmpuint(fixture->host.n_hellos_to_lose, ==, 0);
    g_assert_cmpuint(fixture->server.n_requests, ==, 0);
}

static void
test_observing_agent_follows_and_moves_nothing(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->host.mode = VT_LINK_MODE_OBSERVE;
    fixture->server.ahead_ns = 30 * VT_NS_PER_SEC;
    fixture->host.ahead_ns = 30 * VT_NS_PER_SEC;

    served_agent_start(fixture);
    wait_for_count(&fixture->server.n_requests, 10);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    g_assert_cmpuint(fixture->kernel.n_slews, ==, 0);
}

static gboolean
on_gone_by(gpointer user_data)
{
    bool *is_over = user_data;
    *is_over = true;
    return G_SOURCE_REMOVE;
}

/* However busy the machine: what was to be done by a timer within @span_ms has been. */
static void
let_timers_run(unsigned span_ms)
{
    bool is_over = false;
    g_timeout_add_full(G_PRIORITY_LOW, span_ms, on_gone_by, &is_over, NULL);
    while (!is_over)
        g_main_context_iteration(NULL, TRUE);
}

static void
test_mode_off_asks_no_server(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->host.mode = VT_LINK_MODE_OFF;
    served_agent_start(fixture);
    wait_for_count(&fixture->host.n_reports, 1);
    /* What was on its way when the host forbade it arrives, the burst's next request included. */
    let_timers_run(100);
    unsigned n_requests = fixture->server.n_requests;

    let_timers_run(100);

    g_assert_cmpuint(fixture->server.n_requests, ==, n_requests);
}

static void
test_kiss_is_shown_and_heeded(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->server.manner = FAKE_NTP_KISS;
    fixture->server.reference_id = KISS_RATE;

    served_agent_start(fixture);
    wait_until_following(fixture->agent, "link");
    wait_for_count(&fixture->server.n_requests, 3);

    g_autoptr(GVariant) source = served_agent_get_source(fixture, "office");
    const char *problem = NULL;
    gboolean usable = TRUE;
    g_assert_true(g_variant_lookup(source, "problem", "&s", &problem));
    g_assert_true(g_variant_lookup(source, "usable", "b", &usable));
    g_assert_cmpstr(problem, ==, "the server asks for fewer requests");
    g_assert_false(usable);
}

/* It will make the second that those that smear have spread over a day. */
static void
test_smeared_site_leaves_who_announces_a_leap(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->is_smeared = true;
    served_agent_start(fixture);
    wait_until_following(fixture->agent, "link");

    fixture->host.leap = VT_NTP_LEAP_INSERT;
    wait_until_following(fixture->agent, "office");
    g_assert_cmpint(vt_agent_look(fixture->agent).updates.leap, ==, VT_NTP_LEAP_NONE);
    g_assert_cmpint(fixture->kernel.status & (STA_INS | STA_DEL), ==, 0);

    /* After the leap second it is off by what is left of the smear. */
    fixture->host.leap = VT_NTP_LEAP_NONE;
    fixture->host.ahead_ns = -500 * VT_NS_PER_MS;
    unsigned n_requests = fixture->host.n_requests;
    wait_for_count(&fixture->host.n_requests, n_requests + 10);
    g_assert_cmpstr(vt_agent_look(fixture->agent).reference, ==, "office");
    g_autoptr(GVariant) link = served_agent_get_source(fixture, "link");
    g_autofree char *problem = served_agent_dup_text(link, "problem");
    g_assert_cmpstr(problem, ==, "it announces a leap second, so it does not smear");
}

/* The agent's own tick never comes. */
static void
test_short_tick_reads_the_followed_one(ServedAgent *fixture, gconstpointer data)
{
    (void)data; /* no parameters */
    fixture->tick_ns = 3600 * VT_NS_PER_SEC;
    fixture->short_tick_ns = 5 * VT_NS_PER_MS;
    g_ptr_array_set_size(fixture->servers, 0);

    served_agent_start(fixture);
    wait_until_following(fixture->agent, "link");
    unsigned n_requests = fixture->host.n_requests;

    wait_for_count(&fixture->host.n_requests, n_requests + 50);
}

#define add(path, function)                                                              \
    g_test_add("/agent/sources/" path, ServedAgent, NULL, served_agent_set_up, function, \
               served_agent_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_writer_func(served_agent_write_log, NULL, NULL);
    add("server-alone-sets-the-clock", test_server_alone_sets_the_clock);
    add("unannounced-pause-is-found-by-the-server",
        test_unannounced_pause_is_found_by_the_server);
    add("link-is-followed-before-an-equal-server",
        test_link_is_followed_before_an_equal_server);
    add("synchronised-server-is-followed-before-a-wrong-host",
        test_synchronised_server_is_followed_before_a_wrong_host);
    add("wrong-host-knows-how-long-the-guest-stood-still",
        test_wrong_host_knows_how_long_the_guest_stood_still);
    add("wrong-host-does-not-take-over-from-a-young-server",
        test_wrong_host_does_not_take_over_from_a_young_server);
    add("host-that-was-set-is-no-stopwatch", test_host_that_was_set_is_no_stopwatch);
    add("server-takes-over-when-the-link-is-gone",
        test_server_takes_over_when_the_link_is_gone);
    add("told-address-stands-in-for-the-link", test_told_address_stands_in_for_the_link);
    add("link-that-can-be-asked-needs-no-stand-in",
        test_link_that_can_be_asked_needs_no_stand_in);
    add("observing-agent-follows-and-moves-nothing",
        test_observing_agent_follows_and_moves_nothing);
    add("mode-off-asks-no-server", test_mode_off_asks_no_server);
    add("smeared-site-leaves-who-announces-a-leap",
        test_smeared_site_leaves_who_announces_a_leap);
    add("short-tick-reads-the-followed-one", test_short_tick_reads_the_followed_one);
    add("kiss-is-shown-and-heeded", test_kiss_is_shown_and_heeded);
    return g_test_run();
}
