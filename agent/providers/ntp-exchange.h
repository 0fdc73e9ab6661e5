/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One request to an NTP server and its reply, on a socket of its own: a fresh port and 64
 * random bits that only the server has seen. What comes before the true reply is counted and
 * dropped; the time limit is for all of it.
 */
#pragma once

#include <stdint.h>

#include <gio/gio.h>

#include "agent/providers/ntp-residence.h"
#include "os/clock.h"
#include "proto/ntp-keys.h"
#include "proto/ntp-packet.h"

typedef struct VtNtpExchange VtNtpExchange;

typedef struct {
    bool is_answered; /* else error_number says why: ETIMEDOUT, ECONNREFUSED, ... */
    int error_number;
    VtInstant sent;     /* T1, by the kernel's stamp if there is one */
    VtInstant received; /* T4, the same */
    bool is_sent_by_kernel;
    bool is_received_by_kernel;
    bool is_interleaved;  /* the reply told of the one before it; made an ordinary one */
    VtNtpPacket reply;    /* answers the request; a kiss has stratum 0 and nothing to rely on */
    VtNtpCheck check;     /* what is wrong with it all the same, or VT_NTP_CHECK_OK */
    uint32_t own_address; /* that it was sent from, as a reference id; 0: unknown */
} VtNtpExchangeResult;

/* Called once, from the main loop; the exchange may be freed in it. */
typedef void (*VtNtpExchangeFunc)(const VtNtpExchangeResult *result, void *user_data);

typedef struct {
    GSocketAddress *address;
    unsigned timeout_ms;
    VtClock *clock;
    uint64_t *n_by_check;  /* VT_NTP_N_CHECKS counters of packets, by verdict */
    const VtNtpKeys *keys; /* NULL: replies need no code */
    uint32_t key_id;
    VtNtpResidence *residence; /* what is known of the server's earlier replies */
    int poll_log2_sec;         /* told to the server, which may ask for fewer requests */
} VtNtpExchangeParams;

/* Sends the request. What @params points to must outlive the exchange. Transfer full. */
VtNtpExchange *vt_ntp_exchange_begin(const VtNtpExchangeParams *params,
                                     VtNtpExchangeFunc func,
                                     void *user_data);

/* Ends it without a word. Takes NULL. */
void vt_ntp_exchange_free(VtNtpExchange *exchange);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpExchange, vt_ntp_exchange_free)
