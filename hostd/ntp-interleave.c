/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-interleave.h"

#include <string.h>

/* Of 16 bytes each. Ten thousand clients that ask every 16 s make 625 requests a second. */
#define N_ENTRIES  4096
#define ENTRY_BITS 12

typedef struct {
    VtNtpStamp receive;  /* 0: free */
    VtNtpStamp transmit; /* 0: not known yet */
} Entry;

struct VtNtpInterleave {
    Entry entries[N_ENTRIES];
};

VtNtpInterleave *
vt_ntp_interleave_new(void)
{
    return g_new0(VtNtpInterleave, 1);
}

void
vt_ntp_interleave_free(VtNtpInterleave *interleave)
{
    g_free(interleave);
}

static Entry *
find(VtNtpInterleave *interleave, VtNtpStamp receive)
{
    /* Fibonacci hashing: stamps differ in their middle bits. */
    return &interleave->entries[receive * UINT64_C(0x9e3779b97f4a7c15) >> (64 - ENTRY_BITS)];
}

bool
vt_ntp_interleave_is_wanted(const VtNtpPacket *request)
{
    return (request->origin & 1) != 0 && request->receive != request->transmit;
}

VtNtpStamp
vt_ntp_interleave_take(VtNtpInterleave *interleave, const VtNtpPacket *request)
{
    if (!vt_ntp_interleave_is_wanted(request))
        return 0;
    Entry *entry = find(interleave, request->origin);
    if (entry->receive != request->origin)
        return 0;
    VtNtpStamp transmit = entry->transmit;
    *entry = (Entry){ 0 };
    return transmit;
}

void
vt_ntp_interleave_expect(VtNtpInterleave *interleave, VtNtpStamp receive)
{
    *find(interleave, receive) = (Entry){ .receive = receive };
}

bool
vt_ntp_interleave_sent(VtNtpInterleave *interleave, VtNtpStamp receive, VtNtpStamp transmit)
{
    Entry *entry = find(interleave, receive);
    if (receive == 0 || entry->receive != receive)
        return false;
    entry->transmit = vt_ntp_interleave_mark_transmit(transmit);
    return true;
}

void
vt_ntp_interleave_clear(VtNtpInterleave *interleave)
{
    memset(interleave, 0, sizeof *interleave);
}

VtNtpStamp
vt_ntp_interleave_mark_receive(VtNtpStamp stamp)
{
    return stamp | 1;
}

VtNtpStamp
vt_ntp_interleave_mark_transmit(VtNtpStamp stamp)
{
    /* 0 means unknown. */
    return (stamp & ~UINT64_C(1)) != 0 ? stamp & ~UINT64_C(1) : 2;
}
