/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is remembered of the exchanges with one NTP server, for whoever wants to look closely. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "base/units.h"
#include "core/reading.h"
#include "proto/ntp-packet.h"

/* In the order in which operators of chrony know them: 1, 2, 3; 5, 6, 7; A, B, C, D. */
typedef enum {
    VT_NTP_TEST_NOT_REPEATED, /* not the reply that came before */
    VT_NTP_TEST_ANSWERS,      /* it is the reply to this request */
    VT_NTP_TEST_HAS_TIME,     /* receive and transmit time are there */
    VT_NTP_TEST_AUTHENTIC,    /* by the key, if there is one */
    VT_NTP_TEST_SYNCHRONISED, /* as the server says of itself */
    VT_NTP_TEST_NEAR,         /* root distance below 16 s */
    VT_NTP_TEST_SHORT_DELAY,  /* round trip below a second */
    VT_NTP_TEST_IN_ORDER,     /* sent after it was received, and soon after */
    VT_NTP_TEST_PLAUSIBLE,    /* the round trip is not shorter than the server's part of it */
    VT_NTP_TEST_NO_LOOP,      /* the server does not follow this machine */
    VT_NTP_N_TESTS,
} VtNtpTest;

typedef struct {
    bool has_reply; /* those below are set: the last reply to a request of ours */
    VtNtpPacket reply;
    uint16_t failed_tests; /* a bit for each VtNtpTest */
    VtNs offset_ns;        /* server minus REALTIME as it was then */
    VtNs delay_ns;
    VtNs dispersion_ns; /* what the clocks' own grain adds */
    VtNs response_ns;   /* what the server took */
    bool is_interleaved;
    bool is_authenticated;
    bool is_sent_by_kernel; /* who stamped the request as it left, and the reply as it came */
    bool is_received_by_kernel;
    uint64_t n_sent;
    uint64_t n_received; /* packets from the server's address, of any kind */
    uint64_t n_valid;    /* that gave a reading */
} VtNtpFacts;

/* Notes what @reading shows of @facts->reply, which is set. */
void vt_ntp_facts_note_reading(VtNtpFacts *facts, const VtReading *reading);

/* "111 111 1111": each test in its order, 1 for passed. Transfer full. */
char *vt_ntp_facts_format_tests(const VtNtpFacts *facts);

/* Inserts all into @dict, under the names of org.virttime.Agent1.GetNtpData. */
void vt_ntp_facts_insert(const VtNtpFacts *facts, GVariantDict *dict);
