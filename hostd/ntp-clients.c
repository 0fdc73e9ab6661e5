/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-clients.h"

#include <stdatomic.h>
#include <string.h>

#define N_WAYS       8
#define N_SETS       (VT_NTP_CLIENTS_MOST / N_WAYS)
#define N_WORDS      (sizeof(VtNtpClient) / sizeof(uint64_t))
#define N_TRIES      100
#define V6_HOST_BITS 64

/* One in this many of those beyond the limit is answered. */
#define LEAK 4

/* Of a new gap in the smoothed one: the eighth part. */
#define SMOOTHING 8

G_STATIC_ASSERT(sizeof(VtNtpClient) % sizeof(uint64_t) == 0);

/* Odd while it is being written. */
typedef struct {
    atomic_uint_fast32_t sequence;
    atomic_uint_least64_t words[N_WORDS];
} Slot;

struct VtNtpClients {
    uint64_t seed;
    /* What the eight of a set are found by, in one cache line; 0: the slot is free. */
    uint32_t tags[N_SETS][N_WAYS];
    Slot slots[VT_NTP_CLIENTS_MOST];
};

VtNtpClients *
vt_ntp_clients_new(uint64_t seed)
{
    VtNtpClients *clients = g_new0(VtNtpClients, 1);
    clients->seed = seed;
    return clients;
}

void
vt_ntp_clients_free(VtNtpClients *clients)
{
    g_free(clients);
}

/* Whoever has an IPv6 address has a whole /64 of them. */
static VtNtpPeerAddress
get_key(VtNtpPeerAddress address)
{
    if (vt_ntp_peer_address_is_v4(address))
        return address;
    return vt_ntp_peer_address_mask(address, V6_HOST_BITS);
}

/* The product of 64 by 64 bits, folded: each bit of the input reaches each of the result. */
static uint64_t
fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t
hash(const VtNtpClients *clients, const VtNtpPeer *peer)
{
    VtNtpPeerAddress key = get_key(peer->address);
    uint64_t first = fold(key.high ^ clients->seed, key.low ^ UINT64_C(0x9e3779b97f4a7c15));
    return fold(first ^ peer->interface_index, clients->seed ^ UINT64_C(0xd6e8feb86659fd93));
}

/* This thread alone writes, so it reads without looking at the sequence. */
static void
load(const VtNtpClients *clients, size_t index, VtNtpClient *ret_client)
{
    uint64_t words[N_WORDS];
    for (size_t i = 0; i < N_WORDS; i++)
        words[i] = atomic_load_explicit(&clients->slots[index].words[i], memory_order_relaxed);
    memcpy(ret_client, words, sizeof words);
}

void
vt_ntp_clients_store(VtNtpClients *clients, size_t index, const VtNtpClient *client)
{
    Slot *slot = &clients->slots[index];
    uint64_t words[N_WORDS];
    memcpy(words, client, sizeof words);

    uint_fast32_t sequence = atomic_load_explicit(&slot->sequence, memory_order_relaxed);
    atomic_store_explicit(&slot->sequence, sequence + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    for (size_t i = 0; i < N_WORDS; i++)
        atomic_store_explicit(&slot->words[i], words[i], memory_order_relaxed);
    atomic_store_explicit(&slot->sequence, sequence + 2, memory_order_release);
}

bool
vt_ntp_clients_peek(const VtNtpClients *clients, size_t index, VtNtpClient *ret_client)
{
    if (clients->tags[index / N_WAYS][index % N_WAYS] == 0)
        return false;
    load(clients, index, ret_client);
    return true;
}

static bool
is_same(const VtNtpClient *client, const VtNtpPeer *peer)
{
    VtNtpPeerAddress a = get_key(client->address);
    VtNtpPeerAddress b = get_key(peer->address);
    return a.high == b.high && a.low == b.low &&
           client->interface_index == peer->interface_index;
}

/* A free slot of the set, else the one whose client was silent for longest. */
static size_t
make_room(const VtNtpClients *clients, size_t set)
{
    size_t oldest = 0;
    VtMono oldest_at = { .ns = INT64_MAX };
    for (size_t way = 0; way < N_WAYS; way++) {
        VtNtpClient client;
        if (clients->tags[set][way] == 0)
            return way;
        load(clients, set * N_WAYS + way, &client);
        if (client.last_at.ns < oldest_at.ns) {
            oldest_at = client.last_at;
            oldest = way;
        }
    }
    return oldest;
}

size_t
vt_ntp_clients_find(VtNtpClients *clients,
                    const VtNtpPeer *peer,
                    VtMono now,
                    VtNtpClient *ret_client)
{
    uint64_t hashed = hash(clients, peer);
    size_t set = hashed % N_SETS;
    uint32_t tag = (uint32_t)(hashed >> 32) | 1;

    for (size_t way = 0; way < N_WAYS; way++) {
        if (clients->tags[set][way] != tag)
            continue;
        load(clients, set * N_WAYS + way, ret_client);
        if (is_same(ret_client, peer))
            return set * N_WAYS + way;
    }
    size_t way = make_room(clients, set);
    clients->tags[set][way] = tag;
    *ret_client = (VtNtpClient){
        .address = peer->address,
        .interface_index = peer->interface_index,
        .first_at = now,
        .last_at = now,
        .credit_ns = VT_NS_MAX, /* a full bucket, whatever its size */
    };
    return set * N_WAYS + way;
}

static void
note_gap(VtNtpClient *client, VtMono now)
{
    VtNs gap_ns = vt_ns_max(vt_mono_diff(now, client->last_at), 0);
    if (client->n_requests == 1)
        client->gap_ns = gap_ns;
    else if (client->n_requests > 1)
        client->gap_ns += (gap_ns - client->gap_ns) / SMOOTHING;
}

bool
vt_ntp_client_admit(VtNtpClient *client, const VtNtpLimit *limit, VtMono now, uint64_t random)
{
    VtNs most_ns = vt_ns_mul(limit->interval_ns, limit->burst);
    VtNs earned_ns = vt_ns_max(vt_mono_diff(now, client->last_at), 0);

    note_gap(client, now);
    client->n_requests += 1;
    client->last_at = now;
    client->credit_ns = vt_ns_min(vt_ns_add(client->credit_ns, earned_ns), most_ns);
    if (client->credit_ns >= limit->interval_ns) {
        client->credit_ns -= limit->interval_ns;
        return true;
    }
    if (random % LEAK == 0)
        return true;
    client->n_refused += 1;
    return false;
}

static bool
copy_slot(const Slot *slot, VtNtpClient *ret_client)
{
    uint64_t words[N_WORDS];
    for (int try = 0; try < N_TRIES; try++) {
        uint_fast32_t before = atomic_load_explicit(&slot->sequence, memory_order_acquire);
        if (before == 0)
            return false;
        for (size_t i = 0; i < N_WORDS; i++)
            words[i] = atomic_load_explicit(&slot->words[i], memory_order_relaxed);
        atomic_thread_fence(memory_order_acquire);
        if (before % 2 == 0 &&
            before == atomic_load_explicit(&slot->sequence, memory_order_relaxed)) {
            memcpy(ret_client, words, sizeof words);
            return true;
        }
    }
    /* A client that asks that often is seen the next time. */
    return false;
}

size_t
vt_ntp_clients_copy(const VtNtpClients *clients, VtNtpClient *ret_clients, size_t most)
{
    size_t n_copied = 0;
    for (size_t i = 0; i < VT_NTP_CLIENTS_MOST && n_copied < most; i++) {
        if (copy_slot(&clients->slots[i], &ret_clients[n_copied]))
            n_copied++;
    }
    return n_copied;
}
