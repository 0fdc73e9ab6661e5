/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decides about one datagram of the NTP service: whether it is answered, and with what. Keeps
 * what that takes: the records of the clients, and when replies to interleaved clients left. No
 * system call, no lock, no allocation.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "hostd/ntp-clients.h"
#include "hostd/ntp-count.h"
#include "hostd/ntp-policy.h"
#include "hostd/ntp-socket.h"
#include "hostd/ntp-view.h"

typedef struct VtNtpAnswer VtNtpAnswer;

/* What a batch of datagrams is answered by. */
typedef struct {
    const VtNtpPolicy *policy;
    const VtNtpSight *sight;
    VtWall now;
} VtNtpCircumstances;

/* What is to be sent; vt_ntp_answer_encode makes bytes of it. */
typedef struct {
    VtNtpCount verdict; /* VT_NTP_COUNT_ANSWERED or why not */
    VtNtpPacket packet;
    bool is_interleaved; /* the packet has its transmit stamp */
    bool is_nak;
    bool wants_sent_stamp;
    uint32_t key_id;  /* 0: no code */
    uint8_t n_fields; /* of extension, in the request */
} VtNtpReply;

/* @seed is to be random. Transfer full. */
VtNtpAnswer *vt_ntp_answer_new(uint64_t seed);
void vt_ntp_answer_free(VtNtpAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpAnswer, vt_ntp_answer_free)

VtNtpReply vt_ntp_answer_prepare(VtNtpAnswer *answer,
                                 const VtNtpCircumstances *circumstances,
                                 const VtNtpDatagram *datagram);

/*
 * The bytes of a reply but for what depends on the moment; returns how many. Never more than the
 * request had.
 */
size_t vt_ntp_answer_encode(const VtNtpReply *reply,
                            uint8_t ret_bytes[VT_NTP_REPLY_MOST_BYTES]);

/* Makes them those of a reply that leaves at @at: its transmit stamp, and the code. */
void vt_ntp_answer_stamp(const VtNtpReply *reply,
                         const VtNtpPolicy *policy,
                         VtWall at,
                         uint8_t bytes[VT_NTP_REPLY_MOST_BYTES]);

static inline bool
vt_ntp_reply_is_signed(const VtNtpReply *reply)
{
    return reply->key_id != 0 && !reply->is_nak;
}

/* A reply that wanted it has left. */
void vt_ntp_answer_sent(VtNtpAnswer *answer, const VtNtpSent *sent);

/* The clock was set: stamps of before are worth nothing. */
void vt_ntp_answer_forget_stamps(VtNtpAnswer *answer);

/* May be copied from by any thread. Transfer none. */
const VtNtpClients *vt_ntp_answer_get_clients(const VtNtpAnswer *answer);
