/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "agent/poll.h"

static const VtMono begun = { .ns = 1000 * VT_NS_PER_SEC };

static VtMono
after(VtNs span_ns)
{
    return vt_mono_add(begun, span_ns);
}

/* Requests in @span_ns of ticks, the first at @from_ns. */
static unsigned
count_requests(VtPoll *poll, VtNs from_ns, VtNs span_ns, VtNs tick_ns, bool is_wanted)
{
    unsigned n_requests = 0;
    for (VtNs at_ns = from_ns; at_ns < from_ns + span_ns; at_ns += tick_ns) {
        if (vt_poll_get_wait(poll, is_wanted, after(at_ns)) > 0)
            continue;
        vt_poll_note_asked(poll, after(at_ns));
        n_requests++;
    }
    return n_requests;
}

static void
test_link_is_asked_whenever_wanted(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_FREE);
    vt_poll_note_asked(&poll, begun);

    g_assert_cmpint(vt_poll_get_wait(&poll, true, begun), ==, 0);
    g_assert_cmpint(vt_poll_get_wait(&poll, false, begun), ==, 0);
}

static void
test_local_server_is_asked_each_tick(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_LOCAL);

    g_assert_cmpuint(count_requests(&poll, 0, 60 * VT_NS_PER_SEC, VT_NS_PER_SEC, false), ==,
                     60);
    /* A tick that comes late does not cost the next one. */
    g_assert_cmpint(vt_poll_get_wait(&poll, false, after(59950 * VT_NS_PER_MS)), ==, 0);
}

static void
test_local_server_in_a_hurry_is_asked_each_50_ms(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_LOCAL);
    vt_poll_note_asked(&poll, begun);

    g_assert_cmpint(vt_poll_get_wait(&poll, true, after(20 * VT_NS_PER_MS)), ==,
                    30 * VT_NS_PER_MS);
    g_assert_cmpint(vt_poll_get_wait(&poll, true, after(50 * VT_NS_PER_MS)), ==, 0);
}

static void
test_network_server_is_asked_in_a_burst_and_then_seldom(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_NETWORK);

    g_assert_cmpuint(count_requests(&poll, 0, 12 * VT_NS_PER_SEC, VT_NS_PER_SEC, false), ==, 6);
    g_assert_cmpuint(
        count_requests(&poll, 12 * VT_NS_PER_SEC, 640 * VT_NS_PER_SEC, VT_NS_PER_SEC, false),
        ==, 10);
}

static void
test_network_server_is_not_hurried(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_NETWORK);

    g_assert_cmpuint(count_requests(&poll, 0, 64 * VT_NS_PER_SEC, VT_NS_PER_MS, true), ==, 6);
}

static void
test_network_server_has_one_burst_in_64_seconds(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_NETWORK);
    count_requests(&poll, 0, 12 * VT_NS_PER_SEC, VT_NS_PER_SEC, false);

    for (int i = 100; i < 160; i++)
        vt_poll_begin_burst(&poll, after(i * VT_NS_PER_SEC));
    g_assert_cmpuint(
        count_requests(&poll, 160 * VT_NS_PER_SEC, 12 * VT_NS_PER_SEC, VT_NS_PER_SEC, false),
        ==, 6);

    vt_poll_begin_burst(&poll, after(163 * VT_NS_PER_SEC));
    g_assert_cmpuint(poll.n_burst_left, ==, 0);
    vt_poll_begin_burst(&poll, after(164 * VT_NS_PER_SEC));
    g_assert_cmpuint(poll.n_burst_left, ==, 6);
}

static void
test_server_that_asks_for_less_gets_less(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_NETWORK);
    vt_poll_note_asked(&poll, begun);

    vt_poll_slow_down(&poll);
    g_assert_cmpint(vt_poll_get_wait(&poll, true, begun), ==, 128 * VT_NS_PER_SEC);
    vt_poll_begin_burst(&poll, after(VT_NS_PER_SEC));
    g_assert_cmpint(vt_poll_get_wait(&poll, true, begun), ==, 128 * VT_NS_PER_SEC);

    for (int i = 0; i < 10; i++)
        vt_poll_slow_down(&poll);
    g_assert_cmpint(vt_poll_get_wait(&poll, true, begun), ==, 1024 * VT_NS_PER_SEC);
}

static void
test_local_server_that_asks_for_less_is_not_hurried(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_LOCAL);
    vt_poll_note_asked(&poll, begun);

    vt_poll_slow_down(&poll);

    g_assert_cmpint(vt_poll_get_wait(&poll, true, begun), >=, VT_NS_PER_SEC);
}

static void
test_server_that_refuses_is_left_alone_for_an_hour(void)
{
    static const VtPollKind kinds[] = { VT_POLL_LOCAL, VT_POLL_NETWORK };

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        VtPoll poll;
        vt_poll_init(&poll, kinds[i]);
        vt_poll_note_asked(&poll, begun);
        vt_poll_refuse(&poll);
        vt_poll_begin_burst(&poll, begun);
        g_assert_cmpint(vt_poll_get_wait(&poll, true, begun), ==, 3600 * VT_NS_PER_SEC);
    }
}

static void
test_holdover_follows_the_interval(void)
{
    VtPoll local;
    VtPoll network;
    vt_poll_init(&local, VT_POLL_LOCAL);
    vt_poll_init(&network, VT_POLL_NETWORK);

    g_assert_cmpint(vt_poll_get_holdover(&local), ==, 5 * VT_NS_PER_SEC);
    g_assert_cmpint(vt_poll_get_holdover(&network), ==, 320 * VT_NS_PER_SEC);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/agent/poll/link-is-asked-whenever-wanted",
                    test_link_is_asked_whenever_wanted);
    g_test_add_func("/agent/poll/local-server-is-asked-each-tick",
                    test_local_server_is_asked_each_tick);
    g_test_add_func("/agent/poll/local-server-in-a-hurry-is-asked-each-50-ms",
                    test_local_server_in_a_hurry_is_asked_each_50_ms);
    g_test_add_func("/agent/poll/network-server-is-asked-in-a-burst-and-then-seldom",
                    test_network_server_is_asked_in_a_burst_and_then_seldom);
    g_test_add_func("/agent/poll/network-server-is-not-hurried",
                    test_network_server_is_not_hurried);
    g_test_add_func("/agent/poll/network-server-has-one-burst-in-64-seconds",
                    test_network_server_has_one_burst_in_64_seconds);
    g_test_add_func("/agent/poll/server-that-asks-for-less-gets-less",
                    test_server_that_asks_for_less_gets_less);
    g_test_add_func("/agent/poll/local-server-that-asks-for-less-is-not-hurried",
                    test_local_server_that_asks_for_less_is_not_hurried);
    g_test_add_func("/agent/poll/server-that-refuses-is-left-alone-for-an-hour",
                    test_server_that_refuses_is_left_alone_for_an_hour);
    g_test_add_func("/agent/poll/holdover-follows-the-interval",
                    test_holdover_follows_the_interval);
    return g_test_run();
}
