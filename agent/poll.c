/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/poll.h"

#include <glib.h>

#define NETWORK_INTERVAL_NS (64 * VT_NS_PER_SEC)
#define MOST_INTERVAL_NS    (1024 * VT_NS_PER_SEC)

/* Ticks come each second, more or less: none of them is to be missed. */
#define LOCAL_INTERVAL_NS (900 * VT_NS_PER_MS)

#define LOCAL_GAP_NS   (50 * VT_NS_PER_MS)
#define NETWORK_GAP_NS (2 * VT_NS_PER_SEC)

/* Four for a step and two for its proof. */
#define BURST_EXCHANGES 6

/* Refused for good would outlive whatever made the server refuse. */
#define REFUSED_INTERVAL_NS (3600 * VT_NS_PER_SEC)

#define INTERVALS_TO_HOLDOVER 5
#define LEAST_HOLDOVER_NS     (5 * VT_NS_PER_SEC)

static VtNs
first_interval(VtPollKind kind)
{
    switch (kind) {
    case VT_POLL_FREE:
        return 0;
    case VT_POLL_LOCAL:
        return LOCAL_INTERVAL_NS;
    case VT_POLL_NETWORK:
        return NETWORK_INTERVAL_NS;
    case VT_POLL_INVALID:
        break;
    }
    g_assert_not_reached();
}

void
vt_poll_init(VtPoll *poll, VtPollKind kind)
{
    *poll = (VtPoll){
        .kind = kind,
        .interval_ns = first_interval(kind),
        .n_burst_left = BURST_EXCHANGES,
    };
}

/* What must lie between two requests, now. */
static VtNs
get_gap(const VtPoll *poll, bool is_wanted)
{
    if (poll->is_refused)
        return REFUSED_INTERVAL_NS;
    switch (poll->kind) {
    case VT_POLL_FREE:
        return 0;
    case VT_POLL_LOCAL:
        /* A server that was slowed down keeps its pace even if somebody is in a hurry. */
        return is_wanted && poll->interval_ns == LOCAL_INTERVAL_NS ? LOCAL_GAP_NS
                                                                   : poll->interval_ns;
    case VT_POLL_NETWORK:
        return poll->n_burst_left > 0 ? NETWORK_GAP_NS : poll->interval_ns;
    case VT_POLL_INVALID:
        break;
    }
    g_assert_not_reached();
}

VtNs
vt_poll_get_wait(const VtPoll *poll, bool is_wanted, VtMono raw_now)
{
    if (!poll->was_asked)
        return 0;
    VtNs since_ns = vt_mono_diff(raw_now, poll->raw_asked_at);
    return vt_ns_max(vt_ns_sub(get_gap(poll, is_wanted), since_ns), 0);
}

void
vt_poll_begin_burst(VtPoll *poll, VtMono raw_now)
{
    bool is_too_soon =
        poll->had_burst && vt_mono_diff(raw_now, poll->raw_burst_at) < NETWORK_INTERVAL_NS;
    if (poll->is_refused || is_too_soon || poll->interval_ns > first_interval(poll->kind))
        return;
    poll->had_burst = true;
    poll->raw_burst_at = raw_now;
    poll->n_burst_left = BURST_EXCHANGES;
}

void
vt_poll_note_asked(VtPoll *poll, VtMono raw_now)
{
    poll->was_asked = true;
    poll->raw_asked_at = raw_now;
    if (poll->n_burst_left > 0)
        poll->n_burst_left--;
}

void
vt_poll_slow_down(VtPoll *poll)
{
    VtNs slower_ns = vt_ns_max(2 * poll->interval_ns, VT_NS_PER_SEC);
    poll->interval_ns = vt_ns_min(slower_ns, MOST_INTERVAL_NS);
    poll->n_burst_left = 0;
}

void
vt_poll_refuse(VtPoll *poll)
{
    poll->is_refused = true;
    poll->n_burst_left = 0;
}

VtNs
vt_poll_get_holdover(const VtPoll *poll)
{
    return vt_ns_max(INTERVALS_TO_HOLDOVER * poll->interval_ns, LEAST_HOLDOVER_NS);
}

int
vt_poll_get_log2_sec(const VtPoll *poll)
{
    VtNs interval_ns = poll->is_refused ? REFUSED_INTERVAL_NS : poll->interval_ns;
    int log2_sec = 0;
    while (interval_ns >= 3 * VT_NS_PER_SEC / 2) {
        interval_ns /= 2;
        log2_sec++;
    }
    return log2_sec;
}
