/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/hostd/fake-guest.h"

#include <errno.h>
#include <sys/socket.h>

#include <glib.h>

#include "proto/link-frame.h"

void
fake_guest_init(FakeGuest *guest, uint64_t nonce)
{
    *guest = (FakeGuest){ .fd = VT_FD_NONE };
    vt_link_session_begin(&guest->session, nonce);
}

void
fake_guest_clear(FakeGuest *guest)
{
    vt_fd_close(&guest->fd);
}

bool
fake_guest_send_bytes(FakeGuest *guest, const uint8_t *bytes, size_t n_bytes)
{
    ssize_t n_sent = send(guest->fd, bytes, n_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    return n_sent == (ssize_t)n_bytes;
}

bool
fake_guest_send(FakeGuest *guest, VtLinkFrame *frame)
{
    uint8_t bytes[VT_LINK_MAX_FRAME_BYTES];
    vt_link_session_seal(&guest->session, frame);
    return fake_guest_send_bytes(guest, bytes, vt_link_frame_encode(frame, bytes));
}

void
fake_guest_say_hello(FakeGuest *guest)
{
    VtLinkFrame frame = { 0 };
    VtLinkHello hello = {
        .nonce = guest->session.own_nonce,
        .peer_nonce = guest->session.peer_nonce,
        .version_least = VT_LINK_VERSION,
        .version_greatest = VT_LINK_VERSION,
    };
    vt_link_hello_encode(&hello, &frame);
    g_assert_true(fake_guest_send(guest, &frame));
}

void
fake_guest_ask(FakeGuest *guest, uint64_t nonce, VtWall at)
{
    VtLinkFrame frame = { 0 };
    VtLinkTime request = {
        .session = guest->session.peer_nonce,
        .nonce = nonce,
        .epoch = MAX(guest->hello.epoch, guest->notice.epoch),
        .packet = {
            .version = VT_NTP_VERSION,
            .mode = VT_NTP_MODE_CLIENT,
            .transmit = vt_ntp_stamp_from_wall(at),
        },
    };
    vt_link_time_encode(&request, VT_LINK_TIME_REQUEST, &frame);
    g_assert_true(fake_guest_send(guest, &frame));
}

static void
acknowledge(FakeGuest *guest)
{
    VtLinkFrame frame = { 0 };
    VtLinkAck ack = {
        .session = guest->session.peer_nonce,
        .event = guest->notice.event,
        .action = VT_LINK_ACTION_NONE,
        .reference = "link",
    };
    vt_link_ack_encode(&ack, &frame);
    g_assert_true(fake_guest_send(guest, &frame));
}

static void
take_frame(FakeGuest *guest, const VtLinkFrame *frame)
{
    VtLinkNotice notice;
    VtLinkHello hello;

    if (vt_link_hello_decode(frame, &hello)) {
        VtLinkHelloEffect effect = vt_link_session_on_hello(&guest->session, &hello);
        guest->hello = hello;
        guest->n_sessions += effect.is_new_session;
        if (effect.needs_answer)
            fake_guest_say_hello(guest);
    }
    if (vt_link_notice_decode(frame, &notice) && notice.session == guest->session.peer_nonce) {
        guest->n_notices += 1;
        guest->notice = notice;
        if (guest->acknowledges)
            acknowledge(guest);
    }
    if (vt_link_time_decode(frame, VT_LINK_TIME_REPLY, &guest->reply))
        guest->n_replies += 1;
}

void
fake_guest_read(FakeGuest *guest)
{
    uint8_t buffer[512];
    ssize_t n_read;

    while ((n_read = recv(guest->fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
        const uint8_t *bytes = buffer;
        size_t n_bytes = (size_t)n_read;
        VtLinkFrame frame;
        while (vt_link_scanner_next(&guest->scanner, &bytes, &n_bytes, &frame))
            take_frame(guest, &frame);
    }
    if (n_read == 0 || errno != EAGAIN)
        guest->has_hung_up = true;
}
