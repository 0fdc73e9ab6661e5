/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of a datagram that reaches the NTP service, and how often it did. */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef enum {
    /* Answered. */
    VT_NTP_COUNT_ANSWERED,      /* replies made, those not sent included */
    VT_NTP_COUNT_INTERLEAVED,   /* of those: with the true transmit time of the one before */
    VT_NTP_COUNT_AUTHENTICATED, /* of those: with a code */
    VT_NTP_COUNT_NAK,           /* of those: the code was bad, and the reply says so */
    VT_NTP_COUNT_CARD_RECEIVED, /* of those: a network card stamped the request */
    VT_NTP_COUNT_CARD_SENT,     /* replies of which a network card told when they left */
    /* Dropped. */
    VT_NTP_COUNT_SHORT,     /* below 48 bytes */
    VT_NTP_COUNT_MALFORMED, /* what follows the header is neither field nor code, or too long */
    VT_NTP_COUNT_NOT_CLIENT,  /* mode or version that is not answered */
    VT_NTP_COUNT_TO_MANY,     /* to a broadcast or multicast address */
    VT_NTP_COUNT_FROM_NOBODY, /* from port 0 */
    VT_NTP_COUNT_STALE,       /* waited for too long, or the clock was set meanwhile */
    VT_NTP_COUNT_DENIED,      /* no rule allows this client */
    VT_NTP_COUNT_LIMITED,     /* asked too often */
    VT_NTP_COUNT_OVERFLOWED,  /* did not fit into the socket's queue */
    VT_NTP_COUNT_UNSENT,      /* replies that the kernel did not take */
    VT_NTP_N_COUNTS,
} VtNtpCount;

#define VT_NTP_COUNT_FIRST_DROP VT_NTP_COUNT_SHORT

typedef struct {
    uint64_t counts[VT_NTP_N_COUNTS];
} VtNtpCounters;

/* "answered", "from-nobody": as the D-Bus interface calls it. */
const char *vt_ntp_count_get_name(VtNtpCount count);

uint64_t vt_ntp_counters_sum_drops(const VtNtpCounters *counters);
