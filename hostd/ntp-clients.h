/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The clients of the NTP service: a record of each and what it may still ask. Memory is bounded
 * whatever addresses packets claim to come from: where a set of eight records is full, the one
 * that was silent for longest makes room. The server's thread alone writes; any other may copy
 * at any time, without a lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "base/units.h"
#include "hostd/ntp-peer.h"

/* At most so many records, 4 MiB, which are touched only as clients come. */
#define VT_NTP_CLIENTS_MOST 32768

/* What one client may ask: @burst requests at once, and one more each @interval_ns. */
typedef struct {
    VtNs interval_ns; /* 0: no limit */
    unsigned burst;
} VtNtpLimit;

/* A multiple of 8 bytes: records are copied by the word. */
typedef struct {
    VtNtpPeerAddress address; /* of the last request; the record is that of the /64 */
    uint64_t interface_index;
    VtMono first_at; /* on BOOTTIME */
    VtMono last_at;
    VtNs credit_ns; /* what is left of the bucket */
    VtNs gap_ns;    /* between requests, smoothed */
    uint64_t n_requests;
    uint64_t n_answered;
    uint64_t n_refused; /* by the limit */
    /* Of the last request. */
    uint64_t origin; /* fields of it, as they came */
    uint64_t transmit;
    VtWall received_at;
    int32_t waited_ns; /* from there until its turn */
    uint16_t n_bytes;
    uint8_t n_fields; /* of extension */
    uint8_t verdict;  /* VtNtpCount */
    uint32_t key_id;  /* with which it was authenticated; 0: it was not */
    uint8_t version;
    int8_t poll_log2_sec;
    uint8_t is_interleaved;
    uint8_t unused;
} VtNtpClient;

typedef struct VtNtpClients VtNtpClients;

/*
 * @seed is to be random: it keeps strangers from choosing whose record makes room. Transfer
 * full.
 */
VtNtpClients *vt_ntp_clients_new(uint64_t seed);
void vt_ntp_clients_free(VtNtpClients *clients);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtNtpClients, vt_ntp_clients_free)

/* Where @peer's record is, which a new peer gets now; for vt_ntp_clients_store. */
size_t vt_ntp_clients_find(VtNtpClients *clients,
                           const VtNtpPeer *peer,
                           VtMono now,
                           VtNtpClient *ret_client);
void vt_ntp_clients_store(VtNtpClients *clients, size_t index, const VtNtpClient *client);

/*
 * Counts a request at @now and says whether it may be answered. Of those beyond the limit one in
 * four may, chosen by @random: who writes a client's address on packets of his own cannot keep
 * it from being answered at all.
 */
bool
vt_ntp_client_admit(VtNtpClient *client, const VtNtpLimit *limit, VtMono now, uint64_t random);

/* The record at @index, below VT_NTP_CLIENTS_MOST, for the server's thread; false if it is free. */
bool vt_ntp_clients_peek(const VtNtpClients *clients, size_t index, VtNtpClient *ret_client);

/* Copies the records in use, @most of them at most; returns how many. */
size_t vt_ntp_clients_copy(const VtNtpClients *clients, VtNtpClient *ret_clients, size_t most);
