/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/providers/ntp-residence.h"

/* A server does not remember for ever; nor is what it once took worth much after a silence. */
#define MOST_MISSED 4

void
vt_ntp_residence_ask(VtNtpResidence *residence, VtNtpPacket *request, uint64_t nonce)
{
    if (residence->n_missed >= MOST_MISSED)
        *residence = (VtNtpResidence){ 0 };
    if (!residence->has_last || nonce == request->transmit)
        return;
    residence->n_missed++;
    request->origin = residence->receive;
    request->receive = nonce;
}

static void
learn(VtNtpResidence *residence, uint64_t held)
{
    residence->held[residence->next_held] = held;
    residence->next_held = (residence->next_held + 1) % VT_NTP_RESIDENCE_HELD;
    if (residence->n_held < VT_NTP_RESIDENCE_HELD)
        residence->n_held++;
}

static uint64_t
get_least(const VtNtpResidence *residence)
{
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < residence->n_held; i++)
        least = residence->held[i] < least ? residence->held[i] : least;
    return least;
}

bool
vt_ntp_residence_take(VtNtpResidence *residence, const VtNtpPacket *request, VtNtpPacket *reply)
{
    bool is_interleaved = request->receive != 0 && reply->origin == request->receive &&
                          reply->mode == VT_NTP_MODE_SERVER && residence->has_last;
    if (!is_interleaved)
        return false;
    uint64_t held;
    if (reply->transmit == 0 || !vt_ntp_packet_get_held(reply, residence->receive, &held))
        return false;
    learn(residence, held);
    reply->origin = request->transmit;
    reply->transmit = reply->receive + get_least(residence);
    return true;
}

void
vt_ntp_residence_note(VtNtpResidence *residence, const VtNtpPacket *reply)
{
    residence->has_last = reply->receive != 0;
    residence->receive = reply->receive;
    residence->n_missed = 0;
}
