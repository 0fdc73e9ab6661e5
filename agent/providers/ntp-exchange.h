/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One request to an NTP server and its reply, on a socket of its own: a fresh port and 64
 * random bits that only the server has seen. What comes before the true reply is counted and
 * dropped; the time limit is for all of it.
 */
#pragma once

#include <stdint.h>

#include <gio/gio.h>

#include "os/clock.h"
#include "proto/ntp-packet.h"

typedef struct VtNtpExchange VtNtpExchange;

typedef struct {
    bool is_answered; /* else error_number says why: ETIMEDOUT, ECONNREFUSED, ... */
    int error_number;
    VtNtpPacket reply;  /* good, or a kiss: stratum 0 and nothing else to rely upon */
    VtInstant sent;     /* T1 */
    VtInstant received; /* T4, by the kernel's stamp if there is one */
    bool is_received_by_kernel;
    uint32_t own_address; /* IPv4 that it was sent from, as a reference id; 0 for IPv6 */
} VtNtpExchangeResult;

/* Called once, from the main loop; the exchange may be freed in it. */
typedef void (*VtNtpExchangeFunc)(const VtNtpExchangeResult *result, void *user_data);

typedef struct {
    GSocketAddress *address;
    unsigned timeout_ms;
    VtClock *clock;
    uint64_t *n_by_check; /* VT_NTP_N_CHECKS counters of packets, by verdict */
} VtNtpExchangeParams;

/* Sends the request. What @params points to must outlive the exchange. Transfer full. */
VtNtpExchange *vt_ntp_exchange_begin(const VtNtpExchangeParams *params,
                                     VtNtpExchangeFunc func,
                                     void *user_data);

/* Ends it without a word. Takes NULL. */
void vt_ntp_exchange_free(VtNtpExchange *exchange);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpExchange, vt_ntp_exchange_free)
