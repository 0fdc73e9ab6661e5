/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One guest of hostd, whose agent is played by a test that means harm. */
#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "hostd/guest.h"
#include "tests/hostd/fake-channel.h"
#include "tests/hostd/fake-guest.h"
#include "tests/os/fake-kernel.h"

#define FLOOD_BYTES (100 * 1000 * 1000)

/* What may lie in two socket buffers and in the scanner when a flood is cut off. */
#define MOST_TAKEN_BYTES (4 * 1024 * 1024)

/* hostd repeats a notice so often before it gives up. */
#define MOST_TOLD 5

static const VtWall now = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    FakeHost host;
    VtClock *clock;
    VtGuestContext context;
    VtGuest *guest;
    FakeGuest peer;
    char *uuid;
} Fixture;

static uint64_t
get_count(Fixture *fixture, const char *key)
{
    g_autoptr(GVariant) facts = g_variant_ref_sink(vt_guest_to_variant(fixture->guest));
    uint64_t count = 0;
    g_assert_true(g_variant_lookup(facts, key, "t", &count));
    return count;
}

static char *
dup_link_status(Fixture *fixture)
{
    g_autoptr(GVariant) facts = g_variant_ref_sink(vt_guest_to_variant(fixture->guest));
    char *status = NULL;
    g_assert_true(g_variant_lookup(facts, "link", "s", &status));
    return status;
}

static void
turn(Fixture *fixture)
{
    for (int i = 0; i < 4; i++) {
        while (g_main_context_iteration(NULL, FALSE))
            continue;
        if (fixture->peer.fd != VT_FD_NONE)
            fake_guest_read(&fixture->peer);
    }
}

static bool
is_up(void *user_data)
{
    Fixture *fixture = user_data;
    if (fixture->peer.fd == VT_FD_NONE)
        fixture->peer.fd = fake_host_accept(&fixture->host, 0);
    if (fixture->peer.fd != VT_FD_NONE)
        fake_guest_read(&fixture->peer);
    g_autofree char *status = dup_link_status(fixture);
    return g_str_equal(status, "up");
}

static void
show_xml(Fixture *fixture, bool is_guest_connected)
{
    g_autofree char *path = fake_host_dup_path(&fixture->host, 0);
    VtDomainXml domain = {
        .has_channel = true,
        .channel_path = path,
        .is_guest_connected = is_guest_connected,
    };
    vt_guest_on_xml(fixture->guest, &domain);
}

static void
set_up_silent(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_kernel_init(&fixture->kernel, now);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fake_host_init(&fixture->host, 1);
    fake_host_listen(&fixture->host, 0);
    fake_guest_init(&fixture->peer, 4711);
    fixture->uuid = fake_host_dup_uuid(0);
    fixture->context = (VtGuestContext){
        .clock = fixture->clock,
        .channels = vt_channels_new(&(VtChannelsParams){ .uri = fixture->host.uri }),
        .host_clock = vt_host_clock_judge(VT_HOST_CLOCK_TRUSTED, NULL, now),
        .instance = 1,
    };
    fixture->guest = vt_guest_new(&fixture->context, fixture->uuid, "evil", true);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    set_up_silent(fixture, data);
    show_xml(fixture, true);
    fake_host_run_until(is_up, fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_guest_free(fixture->guest);
    vt_channels_free(fixture->context.channels);
    fake_guest_clear(&fixture->peer);
    fake_host_clear(&fixture->host);
    vt_clock_free(fixture->clock);
    g_free(fixture->uuid);
}

static size_t
make_ack(Fixture *fixture,
         const VtLinkEventId *event,
         uint8_t ret_bytes[VT_LINK_MAX_FRAME_BYTES])
{
    VtLinkFrame frame = { .type = VT_LINK_ACK };
    VtLinkAck ack = {
        .session = fixture->peer.session.peer_nonce,
        .event = *event,
        .action = VT_LINK_ACTION_STEPPED,
        .offset_ns = 5 * VT_NS_PER_SEC,
        .reference = "link",
    };
    vt_link_ack_encode(&ack, &frame);
    vt_link_session_seal(&fixture->peer.session, &frame);
    return vt_link_frame_encode(&frame, ret_bytes);
}

/* The guest is paused and resumed; what it was told is in the peer. */
static void
disrupt(Fixture *fixture)
{
    vt_guest_on_change(fixture->guest, VT_DOMAIN_SUSPENDED);
    vt_guest_on_change(fixture->guest, VT_DOMAIN_RESUMED);
    turn(fixture);
    g_assert_cmpuint(fixture->peer.n_notices, >=, 1);
}

/* What came before has done no harm: an honest word still counts. */
static void
assert_ack_counts(Fixture *fixture)
{
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    size_t n_bytes = make_ack(fixture, &fixture->peer.notice.event, bytes);
    g_assert_cmpuint(get_count(fixture, "acks"), ==, 0);
    g_assert_true(fake_guest_send_bytes(&fixture->peer, bytes, n_bytes));
    turn(fixture);
    g_assert_cmpuint(get_count(fixture, "acks"), ==, 1);
}

static void
test_truncated_frames_hide_no_good_one(Fixture *fixture, gconstpointer data)
{
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    (void)data;
    disrupt(fixture);
    size_t n_bytes = make_ack(fixture, &fixture->peer.notice.event, bytes);

    for (size_t n = 1; n < n_bytes; n++) {
        g_assert_true(fake_guest_send_bytes(&fixture->peer, bytes, n));
        turn(fixture);
    }

    assert_ack_counts(fixture);
}

static void
test_flipped_bit_is_no_ack(Fixture *fixture, gconstpointer data)
{
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    (void)data;
    disrupt(fixture);
    size_t n_bytes = make_ack(fixture, &fixture->peer.notice.event, bytes);

    /* Not all of them: so much rubbish would be cut off. */
    for (size_t bit = 0; bit < n_bytes * 8; bit += 3) {
        uint8_t mask = (uint8_t)(1 << bit % 8);
        bytes[bit / 8] ^= mask;
        g_assert_true(fake_guest_send_bytes(&fixture->peer, bytes, n_bytes));
        bytes[bit / 8] ^= mask;
        turn(fixture);
        g_assert_cmpuint(get_count(fixture, "acks"), ==, 0);
    }

    g_assert_cmpuint(get_count(fixture, "rejected-frames"), >, 0);
    assert_ack_counts(fixture);
}

static void
test_oversized_frame_is_counted(Fixture *fixture, gconstpointer data)
{
    static const uint8_t oversized[] = { 'V', 'T', 'L', 'K', 1, 5, 0xff, 0xff, 0, 0, 0, 0 };
    (void)data;
    disrupt(fixture);

    g_assert_true(fake_guest_send_bytes(&fixture->peer, oversized, sizeof oversized));
    turn(fixture);

    g_assert_cmpuint(get_count(fixture, "rejected-frames"), ==, 1);
    assert_ack_counts(fixture);
}

static void
test_replayed_ack_is_foreign(Fixture *fixture, gconstpointer data)
{
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    (void)data;
    disrupt(fixture);
    size_t n_bytes = make_ack(fixture, &fixture->peer.notice.event, bytes);

    for (int i = 0; i < 3; i++)
        g_assert_true(fake_guest_send_bytes(&fixture->peer, bytes, n_bytes));
    turn(fixture);
    g_assert_cmpuint(get_count(fixture, "acks"), ==, 1);
    g_assert_cmpuint(get_count(fixture, "foreign-acks"), ==, 2);

    /* Nor does it close what befell the guest later. */
    disrupt(fixture);
    g_assert_true(fake_guest_send_bytes(&fixture->peer, bytes, n_bytes));
    turn(fixture);
    g_assert_cmpuint(get_count(fixture, "acks"), ==, 1);
}

static void
test_ack_of_nothing_is_foreign(Fixture *fixture, gconstpointer data)
{
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    VtLinkEventId never = { .instance = 1, .counter = 4711 };
    (void)data;
    size_t n_bytes = make_ack(fixture, &never, bytes);
    g_assert_true(fake_guest_send_bytes(&fixture->peer, bytes, n_bytes));
    turn(fixture);
    g_assert_cmpuint(get_count(fixture, "foreign-acks"), ==, 1);

    disrupt(fixture);
    g_assert_true(fake_guest_send_bytes(&fixture->peer, bytes, n_bytes));
    turn(fixture);
    g_assert_cmpuint(get_count(fixture, "acks"), ==, 0);
    assert_ack_counts(fixture);
}

static void
test_words_of_another_session_are_not_heard(Fixture *fixture, gconstpointer data)
{
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    (void)data;
    disrupt(fixture);
    uint64_t old_session = fixture->peer.session.peer_nonce;
    fixture->peer.session.peer_nonce = old_session + 1;
    size_t n_bytes = make_ack(fixture, &fixture->peer.notice.event, bytes);
    g_assert_true(fake_guest_send_bytes(&fixture->peer, bytes, n_bytes));
    fake_guest_ask(&fixture->peer, 1, now);
    turn(fixture);

    g_assert_cmpuint(get_count(fixture, "acks"), ==, 0);
    g_assert_cmpuint(get_count(fixture, "exchanges"), ==, 0);
    g_assert_cmpuint(get_count(fixture, "rejected-frames"), ==, 2);
    fixture->peer.session.peer_nonce = old_session;
    assert_ack_counts(fixture);
}

static void
test_replayed_request_is_answered_by_the_time_it_is(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fake_guest_ask(&fixture->peer, 7, now);
    turn(fixture);
    VtNtpStamp first = fixture->peer.reply.packet.transmit;

    fixture->kernel.wall = vt_wall_add(fixture->kernel.wall, 60 * VT_NS_PER_SEC);
    fake_guest_ask(&fixture->peer, 7, now);
    turn(fixture);

    g_assert_cmpuint(fixture->peer.n_replies, ==, 2);
    g_assert_cmpint(vt_ntp_stamp_diff(fixture->peer.reply.packet.transmit, first), ==,
                    60 * VT_NS_PER_SEC);
}

static long
get_resident_kib(void)
{
    struct rusage usage;
    g_assert_cmpint(getrusage(RUSAGE_SELF, &usage), ==, 0);
    return usage.ru_maxrss;
}

static void
test_hundred_megabytes_are_cut_off(Fixture *fixture, gconstpointer data)
{
    static const uint8_t rubbish[65536] = { 'V', 'T', 'L', 'K' };
    size_t n_taken = 0;
    (void)data;
    long before_kib = get_resident_kib();

    for (size_t n_sent = 0; n_sent < FLOOD_BYTES; n_sent += sizeof rubbish) {
        ssize_t n =
            send(fixture->peer.fd, rubbish, sizeof rubbish, MSG_NOSIGNAL | MSG_DONTWAIT);
        n_taken += n > 0 ? (size_t)n : 0;
        while (g_main_context_iteration(NULL, FALSE))
            continue;
    }

    g_autofree char *status = dup_link_status(fixture);
    g_assert_cmpstr(status, !=, "up");
    g_assert_cmpuint(n_taken, <, MOST_TAKEN_BYTES);
    g_assert_cmpint(get_resident_kib() - before_kib, <, MOST_TAKEN_BYTES / 1024);
    /* And it is not talked to again at once. */
    vt_guest_on_tick(fixture->guest);
    g_assert_false(vt_guest_wants_xml(fixture->guest));
    fake_kernel_pass(&fixture->kernel, 2 * VT_NS_PER_SEC);
    g_assert_true(vt_guest_wants_xml(fixture->guest));
}

static void
test_guest_that_sends_and_never_reads_is_bounded(Fixture *fixture, gconstpointer data)
{
    (void)data;
    long before_kib = get_resident_kib();
    for (uint64_t i = 1; i <= 5000; i++) {
        fake_kernel_pass(&fixture->kernel, 25 * VT_NS_PER_MS);
        fake_guest_ask(&fixture->peer, i, now);
        while (g_main_context_iteration(NULL, FALSE))
            continue;
    }

    /* 40 requests a second are within the limit: replies are dropped, the link is kept. */
    g_autofree char *status = dup_link_status(fixture);
    g_assert_cmpstr(status, ==, "up");
    g_assert_cmpuint(get_count(fixture, "exchanges"), <, 5000);
    g_assert_cmpint(get_resident_kib() - before_kib, <, MOST_TAKEN_BYTES / 1024);
}

static void
test_guest_that_never_acknowledges_is_given_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    disrupt(fixture);
    unsigned n_before = fixture->peer.n_notices;

    for (int i = 0; i < 60; i++) {
        fake_kernel_pass(&fixture->kernel, VT_NS_PER_SEC);
        vt_guest_on_tick(fixture->guest);
        turn(fixture);
    }

    g_assert_cmpuint(fixture->peer.n_notices, ==, n_before + MOST_TOLD - 1);
    g_assert_cmpuint(get_count(fixture, "failed-recoveries"), ==, 1);
    g_assert_cmpuint(get_count(fixture, "acks"), ==, 0);
}

/* Somebody else is the channel's one client: connecting succeeds, and nobody answers. */
static void
test_channel_of_another_client_is_held(Fixture *fixture, gconstpointer data)
{
    (void)data;
    show_xml(fixture, true);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    vt_guest_on_tick(fixture->guest); /* it had time to answer */
    show_xml(fixture, true);
    g_autofree char *held = dup_link_status(fixture);
    show_xml(fixture, false);
    g_autofree char *empty = dup_link_status(fixture);

    g_assert_cmpstr(held, ==, "held");
    g_assert_cmpstr(empty, ==, "no-agent");
}

#define add(path, function) \
    g_test_add("/hostd/hostile-guest/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* hostd warns of such guests; that is what it should do. */
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FLAG_FATAL);
    add("truncated-frames-hide-no-good-one", test_truncated_frames_hide_no_good_one);
    add("flipped-bit-is-no-ack", test_flipped_bit_is_no_ack);
    add("oversized-frame-is-counted", test_oversized_frame_is_counted);
    add("replayed-ack-is-foreign", test_replayed_ack_is_foreign);
    add("ack-of-nothing-is-foreign", test_ack_of_nothing_is_foreign);
    add("words-of-another-session-are-not-heard", test_words_of_another_session_are_not_heard);
    add("replayed-request-is-answered-by-the-time-it-is",
        test_replayed_request_is_answered_by_the_time_it_is);
    add("hundred-megabytes-are-cut-off", test_hundred_megabytes_are_cut_off);
    add("guest-that-sends-and-never-reads-is-bounded",
        test_guest_that_sends_and_never_reads_is_bounded);
    add("guest-that-never-acknowledges-is-given-up",
        test_guest_that_never_acknowledges_is_given_up);
    g_test_add("/hostd/hostile-guest/channel-of-another-client-is-held", Fixture, NULL,
               set_up_silent, test_channel_of_another_client_is_held, tear_down);
    return g_test_run();
}
