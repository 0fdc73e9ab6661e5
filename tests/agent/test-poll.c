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
        vt_poll_note_asked(poll, after(at_ns), 0);
        vt_poll_note_answered(poll);
        n_requests++;
    }
    return n_requests;
}

static void
test_link_is_asked_whenever_wanted(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_FREE);
    vt_poll_note_asked(&poll, begun, 0);

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
test_local_server_in_a_hurry_is_asked_five_times_at_once(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_LOCAL);
    for (int i = 0; i < 5; i++) {
        g_assert_cmpint(vt_poll_get_wait(&poll, true, begun), ==, 0);
        vt_poll_note_asked(&poll, begun, 0);
        vt_poll_note_answered(&poll);
    }

    g_assert_cmpint(vt_poll_get_wait(&poll, true, begun), ==, 50 * VT_NS_PER_MS);
    g_assert_cmpint(vt_poll_get_wait(&poll, true, after(20 * VT_NS_PER_MS)), ==,
                    30 * VT_NS_PER_MS);
    g_assert_cmpint(vt_poll_get_wait(&poll, true, after(50 * VT_NS_PER_MS)), ==, 0);
}

static void
test_local_server_has_50_ms_to_answer_before_it_is_asked_again(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_LOCAL);
    vt_poll_note_asked(&poll, begun, 0);

    g_assert_cmpint(vt_poll_get_wait(&poll, true, after(20 * VT_NS_PER_MS)), ==,
                    30 * VT_NS_PER_MS);
    g_assert_cmpint(vt_poll_get_wait(&poll, true, after(50 * VT_NS_PER_MS)), ==, 0);
    vt_poll_note_answered(&poll);
    g_assert_cmpint(vt_poll_get_wait(&poll, true, after(20 * VT_NS_PER_MS)), ==, 0);
}

static void
test_local_server_in_a_hurry_is_asked_20_times_a_second(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_LOCAL);

    g_assert_cmpuint(count_requests(&poll, 0, 10 * VT_NS_PER_SEC, VT_NS_PER_MS, true), ==,
                     4 + 200);
    /* At rest it becomes as patient as it was. */
    VtMono later = after(11 * VT_NS_PER_SEC);
    for (int i = 0; i < 5; i++) {
        g_assert_cmpint(vt_poll_get_wait(&poll, true, later), ==, 0);
        vt_poll_note_asked(&poll, later, 0);
        vt_poll_note_answered(&poll);
    }
    g_assert_cmpint(vt_poll_get_wait(&poll, true, later), >, 0);
}

static void
test_network_server_is_asked_in_a_burst_and_then_seldom(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_NETWORK);

    g_assert_cmpuint(count_requests(&poll, 0, 12 * VT_NS_PER_SEC, VT_NS_PER_SEC, false), ==, 4);
    g_assert_cmpuint(
        count_requests(&poll, 12 * VT_NS_PER_SEC, 640 * VT_NS_PER_SEC, VT_NS_PER_SEC, false),
        ==, 10);
}

static void
test_network_server_is_not_hurried(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_NETWORK);

    g_assert_cmpuint(count_requests(&poll, 0, 64 * VT_NS_PER_SEC, VT_NS_PER_MS, true), ==, 8);
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
        ==, 4);

    vt_poll_begin_burst(&poll, after(163 * VT_NS_PER_SEC));
    g_assert_cmpuint(poll.n_burst_left, ==, 0);
    vt_poll_begin_burst(&poll, after(164 * VT_NS_PER_SEC));
    g_assert_cmpuint(poll.n_burst_left, ==, 4);
}

static void
test_server_that_asks_for_less_gets_less(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_NETWORK);
    vt_poll_note_asked(&poll, begun, 0);

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
    vt_poll_note_asked(&poll, begun, 0);

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
        vt_poll_note_asked(&poll, begun, 0);
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

static void
test_burst_at_the_start_counts(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_NETWORK);
    count_requests(&poll, 0, 12 * VT_NS_PER_SEC, VT_NS_PER_SEC, false);

    vt_poll_begin_burst(&poll, after(20 * VT_NS_PER_SEC));

    g_assert_cmpuint(poll.n_burst_left, ==, 0);
}

static void
test_proof_is_for_a_clock_in_doubt_and_not_kept(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_NETWORK);
    count_requests(&poll, 0, 12 * VT_NS_PER_SEC, VT_NS_PER_SEC, false);
    g_assert_cmpint(vt_poll_get_wait(&poll, true, after(12 * VT_NS_PER_SEC)), ==, 0);

    vt_poll_note_asked(&poll, after(100 * VT_NS_PER_SEC), 0);

    g_assert_cmpint(vt_poll_get_wait(&poll, true, after(102 * VT_NS_PER_SEC)), ==,
                    62 * VT_NS_PER_SEC);
}

static void
test_without_bursts_each_request_waits(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_NETWORK);
    vt_poll_forbid_bursts(&poll);

    g_assert_cmpuint(count_requests(&poll, 0, 640 * VT_NS_PER_SEC, VT_NS_PER_SEC, true), ==,
                     10);
    vt_poll_begin_burst(&poll, after(640 * VT_NS_PER_SEC));
    g_assert_cmpuint(poll.n_burst_left, ==, 0);
}

/* At rest, so that only readings count. */
static void
begin_at_rest(VtPoll *poll)
{
    vt_poll_init(poll, VT_POLL_NETWORK);
    vt_poll_forbid_bursts(poll);
}

static void
adapt(VtPoll *poll, unsigned n_times, unsigned n_samples)
{
    for (unsigned i = 0; i < n_times; i++)
        vt_poll_adapt(poll, n_samples, false);
}

static void
test_interval_follows_what_the_readings_allow(void)
{
    VtPoll poll;
    begin_at_rest(&poll);

    adapt(&poll, 3, 20);
    g_assert_cmpint(vt_poll_get_log2_sec(&poll), ==, 6);
    adapt(&poll, 1, 20);
    g_assert_cmpint(vt_poll_get_log2_sec(&poll), ==, 7);
    adapt(&poll, 100, 20);
    g_assert_cmpint(vt_poll_get_log2_sec(&poll), ==, 10);
    adapt(&poll, 4, 5);
    g_assert_cmpint(vt_poll_get_log2_sec(&poll), ==, 9);
    vt_poll_adapt(&poll, 20, true);
    g_assert_cmpint(vt_poll_get_log2_sec(&poll), ==, 8);
    adapt(&poll, 100, 3);
    g_assert_cmpint(vt_poll_get_log2_sec(&poll), ==, 6);
}

static void
test_range_is_kept(void)
{
    VtPoll poll;
    begin_at_rest(&poll);
    vt_poll_set_range(&poll, 7, 8);

    g_assert_cmpint(vt_poll_get_log2_sec(&poll), ==, 7);
    adapt(&poll, 100, 20);
    g_assert_cmpint(vt_poll_get_log2_sec(&poll), ==, 8);
    adapt(&poll, 100, 3);
    g_assert_cmpint(vt_poll_get_log2_sec(&poll), ==, 7);
}

static void
test_server_that_was_slowed_down_stays_so(void)
{
    VtPoll poll;
    begin_at_rest(&poll);
    adapt(&poll, 4, 20);

    vt_poll_slow_down(&poll);
    g_assert_cmpint(vt_poll_get_log2_sec(&poll), ==, 8);
    adapt(&poll, 100, 3);

    g_assert_cmpint(vt_poll_get_log2_sec(&poll), ==, 8);
}

static void
test_disruption_begins_at_the_least_interval(void)
{
    VtPoll poll;
    vt_poll_init(&poll, VT_POLL_NETWORK);
    count_requests(&poll, 0, 12 * VT_NS_PER_SEC, VT_NS_PER_SEC, false);
    adapt(&poll, 100, 20);

    vt_poll_begin_burst(&poll, after(4000 * VT_NS_PER_SEC));

    g_assert_cmpint(vt_poll_get_log2_sec(&poll), ==, 6);
}

static void
test_lot_makes_an_interval_longer_only(void)
{
    VtPoll poll;
    begin_at_rest(&poll);

    for (VtNs lot_ns = 0; lot_ns < 100 * VT_NS_PER_SEC; lot_ns += VT_NS_PER_SEC / 3) {
        vt_poll_note_asked(&poll, begun, lot_ns);
        VtNs wait_ns = vt_poll_get_wait(&poll, false, begun);
        g_assert_cmpint(wait_ns, >=, 64 * VT_NS_PER_SEC);
        g_assert_cmpint(wait_ns, <=, 68 * VT_NS_PER_SEC);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/agent/poll/link-is-asked-whenever-wanted",
                    test_link_is_asked_whenever_wanted);
    g_test_add_func("/agent/poll/local-server-is-asked-each-tick",
                    test_local_server_is_asked_each_tick);
    g_test_add_func("/agent/poll/local-server-in-a-hurry-is-asked-five-times-at-once",
                    test_local_server_in_a_hurry_is_asked_five_times_at_once);
    g_test_add_func("/agent/poll/local-server-has-50-ms-to-answer-before-it-is-asked-again",
                    test_local_server_has_50_ms_to_answer_before_it_is_asked_again);
    g_test_add_func("/agent/poll/local-server-in-a-hurry-is-asked-20-times-a-second",
                    test_local_server_in_a_hurry_is_asked_20_times_a_second);
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
    g_test_add_func("/agent/poll/burst-at-the-start-counts", test_burst_at_the_start_counts);
    g_test_add_func("/agent/poll/proof-is-for-a-clock-in-doubt-and-not-kept",
                    test_proof_is_for_a_clock_in_doubt_and_not_kept);
    g_test_add_func("/agent/poll/without-bursts-each-request-waits",
                    test_without_bursts_each_request_waits);
    g_test_add_func("/agent/poll/interval-follows-what-the-readings-allow",
                    test_interval_follows_what_the_readings_allow);
    g_test_add_func("/agent/poll/range-is-kept", test_range_is_kept);
    g_test_add_func("/agent/poll/server-that-was-slowed-down-stays-so",
                    test_server_that_was_slowed_down_stays_so);
    g_test_add_func("/agent/poll/disruption-begins-at-the-least-interval",
                    test_disruption_begins_at_the_least_interval);
    g_test_add_func("/agent/poll/lot-makes-an-interval-longer-only",
                    test_lot_makes_an_interval_longer_only);
    return g_test_run();
}
