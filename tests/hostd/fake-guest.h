/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One agent's end of a link, played by a test: answers HELLO, counts what it is told, and says
 * what the test wants it to say.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/fd.h"
#include "proto/link-message.h"
#include "proto/link-scanner.h"
#include "proto/link-session.h"

typedef struct {
    VtFd fd;
    VtLinkSession session;
    VtLinkScanner scanner;
    bool acknowledges;   /* each notice, as one for nothing */
    unsigned n_sessions; /* HELLOs with a nonce that was new */
    unsigned n_notices;
    unsigned n_replies;
    VtLinkHello hello; /* the last of each */
    VtLinkNotice notice;
    VtLinkTime reply;
    bool has_hung_up; /* the other end did */
} FakeGuest;

/* Not connected yet; @nonce is that of its first session. */
void fake_guest_init(FakeGuest *guest, uint64_t nonce);
void fake_guest_clear(FakeGuest *guest);

/* Takes what has arrived and answers it. */
void fake_guest_read(FakeGuest *guest);

void fake_guest_say_hello(FakeGuest *guest);

/* A request with the epoch that it was told last, as from a clock that shows @at. */
void fake_guest_ask(FakeGuest *guest, uint64_t nonce, VtWall at);

/* Seals and sends @frame; false when it does not fit, or nobody is there. */
bool fake_guest_send(FakeGuest *guest, VtLinkFrame *frame);
bool fake_guest_send_bytes(FakeGuest *guest, const uint8_t *bytes, size_t n_bytes);
