/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An NTP server on a socket of loopback, honest or not, answering from the main loop. Its clock
 * runs with the raw oscillator of a FakeKernel, whatever is done to that kernel's wall clock.
 */
#pragma once

#include <netinet/in.h>

#include <glib.h>

#include "os/fd.h"
#include "proto/ntp-packet.h"
#include "tests/os/fake-kernel.h"

typedef enum {
    FAKE_NTP_HONEST,
    FAKE_NTP_SILENT,
    FAKE_NTP_WRONG_ORIGIN, /* a reply to another request, and no other */
    FAKE_NTP_SHORT,        /* 47 bytes, and no more */
    FAKE_NTP_FORGED_FIRST, /* a kiss and a wrong origin before the honest reply */
    FAKE_NTP_REPLAY_FIRST, /* the reply before this one, then the honest one */
    FAKE_NTP_OTHER_PORT,   /* the right reply, from another port */
    FAKE_NTP_KISS,         /* reference_id is what it says */
} FakeNtpManner;

typedef struct {
    VtFd fd;
    VtFd other_fd;
    uint16_t port;
    FakeKernel *kernel;
    VtWall wall_at_start;
    VtMono raw_at_start;
    VtNs ahead_ns; /* its clock minus what the guest's would show had nobody set it */
    FakeNtpManner manner;
    uint8_t leap;
    uint8_t stratum;
    uint32_t reference_id;
    GSource *source;
    unsigned n_requests;
    VtNtpPacket request; /* the last */
    uint16_t client_port;
    uint8_t last_reply[VT_NTP_PACKET_BYTES];
} FakeNtp;

/* Honest, synchronised, stratum 2. */
void fake_ntp_init(FakeNtp *ntp, FakeKernel *kernel);
void fake_ntp_clear(FakeNtp *ntp);
