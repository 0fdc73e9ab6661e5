/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An NTP server on a socket of loopback, honest or not, answering from the main loop. Its clock
 * runs with the raw oscillator of a FakeKernel, whatever is done to that kernel's wall clock.
 */
#pragma once

#include <netinet/in.h>

#include <glib.h>

#include "os/fd.h"
#include "proto/ntp-keys.h"
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
    FAKE_NTP_FROZEN,       /* the clock of the reply before */
    FAKE_NTP_TIMELESS,     /* no receive time */
    FAKE_NTP_FAR,          /* 20 s from true time */
    FAKE_NTP_BACKWARD,     /* sent before it was received */
    FAKE_NTP_SET_LATER,    /* last set an hour after it was asked */
    FAKE_NTP_FUZZY,        /* sent before it was received, by less than its precision */
    FAKE_NTP_UNSIGNED,     /* as if it had no key */
    FAKE_NTP_WRONG_CODE,   /* signed with something else */
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
    /*
     * On a network: one way takes so long at least, and on average so much longer for a queue.
     * A reply is then kept until it is delivered.
     */
    VtNs path_ns;
    VtNs queue_ns;
    VtNs up_ns; /* what the last request took */
    bool has_due;
    VtMono raw_due; /* when the reply arrives */
    struct sockaddr_in due_peer;
    uint8_t due_reply[VT_NTP_PACKET_BYTES];
    bool is_interleaving; /* answers in interleaved mode when asked to */
    VtNs held_ns;         /* how long it holds a request in truth; it never says so at once */
    VtNtpStamp last_receive; /* of the last reply, and when that left in truth */
    VtNtpStamp last_left;
    const VtNtpKeys *keys; /* NULL: it signs nothing */
    size_t n_request_bytes;
    GSource *source;
    unsigned n_requests;
    VtNtpPacket request; /* the last */
    uint16_t client_port;
    uint8_t last_reply[VT_NTP_PACKET_BYTES];
} FakeNtp;

/* Honest, synchronised, stratum 2. */
void fake_ntp_init(FakeNtp *ntp, FakeKernel *kernel);

/* At 127.0.0.@host, and at port @port if that is not 0. */
void fake_ntp_init_at(FakeNtp *ntp, FakeKernel *kernel, uint8_t host, uint16_t port);
void fake_ntp_clear(FakeNtp *ntp);

/* Lets time pass until the first reply on the way to @kernel arrives; false: none is. */
bool fake_ntp_deliver(FakeNtp *servers, size_t n_servers);
