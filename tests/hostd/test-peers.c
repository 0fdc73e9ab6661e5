/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hostd's link to agents of other versions, as they were recorded. */
#include <sys/socket.h>

#include "hostd/guest-link.h"
#include "os/fd.h"
#include "tests/os/fake-kernel.h"
#include "tests/proto/recorded-peer.h"

static const VtWall now = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };

typedef struct {
    FakeKernel kernel;
    VtClock *clock;
    VtGuestLink *link;
    VtFd guest_fd;
    RecordedPeer peer;
    unsigned n_requests;
    unsigned n_acks;
    unsigned n_reports;
    VtLinkAck ack;
} Fixture;

static void
on_up(void *user_data)
{
    (void)user_data;
}

static void
on_closed(void *user_data)
{
    (void)user_data;
}

static void
on_request(const VtLinkTime *request, VtWall received_at, void *user_data)
{
    Fixture *fixture = user_data;
    (void)request;
    (void)received_at;
    fixture->n_requests += 1;
}

static void
on_ack(const VtLinkAck *ack, void *user_data)
{
    Fixture *fixture = user_data;
    fixture->n_acks += 1;
    fixture->ack = *ack;
}

static void
on_report(const VtLinkReport *report, void *user_data)
{
    Fixture *fixture = user_data;
    (void)report;
    fixture->n_reports += 1;
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
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==,
                    0);
    fake_kernel_init(&fixture->kernel, now);
    fixture->clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->guest_fd = fds[1];
    fixture->link = vt_guest_link_new(fds[0], fixture->clock, &listener, fixture);
    recorded_peer_load(&fixture->peer, data);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_guest_link_free(fixture->link);
    vt_fd_close(&fixture->guest_fd);
    vt_clock_free(fixture->clock);
}

static void
turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
say(Fixture *fixture, unsigned index)
{
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    size_t n_bytes = vt_link_frame_encode(&fixture->peer.frames[index], bytes);
    g_assert_cmpint(send(fixture->guest_fd, bytes, n_bytes, 0), ==, n_bytes);
    turn();
}

/* The nonce of the HELLO that came back; 0 if none did. */
static uint64_t
read_nonce(Fixture *fixture)
{
    uint8_t buffer[4096];
    VtLinkScanner scanner = { 0 };
    VtLinkFrame frame;
    VtLinkHello hello;
    ssize_t n_read = recv(fixture->guest_fd, buffer, sizeof buffer, 0);
    const uint8_t *bytes = buffer;
    size_t n_bytes = n_read > 0 ? (size_t)n_read : 0;

    if (!vt_link_scanner_next(&scanner, &bytes, &n_bytes, &frame))
        return 0;
    g_assert_true(vt_link_hello_decode(&frame, &hello));
    return hello.nonce;
}

/* Its session is that of @nonce from the second HELLO on. */
static void
play_recording(Fixture *fixture, uint64_t nonce)
{
    for (unsigned i = 1; i < fixture->peer.n_frames; i++) {
        VtLinkFrame *frame = &fixture->peer.frames[i];
        if (frame->type == VT_LINK_HELLO)
            recorded_frame_set_nonce(frame, RECORDED_HELLO_PEER_NONCE, nonce);
        else if (frame->type <= VT_LINK_REPORT)
            recorded_frame_set_nonce(frame, RECORDED_SESSION, nonce);
        say(fixture, i);
    }
}

static void
test_is_spoken_with(Fixture *fixture, gconstpointer data)
{
    (void)data;
    say(fixture, 0);
    uint64_t nonce = read_nonce(fixture);
    g_assert_cmphex(nonce, !=, 0);
    play_recording(fixture, nonce);

    g_assert_true(vt_guest_link_is_up(fixture->link));
    g_assert_cmpuint(vt_guest_link_count_rejected(fixture->link), ==, 0);
    g_assert_cmpuint(fixture->n_requests, ==, 1);
    g_assert_cmpuint(fixture->n_acks, ==, 1);
    g_assert_cmpuint(fixture->n_reports, ==, 1);
    g_assert_cmpint(fixture->ack.offset_ns, ==, 5 * VT_NS_PER_SEC);
    g_assert_cmpstr(fixture->ack.reference, ==, "link");
}

static void
test_is_counted_and_not_answered(Fixture *fixture, gconstpointer data)
{
    (void)data;
    say(fixture, 0);
    g_assert_cmphex(read_nonce(fixture), ==, 0);
    play_recording(fixture, RECORDED_HOST_NONCE);

    g_assert_false(vt_guest_link_is_up(fixture->link));
    g_assert_cmpuint(vt_guest_link_count_rejected(fixture->link), ==, fixture->peer.n_frames);
    g_assert_cmpuint(fixture->n_requests + fixture->n_acks + fixture->n_reports, ==, 0);
}

#define add(path, name, function) \
    g_test_add("/hostd/peers/" path, Fixture, name, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("version-0-is-counted-and-not-answered", "guest-v0", test_is_counted_and_not_answered);
    add("version-1-is-spoken-with", "guest-v1", test_is_spoken_with);
    add("version-2-is-spoken-with", "guest-v2", test_is_spoken_with);
    add("version-3-is-spoken-with", "guest-v3", test_is_spoken_with);
    add("version-4-is-counted-and-not-answered", "guest-v4", test_is_counted_and_not_answered);
    return g_test_run();
}
