/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-count.h"

static const char *const names[VT_NTP_N_COUNTS] = {
    [VT_NTP_COUNT_ANSWERED] = "answered",
    [VT_NTP_COUNT_INTERLEAVED] = "interleaved",
    [VT_NTP_COUNT_AUTHENTICATED] = "authenticated",
    [VT_NTP_COUNT_NAK] = "nak",
    [VT_NTP_COUNT_CARD_RECEIVED] = "card-received",
    [VT_NTP_COUNT_CARD_SENT] = "card-sent",
    [VT_NTP_COUNT_SHORT] = "short",
    [VT_NTP_COUNT_MALFORMED] = "malformed",
    [VT_NTP_COUNT_NOT_CLIENT] = "not-client",
    [VT_NTP_COUNT_TO_MANY] = "to-many",
    [VT_NTP_COUNT_FROM_NOBODY] = "from-nobody",
    [VT_NTP_COUNT_STALE] = "stale",
    [VT_NTP_COUNT_DENIED] = "denied",
    [VT_NTP_COUNT_LIMITED] = "limited",
    [VT_NTP_COUNT_OVERFLOWED] = "overflowed",
    [VT_NTP_COUNT_UNSENT] = "unsent",
};

const char *
vt_ntp_count_get_name(VtNtpCount count)
{
    return names[count];
}

uint64_t
vt_ntp_counters_sum_drops(const VtNtpCounters *counters)
{
    uint64_t n_drops = 0;
    for (int i = VT_NTP_COUNT_FIRST_DROP; i < VT_NTP_N_COUNTS; i++)
        n_drops += counters->counts[i];
    return n_drops;
}
