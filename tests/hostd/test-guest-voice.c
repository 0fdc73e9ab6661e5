/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/socket.h>

#include "hostd/guest-voice.h"
#include "os/fd.h"
#include "proto/link-session.h"
#include "tests/os/fake-kernel.h"

static const VtWall now = { .ns = INT64_C(1700000000) * VT_NS_PER_SEC };
static const VtGuestMode full = { .mode = VT_LINK_MODE_FULL, .reason = "" };
static const VtGuestMode observe = { .mode = VT_LINK_MODE_OBSERVE, .reason = "said so" };

typedef struct {
    FakeKernel kernel;
    VtGuestContext context;
    VtGuestEvents events;
    VtGuestRecord record;
    VtGuestVoice voice;
    VtGuestLink *link;
    VtFd guest_fd;
    VtLinkSession guest; /* the guest's side, played by the test */
    VtLinkScanner scanner;
} Fixture;

static void
turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static void
on_up(void *user_data)
{
    Fixture *fixture = user_data;
    vt_guest_voice_on_up(&fixture->voice);
}

static void
on_closed(void *user_data)
{
    (void)user_data;
}

static const VtGuestLinkListener listener = { .on_up = on_up, .on_closed = on_closed };

static bool
receive(Fixture *fixture, VtLinkFrame *ret_frame)
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
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    VtLinkFrame frame = { 0 };
    VtLinkHello hello = {
        .nonce = fixture->guest.own_nonce,
        .peer_nonce = fixture->guest.peer_nonce,
        .version_least = 1,
        .version_greatest = 1,
    };
    vt_link_hello_encode(&hello, &frame);
    vt_link_session_seal(&fixture->guest, &frame);
    size_t n_bytes = vt_link_frame_encode(&frame, bytes);
    g_assert_cmpint(send(fixture->guest_fd, bytes, n_bytes, 0), ==, n_bytes);
    turn();
}

static void
expect_hello(Fixture *fixture, uint8_t mode)
{
    VtLinkFrame frame;
    VtLinkHello hello;
    g_assert_true(receive(fixture, &frame));
    g_assert_true(vt_link_hello_decode(&frame, &hello));
    g_assert_cmpint(hello.mode, ==, mode);
    /* No new session: a guest takes the mode and goes on. */
    bool was_up = fixture->guest.is_up;
    VtLinkHelloEffect effect = vt_link_session_on_hello(&fixture->guest, &hello);
    g_assert_false(was_up && (effect.is_new_session || effect.needs_answer));
}

static void
expect_notice(Fixture *fixture, uint8_t cause)
{
    VtLinkFrame frame;
    VtLinkNotice notice;
    g_assert_true(receive(fixture, &frame));
    g_assert_true(vt_link_notice_decode(&frame, &notice));
    g_assert_cmpint(notice.cause, ==, cause);
}

static void
expect_silence(Fixture *fixture)
{
    VtLinkFrame frame;
    g_assert_false(receive(fixture, &frame));
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    int fds[2];
    (void)data;
    fake_kernel_init(&fixture->kernel, now);
    fixture->context.clock = vt_clock_new(&fake_kernel, &fixture->kernel);
    fixture->voice = (VtGuestVoice){
        .context = &fixture->context,
        .events = &fixture->events,
        .record = &fixture->record,
        .domain_mode = full,
    };
    vt_guest_events_init(&fixture->events, true);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==,
                    0);
    fixture->guest_fd = fds[1];
    fixture->link = vt_guest_link_new(fds[0], fixture->context.clock, &listener, fixture);
    vt_link_session_begin(&fixture->guest, 4711);
    vt_guest_voice_tell_mode(&fixture->voice, fixture->link);
    say_hello(fixture);
    expect_hello(fixture, VT_LINK_MODE_FULL);
    say_hello(fixture);
    g_assert_true(vt_guest_link_is_up(fixture->link));
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_guest_link_free(fixture->link);
    vt_fd_close(&fixture->guest_fd);
    vt_clock_free(fixture->context.clock);
}

static VtTell
change(Fixture *fixture, VtDomainChange what)
{
    VtLinkEventId id = { .instance = 1, .counter = 1 };
    bool used;
    return vt_guest_events_on_change(&fixture->events, what, id, (VtMono){ .ns = 1 }, &used);
}

static void
test_new_mode_is_told_once(Fixture *fixture, gconstpointer data)
{
    (void)data;
    vt_guest_voice_tell_mode(&fixture->voice, fixture->link);
    expect_silence(fixture);

    fixture->voice.domain_mode = observe;
    vt_guest_voice_tell_mode(&fixture->voice, fixture->link);
    vt_guest_voice_tell_mode(&fixture->voice, fixture->link);

    expect_hello(fixture, VT_LINK_MODE_OBSERVE);
    expect_silence(fixture);
}

static void
test_guest_that_stands_still_hears_its_mode_before_its_notice(Fixture *fixture,
                                                              gconstpointer data)
{
    (void)data;
    vt_guest_voice_tell(&fixture->voice, fixture->link, change(fixture, VT_DOMAIN_SUSPENDED));
    expect_notice(fixture, VT_LINK_CAUSE_RESUMED);

    fixture->voice.domain_mode = observe;
    vt_guest_voice_tell_mode(&fixture->voice, fixture->link);
    expect_silence(fixture);

    vt_guest_voice_tell(&fixture->voice, fixture->link, change(fixture, VT_DOMAIN_RESUMED));
    expect_hello(fixture, VT_LINK_MODE_OBSERVE);
    expect_notice(fixture, VT_LINK_CAUSE_RESUMED);
}

static void
test_frozen_guest_is_told_nothing_but_to_observe(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->context.is_frozen = true;
    vt_guest_voice_tell_mode(&fixture->voice, fixture->link);
    expect_hello(fixture, VT_LINK_MODE_OBSERVE);

    vt_guest_voice_tell(&fixture->voice, fixture->link, change(fixture, VT_DOMAIN_SUSPENDED));
    vt_guest_voice_tell(&fixture->voice, fixture->link, change(fixture, VT_DOMAIN_RESUMED));
    expect_silence(fixture);
    g_assert_cmpuint(fixture->record.n_notices, ==, 0);

    fixture->context.is_frozen = false;
    vt_guest_voice_tell_mode(&fixture->voice, fixture->link);
    vt_guest_voice_send_notice(&fixture->voice, fixture->link, false);
    expect_hello(fixture, VT_LINK_MODE_FULL);
    expect_notice(fixture, VT_LINK_CAUSE_RESUMED);
}

static void
test_guest_in_mode_off_gets_no_notice(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->voice.domain_mode = (VtGuestMode){ .mode = VT_LINK_MODE_OFF, .reason = "said so" };
    vt_guest_voice_tell_mode(&fixture->voice, fixture->link);
    expect_hello(fixture, VT_LINK_MODE_OFF);

    vt_guest_voice_tell(&fixture->voice, fixture->link, change(fixture, VT_DOMAIN_SUSPENDED));
    vt_guest_voice_tell(&fixture->voice, fixture->link, change(fixture, VT_DOMAIN_RESUMED));

    expect_silence(fixture);
    g_assert_false(vt_guest_voice_may_notify(&fixture->voice));
}

static void
test_new_session_hears_the_current_mode(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->voice.domain_mode = observe;
    vt_guest_voice_tell_mode(&fixture->voice, fixture->link);
    expect_hello(fixture, VT_LINK_MODE_OBSERVE);

    vt_link_session_begin(&fixture->guest, 4712);
    say_hello(fixture);
    expect_hello(fixture, VT_LINK_MODE_OBSERVE);
    say_hello(fixture);

    vt_guest_voice_tell_mode(&fixture->voice, fixture->link);
    expect_silence(fixture);
}

static void
test_without_a_link_nothing_is_said(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->voice.domain_mode = observe;

    vt_guest_voice_tell(&fixture->voice, NULL, VT_TELL_NOTICE);
    expect_silence(fixture);

    vt_guest_voice_tell_mode(&fixture->voice, fixture->link);
    expect_hello(fixture, VT_LINK_MODE_OBSERVE);
}

#define add(path, function) \
    g_test_add("/hostd/guest-voice/" path, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("new-mode-is-told-once", test_new_mode_is_told_once);
    add("guest-that-stands-still-hears-its-mode-before-its-notice",
        test_guest_that_stands_still_hears_its_mode_before_its_notice);
    add("frozen-guest-is-told-nothing-but-to-observe",
        test_frozen_guest_is_told_nothing_but_to_observe);
    add("guest-in-mode-off-gets-no-notice", test_guest_in_mode_off_gets_no_notice);
    add("new-session-hears-the-current-mode", test_new_session_hears_the_current_mode);
    add("without-a-link-nothing-is-said", test_without_a_link_nothing_is_said);
    return g_test_run();
}
