/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-gate.h"

#include <linux/sock_diag.h>
#include <stdlib.h>
#include <sys/socket.h>

/* The queue is looked at once in so many full turns. */
#define LOOK_EVERY 4

/* What is in the queue must have had the time to leave it. */
#define SETTLE_NS (20 * VT_NS_PER_MS)

#define LEAST_HOLD_NS (500 * VT_NS_PER_MS)
#define MOST_HOLD_NS  (16 * VT_NS_PER_SEC)

/* All but one in 4096 of those that nobody knows. */
#define MOST_LEVEL 13

/* Of what those send that flood. Not nothing: whoever writes a client's address on packets of
 * his own does not silence it, and the records show when the flood is over. */
#define FLOODING_SHARE (VT_NTP_FILTER_ALL / 64)

/* Fewer than this are no flood. */
#define QUIET_HZ 1000

#define MOST_FLOODING (VT_NTP_FILTER_MOST_SOURCES / 4)

/* Where the settings have no limit: what a client never needs. */
#define DEFAULT_INTERVAL_NS (125 * VT_NS_PER_MS)

/* A client whose records are older is none any more; it asks each 1024 s at the least. */
#define MOST_SILENCE_NS (4096 * VT_NS_PER_SEC)

/* Who floods asks again within this. */
#define FLOODING_SILENCE_NS VT_NS_PER_SEC

struct VtNtpGatekeeper {
    VtNtpFilterMix mix;
    size_t n_sources;
    VtNtpFilterSource sources[VT_NTP_FILTER_MOST_SOURCES];
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

/* Which clients a pass over all records takes into the list. */
typedef enum {
    WORST,    /* flood by far */
    FLOODING, /* ask more often than they may */
    OLD,      /* behave, and did so before the flood */
    BEHAVED,
} Choice;

static bool
is_chosen(Choice choice, const VtNtpClient *client, const VtNtpGateView *view, VtMono shut_at)
{
    VtNs interval_ns = view->interval_ns > 0 ? view->interval_ns : DEFAULT_INTERVAL_NS;
    VtNs silent_ns = vt_mono_diff(view->now, client->last_at);
    bool is_old = vt_mono_diff(client->first_at, shut_at) < 0;

    switch (choice) {
    case WORST:
        return client->gap_ns < interval_ns / 64 && client->n_requests > 64 &&
               silent_ns < FLOODING_SILENCE_NS;
    case FLOODING:
        return client->gap_ns < interval_ns / 2 && client->gap_ns >= interval_ns / 64 &&
               client->n_requests > 16 && silent_ns < FLOODING_SILENCE_NS;
    case OLD:
        return is_old && client->gap_ns >= interval_ns && silent_ns < MOST_SILENCE_NS;
    case BEHAVED:
        return !is_old && client->gap_ns >= interval_ns && client->n_requests > 2 &&
               silent_ns < MOST_SILENCE_NS;
    }
    g_assert_not_reached();
}

static void
list(VtNtpGatekeeper *keeper,
     Choice choice,
     size_t most,
     const VtNtpGateView *view,
     VtMono shut_at)
{
    VtNtpClient client;
    for (size_t i = 0; i < VT_NTP_CLIENTS_MOST && keeper->n_sources < most; i++) {
        if (!vt_ntp_clients_peek(view->clients, i, &client) ||
            !is_chosen(choice, &client, view, shut_at))
            continue;
        keeper->sources[keeper->n_sources++] = (VtNtpFilterSource){
            .key = vt_ntp_filter_get_key(&keeper->mix, client.address),
            .is_flooding = choice == WORST || choice == FLOODING,
        };
    }
}

static int
compare(const void *a, const void *b)
{
    const VtNtpFilterSource *first = a;
    const VtNtpFilterSource *second = b;
    return (first->key > second->key) - (first->key < second->key);
}

static void
list_all(VtNtpGatekeeper *keeper, const VtNtpGateView *view, VtMono shut_at)
{
    keeper->n_sources = 0;
    list(keeper, WORST, MOST_FLOODING, view, shut_at);
    list(keeper, FLOODING, MOST_FLOODING, view, shut_at);
    list(keeper, OLD, VT_NTP_FILTER_MOST_SOURCES, view, shut_at);
    list(keeper, BEHAVED, VT_NTP_FILTER_MOST_SOURCES, view, shut_at);
    qsort(keeper->sources, keeper->n_sources, sizeof *keeper->sources, compare);
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
    list_all(keeper, view, gate->shut_at);
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
shut(VtNtpGate *gate, VtMono now)
{
    VtNs stood_ns = vt_mono_diff(now, gate->changed_at);
    if (gate->level == 0)
        gate->shut_at = now;
    /* Less did not do: it is not tried again so soon. */
    if (gate->level == 0 && stood_ns > MOST_HOLD_NS)
        gate->hold_ns = LEAST_HOLD_NS;
    else
        gate->hold_ns = CLAMP(gate->hold_ns * 2, LEAST_HOLD_NS, MOST_HOLD_NS);
    gate->level = MIN(gate->level + 1, MOST_LEVEL);
}

/* One level down, or all if there is nothing any more to keep out. */
static void
open_up(VtNtpGate *gate, uint32_t n_dropped, VtNs stood_ns)
{
    double rate_hz = (n_dropped - gate->n_dropped) / vt_ns_to_sec(stood_ns);
    gate->level = rate_hz < QUIET_HZ ? 0 : gate->level - 1;
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
    bool is_settled = stood_ns > SETTLE_NS;
    bool is_due = gate->level > 0 && stood_ns > gate->hold_ns;

    gate->n_turns += was_full ? 1 : 0;
    if (!is_settled || (!is_due && !(was_full && gate->n_turns % LOOK_EVERY == 0)))
        return;
    Queue queue = look(fd);
    if (queue.is_long)
        shut(gate, view->now);
    else if (is_due)
        open_up(gate, queue.n_dropped, stood_ns);
    if (gate->level == level)
        return;
    gate->changed_at = view->now;
    gate->n_dropped = queue.n_dropped;
    apply(gate, keeper, fd, view);
}
