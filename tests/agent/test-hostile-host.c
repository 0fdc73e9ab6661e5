/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole agent against a host, or a stream, that says what it should not. */
#include <string.h>

#include "agent/agent.h"
#include "tests/agent/fake-host.h"
#include "tests/agent/waiting.h"

/* Only ends a test that would wait for ever. */
#define TIMEOUT_SEC 5

static const VtWall true_wall = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    FakeHost host;
    VtClock *clock;
    VtAgent *agent;
} Fixture;

static gboolean
on_timeout(gpointer user_data)
{
    bool *has_timed_out = user_data;
    *has_timed_out = true;
    return G_SOURCE_CONTINUE;
}

static void
wait_until_tracking(Fixture *fixture)
{
    wait_for_state(fixture->agent, VT_STATE_TRACKING);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_init(&fixture->kernel, true_wall);
    fixture->kernel.read_cost_ns = VT_NS_PER_US;
    fake_host_init(&fixture->host, &fixture->kernel);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    VtAgentParams params = {
        .places = fake_host_get_places(&fixture->host),
        .tick_ns = 5 * VT_NS_PER_MS,
    };
    fixture->agent = vt_agent_new(&params, fixture->clock);
    wait_until_tracking(fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_agent_free(fixture->agent);
    vt_clock_free(fixture->clock);
    fake_host_clear(&fixture->host);
}

static size_t
make_notice(Fixture *fixture, uint8_t ret_bytes[VT_LINK_MAX_FRAME_BYTES])
{
    VtLinkFrame frame = { 0 };
    VtLinkNotice notice = {
        .session = fixture->host.session.own_nonce,
        .event = { .instance = 9, .counter = 1 },
        .epoch = fixture->host.epoch + 1,
        .cause = VT_LINK_CAUSE_RESUMED,
    };
    vt_link_notice_encode(&notice, &frame);
    vt_link_session_seal(&fixture->host.session, &frame);
    return vt_link_frame_encode(&frame, ret_bytes);
}

/* Lets what was sent arrive, and the agent measure twice more. */
static void
let_it_act(Fixture *fixture)
{
    wait_for_count(&fixture->host.n_requests, fixture->host.n_requests + 2);
}

/* What came before has done no harm: a true notice is still acted upon. */
static void
assert_pause_is_mended(Fixture *fixture)
{
    bool has_timed_out = false;
    guint id = g_timeout_add_seconds(TIMEOUT_SEC, on_timeout, &has_timed_out);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    fixture->host.epoch += 2;
    fixture->host.ahead_ns += 30 * VT_NS_PER_SEC;
    fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, 4711);
    while (fixture->host.ack.event.counter != 4711 && !has_timed_out)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(id);
    g_assert_cmpuint(fixture->host.ack.event.counter, ==, 4711);
    g_assert_cmpuint(fixture->kernel.n_steps, ==, 1);
}

static void
test_truncated_frames_hide_no_good_one(Fixture *fixture, gconstpointer data)
{
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    (void)data;
    size_t n_bytes = make_notice(fixture, bytes);

    for (size_t n = 1; n < n_bytes; n++)
        fake_host_send_bytes(&fixture->host, bytes, n);
    let_it_act(fixture);

    g_assert_cmpuint(fixture->host.n_acks, ==, 0);
    assert_pause_is_mended(fixture);
}

static void
test_flipped_bit_is_no_notice(Fixture *fixture, gconstpointer data)
{
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    (void)data;
    size_t n_bytes = make_notice(fixture, bytes);

    for (size_t bit = 0; bit < n_bytes * 8; bit++) {
        uint8_t mask = (uint8_t)(1 << bit % 8);
        bytes[bit / 8] ^= mask;
        fake_host_send_bytes(&fixture->host, bytes, n_bytes);
        bytes[bit / 8] ^= mask;
        while (bit % 32 == 0 && g_main_context_iteration(NULL, FALSE))
            continue;
    }
    let_it_act(fixture);

    g_assert_cmpuint(fixture->host.n_acks, ==, 0);
    g_assert_cmpuint(vt_agent_look(fixture->agent).status.n_disruptions, ==, 0);
    assert_pause_is_mended(fixture);
}

static void
test_oversized_frame_hides_no_good_one(Fixture *fixture, gconstpointer data)
{
    static const uint8_t oversized[] = { 'V', 'T', 'L', 'K', 1, 4, 0xff, 0xff, 0, 0, 0, 0 };
    (void)data;
    fake_host_send_bytes(&fixture->host, oversized, sizeof oversized);
    let_it_act(fixture);

    assert_pause_is_mended(fixture);
}

static void
test_storm_of_notices_moves_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data;
    for (uint64_t i = 1; i <= 200; i++) {
        fixture->host.epoch += 1;
        fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_HOST_CLOCK_STEPPED, i);
        while (i % 10 == 0 && g_main_context_iteration(NULL, FALSE))
            continue;
    }
    wait_until_tracking(fixture);

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 0);
    assert_pause_is_mended(fixture);
}

static void
test_replayed_notice_moves_nothing(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->host.epoch += 1;
    fixture->host.ahead_ns = 30 * VT_NS_PER_SEC;
    for (unsigned i = 1; i <= 20; i++) {
        fake_host_send_notice(&fixture->host, VT_LINK_CAUSE_RESUMED, 1);
        wait_for_count(&fixture->host.n_acks, i);
    }

    g_assert_cmpuint(fixture->kernel.n_steps, ==, 1);
    g_assert_cmpuint(fixture->host.ack.event.counter, ==, 1);
}

/* Replies that nobody asked for, or that were asked for before, an hour away from the truth. */
static void
test_forged_and_replayed_replies_are_dropped(Fixture *fixture, gconstpointer data)
{
    VtLinkTime reply = {
        .session = fixture->host.session.own_nonce,
        .nonce = fixture->host.request.nonce,
        .epoch = fixture->host.epoch,
        .packet = {
            .version = VT_NTP_VERSION,
            .mode = VT_NTP_MODE_SERVER,
            .stratum = 1,
            .precision_log2_sec = -20,
            .origin = fixture->host.request.packet.transmit,
            .receive = vt_ntp_stamp_from_wall(vt_wall_add(true_wall, 3600 * VT_NS_PER_SEC)),
            .transmit = vt_ntp_stamp_from_wall(vt_wall_add(true_wall, 3600 * VT_NS_PER_SEC)),
        },
    };
    (void)data;
    for (unsigned i = 0; i < 20; i++) {
        VtLinkFrame frame = { 0 };
        uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
        reply.nonce += i % 2;
        vt_link_time_encode(&reply, VT_LINK_TIME_REPLY, &frame);
        vt_link_session_seal(&fixture->host.session, &frame);
        fake_host_send_bytes(&fixture->host, bytes, vt_link_frame_encode(&frame, bytes));
    }
    let_it_act(fixture);

    g_assert_cmpint(vt_agent_look(fixture->agent).status.state, ==, VT_STATE_TRACKING);
    assert_pause_is_mended(fixture);
}

/* What only a guest says. */
static void
test_words_of_a_guest_are_not_heard(Fixture *fixture, gconstpointer data)
{
    VtLinkFrame frame = { 0 };
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    VtLinkAck ack = { .session = fixture->host.session.own_nonce, .reference = "link" };
    (void)data;
    vt_link_ack_encode(&ack, &frame);
    vt_link_session_seal(&fixture->host.session, &frame);
    fake_host_send_bytes(&fixture->host, bytes, vt_link_frame_encode(&frame, bytes));
    frame = (VtLinkFrame){ 0 };
    vt_link_time_encode(&fixture->host.request, VT_LINK_TIME_REQUEST, &frame);
    vt_link_session_seal(&fixture->host.session, &frame);
    fake_host_send_bytes(&fixture->host, bytes, vt_link_frame_encode(&frame, bytes));
    let_it_act(fixture);

    g_assert_cmpint(vt_agent_look(fixture->agent).status.state, ==, VT_STATE_TRACKING);
    assert_pause_is_mended(fixture);
}

#define add(path, function) \
    g_test_add("/agent/hostile-host/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("truncated-frames-hide-no-good-one", test_truncated_frames_hide_no_good_one);
    add("flipped-bit-is-no-notice", test_flipped_bit_is_no_notice);
    add("oversized-frame-hides-no-good-one", test_oversized_frame_hides_no_good_one);
    add("storm-of-notices-moves-nothing", test_storm_of_notices_moves_nothing);
    add("replayed-notice-moves-nothing", test_replayed_notice_moves_nothing);
    add("forged-and-replayed-replies-are-dropped",
        test_forged_and_replayed_replies_are_dropped);
    add("words-of-a-guest-are-not-heard", test_words_of_a_guest_are_not_heard);
    return g_test_run();
}
