/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/socket.h>

#include "hostd/guest-link.h"
#include "os/fd.h"
#include "proto/link-session.h"
#include "tests/os/fake-kernel.h"

static const VtWall now = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    VtClock *clock;
    VtGuestLink *link;
    VtFd guest_fd;
    VtLinkSession guest; /* the guest's side, played by the test */
    VtLinkScanner scanner;
    unsigned n_up;
    unsigned n_closed;
    unsigned n_requests;
    unsigned n_acks;
    VtLinkTime request;
} Fixture;

static void
on_up(void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_up += 1;
}

static void
on_closed(void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_closed += 1;
}

static void
on_request(const VtLinkTime *request, VtWall received_at, void *user_data)
{
    Fixture *fixture = user_data;
    g_assert_cmpint(received_at.ns, ==, now.ns);
    fixture->n_requests += 1;
    fixture->request = *request;
}

static void
on_ack(const VtLinkAck *ack, void *user_data)
{
    Fixture *fixture = user_data;
    (void)ack;
    fixture->n_acks += 1;
}

static void
on_report(const VtLinkReport *report, void *user_data)
{
    (void)report;
    (void)user_data;
}

static const VtGuestLinkListener listener = {
    .on_up = on_up,
    .on_closed = on_closed,
    .on_request = on_request,
    .on_ack = on_ack,
    .on_report = on_report,
};

static void
set_up(Fixture *fixture, gconstpointer data)
{
    int fds[2];
    (void)data;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==,
                    0);
    fake_kernel_init(&fixture->kernel, now);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->guest_fd = fds[1];
    fixture->link = vt_guest_link_new(fds[0], fixture->clock, &listener, fixture);
    vt_link_session_begin(&fixture->guest, 4711);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_guest_link_free(fixture->link);
    vt_clock_free(fixture->clock);
    vt_fd_close(&fixture->guest_fd);
}

static void
turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
send_to_host(Fixture *fixture, VtLinkFrame *frame)
{
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    vt_link_session_seal(&fixture->guest, frame);
    size_t n_bytes = vt_link_frame_encode(frame, bytes);
    g_assert_cmpint(send(fixture->guest_fd, bytes, n_bytes, 0), ==, n_bytes);
    turn();
}

static bool
receive_in_guest(Fixture *fixture, VtLinkFrame *ret_frame)
{
    uint8_t byte;
    while (recv(fixture->guest_fd, &byte, 1, 0) == 1) {
        const uint8_t *bytes = &byte;
        size_t n_bytes = 1;
        if (vt_link_scanner_next(&fixture->scanner, &bytes, &n_bytes, ret_frame))
            return true;
    }
    return false;
}

static void
say_hello(Fixture *fixture)
{
    VtLinkFrame frame = { 0 };
    VtLinkHello hello = {
        .nonce = fixture->guest.own_nonce,
        .peer_nonce = fixture->guest.peer_nonce,
        .version_least = 1,
        .version_greatest = 1,
    };
    vt_link_hello_encode(&hello, &frame);
    send_to_host(fixture, &frame);
}

static void
shake_hands(Fixture *fixture)
{
    VtLinkFrame frame;
    VtLinkHello hello;
    say_hello(fixture);
    g_assert_true(receive_in_guest(fixture, &frame));
    g_assert_true(vt_link_hello_decode(&frame, &hello));
    vt_link_session_on_hello(&fixture->guest, &hello);
    say_hello(fixture);
    g_assert_true(vt_guest_link_is_up(fixture->link));
}

static void
test_comes_up_when_the_guest_answers(Fixture *fixture, gconstpointer data)
{
    VtLinkFrame frame;
    VtLinkHello hello;
    (void)data;
    VtLinkAddress address = { .family = 4, .port = 123, .address = { 192, 0, 2, 1 } };
    vt_guest_link_set_hello(fixture->link, 42, VT_LINK_MODE_FULL);
    vt_guest_link_set_addresses(fixture->link, &address, 1);

    vt_guest_link_send_hello(fixture->link);
    g_assert_false(vt_guest_link_is_up(fixture->link));
    g_assert_true(receive_in_guest(fixture, &frame));
    g_assert_true(vt_link_hello_decode(&frame, &hello));
    g_assert_cmpuint(hello.epoch, ==, 42);
    g_assert_cmpuint(hello.n_addresses, ==, 1);
    g_assert_cmpint(hello.addresses[0].port, ==, 123);
    g_assert_cmpmem(hello.addresses[0].address, 4, "\xc0\x00\x02\x01", 4);
    vt_link_session_on_hello(&fixture->guest, &hello);
    say_hello(fixture);

    g_assert_cmpuint(fixture->n_up, ==, 1);
}

static void
test_new_agent_begins_a_new_session(Fixture *fixture, gconstpointer data)
{
    (void)data;
    shake_hands(fixture);

    vt_link_session_begin(&fixture->guest, 4712);
    shake_hands(fixture);

    g_assert_cmpuint(fixture->n_up, ==, 2);
}

static void
test_foreign_session_is_not_heard(Fixture *fixture, gconstpointer data)
{
    VtLinkFrame frame = { 0 };
    VtLinkTime request = { .session = 99, .nonce = 5 };
    (void)data;
    shake_hands(fixture);

    vt_link_time_encode(&request, VT_LINK_TIME_REQUEST, &frame);
    send_to_host(fixture, &frame);

    g_assert_cmpuint(fixture->n_requests, ==, 0);
    g_assert_cmpuint(vt_guest_link_get_counters(fixture->link).n_foreign_session, ==, 1);
}

static void
test_reply_is_stamped_when_it_leaves(Fixture *fixture, gconstpointer data)
{
    VtLinkFrame frame = { 0 };
    VtLinkTime request = { .session = 0, .nonce = 5 };
    VtLinkTime reply = { .nonce = 5, .epoch = 3 };
    VtLinkFrame received;
    VtLinkTime answer;
    (void)data;
    shake_hands(fixture);
    while (receive_in_guest(fixture, &received))
        continue;
    request.session = fixture->guest.peer_nonce;
    vt_link_time_encode(&request, VT_LINK_TIME_REQUEST, &frame);
    send_to_host(fixture, &frame);
    g_assert_cmpuint(fixture->n_requests, ==, 1);

    g_assert_true(vt_guest_link_send_reply(fixture->link, &reply));

    g_assert_true(receive_in_guest(fixture, &received));
    g_assert_true(vt_link_time_decode(&received, VT_LINK_TIME_REPLY, &answer));
    g_assert_cmpuint(answer.packet.transmit, ==, vt_ntp_stamp_from_wall(now));
    g_assert_cmpuint(answer.nonce, ==, 5);
}

static void
test_reply_does_not_wait_behind_others(Fixture *fixture, gconstpointer data)
{
    VtLinkTime reply = { .nonce = 5 };
    VtLinkNotice notice = { .cause = VT_LINK_CAUSE_RESUMED };
    (void)data;
    shake_hands(fixture);
    g_assert_true(vt_guest_link_send_notice(fixture->link, &notice));

    g_assert_false(vt_guest_link_send_reply(fixture->link, &reply));

    g_assert_cmpuint(vt_guest_link_get_counters(fixture->link).n_unsent, ==, 1);
}

static void
test_guest_that_never_reads_costs_nothing(Fixture *fixture, gconstpointer data)
{
    VtLinkNotice notice = { .cause = VT_LINK_CAUSE_RESUMED };
    (void)data;
    shake_hands(fixture);

    unsigned n_sent = 0;
    while (n_sent < 1000 && vt_guest_link_send_notice(fixture->link, &notice))
        n_sent += 1;

    g_assert_cmpuint(n_sent, <, 1000);
    g_assert_cmpuint(vt_guest_link_get_counters(fixture->link).n_unsent, ==, 1);
    turn();
    g_assert_cmpuint(fixture->n_closed, ==, 0);
}

static void
test_rubbish_is_counted_and_survived(Fixture *fixture, gconstpointer data)
{
    uint8_t rubbish[512];
    (void)data;
    for (size_t i = 0; i < sizeof rubbish; i++)
        rubbish[i] = (uint8_t)g_test_rand_int();

    g_assert_cmpint(send(fixture->guest_fd, rubbish, sizeof rubbish, 0), ==, sizeof rubbish);
    turn();
    shake_hands(fixture);

    VtGuestLinkCounters counters = vt_guest_link_get_counters(fixture->link);
    g_assert_cmpuint(counters.scanner.n_rubbish_bytes, >, 400);
}

static void
test_flood_of_frames_is_cut_off(Fixture *fixture, gconstpointer data)
{
    (void)data;
    shake_hands(fixture);

    unsigned n_sent = 0;
    while (fixture->n_closed == 0 && n_sent < 10000) {
        say_hello(fixture);
        n_sent += 1;
    }

    g_assert_cmpuint(n_sent, <, 10000);
    g_assert_cmpuint(fixture->n_closed, ==, 1);
    g_assert_true(vt_guest_link_get_counters(fixture->link).is_cut_off);
}

static void
test_flood_of_rubbish_is_cut_off(Fixture *fixture, gconstpointer data)
{
    uint8_t rubbish[1024] = { 0 };
    (void)data;
    shake_hands(fixture);

    for (unsigned i = 0; i < 100 && fixture->n_closed == 0; i++) {
        (void)send(fixture->guest_fd, rubbish, sizeof rubbish, MSG_NOSIGNAL);
        turn();
    }

    g_assert_cmpuint(fixture->n_closed, ==, 1);
    g_assert_true(vt_guest_link_get_counters(fixture->link).is_cut_off);
}

static void
test_malformed_ack_is_counted(Fixture *fixture, gconstpointer data)
{
    VtLinkFrame frame = { .type = VT_LINK_ACK, .payload_bytes = 3 };
    (void)data;
    shake_hands(fixture);

    send_to_host(fixture, &frame);

    g_assert_cmpuint(fixture->n_acks, ==, 0);
    g_assert_cmpuint(vt_guest_link_get_counters(fixture->link).n_malformed, ==, 1);
}

static void
test_hang_up_is_told_once(Fixture *fixture, gconstpointer data)
{
    VtLinkNotice notice = { .cause = VT_LINK_CAUSE_RESUMED };
    (void)data;
    shake_hands(fixture);

    vt_fd_close(&fixture->guest_fd);
    turn();
    g_assert_false(vt_guest_link_send_notice(fixture->link, &notice));
    turn();

    g_assert_cmpuint(fixture->n_closed, ==, 1);
    g_assert_false(vt_guest_link_is_up(fixture->link));
}

static void
test_hang_up_reaches_every_copy(Fixture *fixture, gconstpointer data)
{
    int fds[2];
    char byte;
    (void)data;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==,
                    0);
    g_auto(VtFd) guest_fd = fds[1];
    g_auto(VtFd) kept_fd = dup(fds[0]);
    g_autoptr(VtGuestLink) link = vt_guest_link_new(fds[0], fixture->clock, &listener, fixture);
    g_assert_cmpint(recv(guest_fd, &byte, 1, 0), ==, -1);

    vt_guest_link_hang_up(link);

    g_assert_cmpint(recv(guest_fd, &byte, 1, 0), ==, 0);
    g_assert_cmpint(recv(kept_fd, &byte, 1, 0), ==, 0);
}

#define add(path, function) \
    g_test_add("/hostd/guest-link/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("comes-up-when-the-guest-answers", test_comes_up_when_the_guest_answers);
    add("new-agent-begins-a-new-session", test_new_agent_begins_a_new_session);
    add("foreign-session-is-not-heard", test_foreign_session_is_not_heard);
    add("reply-is-stamped-when-it-leaves", test_reply_is_stamped_when_it_leaves);
    add("reply-does-not-wait-behind-others", test_reply_does_not_wait_behind_others);
    add("guest-that-never-reads-costs-nothing", test_guest_that_never_reads_costs_nothing);
    add("rubbish-is-counted-and-survived", test_rubbish_is_counted_and_survived);
    add("flood-of-frames-is-cut-off", test_flood_of_frames_is_cut_off);
    add("flood-of-rubbish-is-cut-off", test_flood_of_rubbish_is_cut_off);
    add("malformed-ack-is-counted", test_malformed_ack_is_counted);
    add("hang-up-is-told-once", test_hang_up_is_told_once);
    add("hang-up-reaches-every-copy", test_hang_up_reaches_every_copy);
    return g_test_run();
}
