/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-gate.h"

#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The queue is looked at once in so many full turns. */
#define LOOK_EVERY 4

/* What is in the queue must have had the time to leave it; where less was tried it was short. */
#define SETTLE_NS        (20 * VT_NS_PER_MS)
#define SETTLE_OPENED_NS (2 * VT_NS_PER_MS)

/* Who behaves and who does not is seen anew. */
#define LIST_EVERY_NS (500 * VT_NS_PER_MS)

#define LEAST_HOLD_NS (500 * VT_NS_PER_MS)
#define MOST_HOLD_NS  (16 * VT_NS_PER_SEC)

/* All but one in 4096 of those that nobody knows. */
#define MOST_LEVEL 13

/* Of what those send that flood. Not nothing: whoever writes a client's address on packets of
 * his own does not silence it, and the records show when the flood is over. */
#define FLOODING_SHARE (VT_NTP_FILTER_ALL / 64)

/* Fewer than this are no flood. */
#define QUIET_HZ 1000

/*
 * Of sources that are known to flood, and of them alone, so much is kept out: that it goes on need
 * not be tried, which would cost the others what the queue loses meanwhile.
 */
#define KNOWN_HZ 20000

#define MOST_FLOODING (VT_NTP_FILTER_MOST_SOURCES / 4)

/* Where the settings have no limit: what a client never needs. */
#define DEFAULT_INTERVAL_NS (125 * VT_NS_PER_MS)

/* A client whose records are older is none any more; it asks each 1024 s at the least. */
#define MOST_SILENCE_NS (4096 * VT_NS_PER_SEC)

/* Who floods asks again within this, even if little of it is let in. */
#define FLOODING_SILENCE_NS (10 * VT_NS_PER_SEC)

/* A burst may be as long. */
#define LEAST_FLOODING 32

#define MOST_TRUST 12

/* A client that behaves. */
typedef struct {
    uint32_t key;
    uint8_t trust;
} Candidate;

struct VtNtpGatekeeper {
    VtNtpFilterMix mix;
    VtMono listed_at; /* 0: never */
    size_t n_sources;
    VtNtpFilterSource sources[VT_NTP_FILTER_MOST_SOURCES];
    size_t n_trusted[MOST_TRUST + 1];
    size_t n_candidates;
    Candidate candidates[VT_NTP_CLIENTS_MOST];
    struct sock_filter steps[VT_NTP_FILTER_MOST_STEPS];
};

VtNtpGatekeeper *
vt_ntp_gatekeeper_new(uint64_t seed)
{
    VtNtpGatekeeper *keeper = g_new0(VtNtpGatekeeper, 1);
    keeper->mix = vt_ntp_filter_mix_from_seed(seed);
    return keeper;
}

void
vt_ntp_gatekeeper_free(VtNtpGatekeeper *keeper)
{
    g_free(keeper);
}

/* The limit refuses most of what it asks, or would, were there one. */
static bool
is_flooding(const VtNtpClient *client, const VtNtpGateView *view)
{
    VtNs silent_ns = vt_mono_diff(view->now, client->last_at);
    bool is_refused = client->n_refused > client->n_requests / 4;
    bool is_fast = client->gap_ns < DEFAULT_INTERVAL_NS / 2;
    return client->n_requests > LEAST_FLOODING && silent_ns < FLOODING_SILENCE_NS &&
           (view->interval_ns > 0 ? is_refused : is_fast);
}

/*
 * How well a client is known to behave: the binary logarithm of the seconds for which it has done
 * so; 0: not at all. Whoever floods behaves for no longer than its first burst is answered.
 */
static unsigned
get_trust(const VtNtpClient *client, const VtNtpGateView *view)
{
    VtNs silent_ns = vt_mono_diff(view->now, client->last_at);
    bool is_refused = client->n_refused > client->n_requests / 16;
    bool is_fast = client->gap_ns < DEFAULT_INTERVAL_NS;
    if (silent_ns > MOST_SILENCE_NS || (view->interval_ns > 0 ? is_refused : is_fast))
        return 0;
    unsigned trust = 0;
    VtNs known_ns = vt_mono_diff(client->last_at, client->first_at);
    for (VtNs n_sec = known_ns / VT_NS_PER_SEC; n_sec > 0 && trust < MOST_TRUST; n_sec /= 2)
        trust++;
    return trust;
}

static void
add(VtNtpGatekeeper *keeper, uint32_t key, bool is_flooding)
{
    keeper->sources[keeper->n_sources++] =
        (VtNtpFilterSource){ .key = key, .is_flooding = is_flooding };
}

/* Some of those that flood; and all that behave, by how well that is known. */
static void
sort_out(VtNtpGatekeeper *keeper, const VtNtpGateView *view)
{
    VtNtpClient client;
    memset(keeper->n_trusted, 0, sizeof keeper->n_trusted);
    keeper->n_candidates = 0;
    for (size_t i = 0; i < VT_NTP_CLIENTS_MOST; i++) {
        if (!vt_ntp_clients_peek(view->clients, i, &client))
            continue;
        uint32_t key = vt_ntp_filter_get_key(&keeper->mix, client.address);
        if (!is_flooding(&client, view)) {
            unsigned trust = get_trust(&client, view);
            keeper->n_trusted[trust]++;
            if (trust > 0)
                keeper->candidates[keeper->n_candidates++] = (Candidate){ key, (uint8_t)trust };
        } else if (keeper->n_sources < MOST_FLOODING) {
            add(keeper, key, true);
        }
    }
}

/* The most trusted that there is room for. */
static void
list_trusted(VtNtpGatekeeper *keeper)
{
    size_t n_room = VT_NTP_FILTER_MOST_SOURCES - keeper->n_sources;
    unsigned least = MOST_TRUST;
    for (size_t n_listed = keeper->n_trusted[least]; least > 1 && n_listed < n_room;)
        n_listed += keeper->n_trusted[--least];
    /* Those of the least trust that counts take what the others leave. */
    for (int is_least = 0; is_least <= 1; is_least++) {
        for (size_t i = 0;
             i < keeper->n_candidates && keeper->n_sources < VT_NTP_FILTER_MOST_SOURCES; i++) {
            const Candidate *candidate = &keeper->candidates[i];
            if (is_least ? candidate->trust == least : candidate->trust > least)
                add(keeper, candidate->key, false);
        }
    }
}

static int
compare(const void *a, const void *b)
{
    const VtNtpFilterSource *first = a;
    const VtNtpFilterSource *second = b;
    return (first->key > second->key) - (first->key < second->key);
}

/* That takes the better part of a millisecond, so a level that is changed has the last list. */
static void
list_all(VtNtpGatekeeper *keeper, const VtNtpGateView *view)
{
    if (keeper->listed_at.ns != 0 &&
        vt_mono_diff(view->now, keeper->listed_at) < LIST_EVERY_NS / 2)
        return;
    keeper->n_sources = 0;
    sort_out(keeper, view);
    list_trusted(keeper);
    qsort(keeper->sources, keeper->n_sources, sizeof *keeper->sources, compare);
    keeper->listed_at = view->now;
}

/* What the kernel refuses leaves the socket as it is: no worse than without. */
static void
apply(const VtNtpGate *gate, VtNtpGatekeeper *keeper, int fd, const VtNtpGateView *view)
{
    int unused = 0;
    if (gate->level == 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
        return;
    }
    list_all(keeper, view);
    VtNtpFilterPlan plan = {
        .sources = keeper->sources,
        .n_sources = keeper->n_sources,
        .flooding_share = FLOODING_SHARE,
        .other_share = VT_NTP_FILTER_ALL >> (gate->level - 1),
    };
    struct sock_fprog program = {
        .len = (unsigned short)vt_ntp_filter_compose(&keeper->mix, &plan, keeper->steps),
        .filter = keeper->steps,
    };
    (void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

typedef struct {
    bool is_long; /* more than half full */
    uint32_t n_dropped;
} Queue;

static Queue
look(int fd)
{
    uint32_t values[SK_MEMINFO_VARS] = { 0 };
    socklen_t n_bytes = sizeof values;
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &n_bytes) < 0)
        return (Queue){ .is_long = false };
    return (Queue){
        .is_long = values[SK_MEMINFO_RMEM_ALLOC] > values[SK_MEMINFO_RCVBUF] / 2,
        .n_dropped = values[SK_MEMINFO_DROPS],
    };
}

static void
shut(VtNtpGate *gate)
{
    /* Less did not do: it is not tried again so soon. */
    if (gate->was_opened)
        gate->hold_ns = CLAMP(gate->hold_ns * 2, LEAST_HOLD_NS, MOST_HOLD_NS);
    else if (gate->level == 0)
        gate->hold_ns = LEAST_HOLD_NS;
    gate->level = MIN(gate->level + 1, MOST_LEVEL);
    gate->was_opened = false;
}

/* One level down, or all if there is nothing any more to keep out. */
static void
open_up(VtNtpGate *gate, uint32_t n_dropped, VtNs stood_ns)
{
    double rate_hz = (n_dropped - gate->n_dropped) / vt_ns_to_sec(stood_ns);
    if (gate->level == 1 && rate_hz >= KNOWN_HZ)
        return;
    gate->was_opened = rate_hz >= QUIET_HZ;
    gate->level = gate->was_opened ? gate->level - 1 : 0;
}

void
vt_ntp_gate_tend(VtNtpGate *gate,
                 VtNtpGatekeeper *keeper,
                 int fd,
                 bool was_full,
                 const VtNtpGateView *view)
{
    VtNs stood_ns = vt_mono_diff(view->now, gate->changed_at);
    unsigned level = gate->level;
    bool is_settled = stood_ns > (gate->was_opened ? SETTLE_OPENED_NS : SETTLE_NS);
    bool is_due = level > 0 && stood_ns > gate->hold_ns;
    bool is_old = level > 0 && vt_mono_diff(view->now, gate->listed_at) > LIST_EVERY_NS;

    gate->n_turns += was_full ? 1 : 0;
    if (!is_settled || (!is_due && !is_old && !(was_full && gate->n_turns % LOOK_EVERY == 0)))
        return;
    Queue queue = look(fd);
    if (queue.is_long)
        shut(gate);
    else if (is_due)
        open_up(gate, queue.n_dropped, stood_ns);
    if (gate->level != level || is_due) {
        gate->changed_at = view->now;
        gate->n_dropped = queue.n_dropped;
    }
    if (gate->level == level && !is_old)
        return;
    gate->listed_at = view->now;
    apply(gate, keeper, fd, view);
}
