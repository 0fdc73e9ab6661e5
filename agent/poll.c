/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/poll.h"

#include <glib.h>

#define NETWORK_LEAST_NS    (64 * VT_NS_PER_SEC)
#define NETWORK_GREATEST_NS (1024 * VT_NS_PER_SEC)

/* Ticks come each second, more or less: none of them is to be missed. */
#define LOCAL_INTERVAL_NS (900 * VT_NS_PER_MS)

#define LOCAL_GAP_NS   (50 * VT_NS_PER_MS)
#define NETWORK_GAP_NS (2 * VT_NS_PER_SEC)

/* The tick's, and as many as a step takes: to wait between them would only make it come later. */
#define LOCAL_AT_ONCE 5

/* Four for a step, and as many for its proof if one was made. */
#define BURST_EXCHANGES 4
#define PROOF_EXCHANGES 4

/* Refused for good would outlive whatever made the server refuse. */
#define REFUSED_INTERVAL_NS (3600 * VT_NS_PER_SEC)

#define INTERVALS_TO_HOLDOVER 5
#define LEAST_HOLDOVER_NS     (5 * VT_NS_PER_SEC)

/* Of the interval: by so much at most the next one is longer by lot. */
#define SPREAD_DIVISOR 16

/* Readings in a row that say the same before the interval changes, and what counts as many. */
#define SCORE_TO_CHANGE 4
#define MANY_SAMPLES    8

static VtNs
first_interval(VtPollKind kind)
{
    switch (kind) {
    case VT_POLL_FREE:
        return 0;
    case VT_POLL_LOCAL:
        return LOCAL_INTERVAL_NS;
    case VT_POLL_NETWORK:
        return NETWORK_LEAST_NS;
    case VT_POLL_INVALID:
        break;
    }
    g_assert_not_reached();
}

void
vt_poll_init(VtPoll *poll, VtPollKind kind)
{
    VtNs first_ns = first_interval(kind);
    *poll = (VtPoll){
        .kind = kind,
        .interval_ns = first_ns,
        .least_ns = first_ns,
        .greatest_ns = kind == VT_POLL_NETWORK ? NETWORK_GREATEST_NS : first_ns,
        .has_burst = true,
        .n_burst_left = BURST_EXCHANGES,
        .n_proof_left = PROOF_EXCHANGES,
    };
}

void
vt_poll_set_range(VtPoll *poll, int least_log2_sec, int greatest_log2_sec)
{
    if (poll->kind != VT_POLL_NETWORK)
        return;
    poll->least_ns = VT_NS_PER_SEC << least_log2_sec;
    poll->greatest_ns = VT_NS_PER_SEC << greatest_log2_sec;
    poll->interval_ns = poll->least_ns;
}

void
vt_poll_forbid_bursts(VtPoll *poll)
{
    poll->has_burst = false;
    poll->n_burst_left = 0;
    poll->n_proof_left = 0;
}

static bool
is_in_burst(const VtPoll *poll, bool is_wanted)
{
    return poll->n_burst_left > 0 || (is_wanted && poll->n_proof_left > 0);
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
        return poll->interval_ns;
    case VT_POLL_NETWORK:
        return is_in_burst(poll, is_wanted) ? NETWORK_GAP_NS
                                            : vt_ns_add(poll->interval_ns, poll->spread_ns);
    case VT_POLL_INVALID:
        break;
    }
    g_assert_not_reached();
}

/* A server that was slowed down keeps its pace even if somebody is in a hurry. */
static bool
may_hurry(const VtPoll *poll, bool is_wanted)
{
    return is_wanted && poll->kind == VT_POLL_LOCAL && !poll->is_slowed && !poll->is_refused;
}

VtNs
vt_poll_get_wait(const VtPoll *poll, bool is_wanted, VtMono raw_now)
{
    if (!poll->was_asked)
        return 0;
    VtNs since_ns = vt_mono_diff(raw_now, poll->raw_asked_at);
    if (may_hurry(poll, is_wanted)) {
        VtNs debt_ns = vt_mono_diff(poll->raw_owed_until, raw_now);
        VtNs wait_ns = vt_ns_sub(debt_ns, (LOCAL_AT_ONCE - 1) * LOCAL_GAP_NS);
        VtNs patience_ns = poll->is_unanswered ? vt_ns_sub(LOCAL_GAP_NS, since_ns) : 0;
        return vt_ns_max(vt_ns_max(wait_ns, patience_ns), 0);
    }
    return vt_ns_max(vt_ns_sub(get_gap(poll, is_wanted), since_ns), 0);
}

void
vt_poll_begin_burst(VtPoll *poll, VtMono raw_now)
{
    bool is_too_soon =
        poll->was_burst && vt_mono_diff(raw_now, poll->raw_burst_at) < NETWORK_LEAST_NS;
    if (poll->is_refused || is_too_soon || poll->is_slowed || !poll->has_burst)
        return;
    poll->was_burst = true;
    poll->raw_burst_at = raw_now;
    poll->n_burst_left = BURST_EXCHANGES;
    poll->n_proof_left = PROOF_EXCHANGES;
    poll->interval_ns = poll->least_ns;
    poll->score = 0;
}

void
vt_poll_note_asked(VtPoll *poll, VtMono raw_now, VtNs spread_ns)
{
    bool is_at_rest =
        poll->was_asked && vt_mono_diff(raw_now, poll->raw_asked_at) >= poll->least_ns;
    /* The burst at the start is one, too. */
    if (!poll->was_asked && poll->n_burst_left > 0) {
        poll->was_burst = true;
        poll->raw_burst_at = raw_now;
    }
    bool is_in_debt = poll->was_asked && vt_mono_diff(poll->raw_owed_until, raw_now) > 0;
    poll->raw_owed_until =
        vt_mono_add(is_in_debt ? poll->raw_owed_until : raw_now, LOCAL_GAP_NS);
    poll->was_asked = true;
    poll->is_unanswered = true;
    poll->raw_asked_at = raw_now;
    poll->spread_ns = spread_ns % (poll->interval_ns / SPREAD_DIVISOR + 1);
    if (poll->n_burst_left > 0)
        poll->n_burst_left--;
    else if (is_at_rest)
        poll->n_proof_left = 0;
    else if (poll->n_proof_left > 0)
        poll->n_proof_left--;
}

void
vt_poll_note_answered(VtPoll *poll)
{
    poll->is_unanswered = false;
}

static void
shorten(VtPoll *poll)
{
    poll->interval_ns = vt_ns_max(poll->interval_ns / 2, poll->least_ns);
    poll->score = 0;
}

void
vt_poll_adapt(VtPoll *poll, unsigned n_samples, bool is_surprise)
{
    if (poll->kind != VT_POLL_NETWORK || poll->n_burst_left > 0)
        return;
    if (is_surprise) {
        shorten(poll);
        return;
    }
    poll->score += n_samples >= MANY_SAMPLES ? 1 : -1;
    if (poll->score <= -SCORE_TO_CHANGE) {
        shorten(poll);
    } else if (poll->score >= SCORE_TO_CHANGE) {
        poll->interval_ns = vt_ns_min(2 * poll->interval_ns, poll->greatest_ns);
        poll->score = 0;
    }
}

void
vt_poll_slow_down(VtPoll *poll)
{
    VtNs slower_ns = vt_ns_max(2 * poll->interval_ns, VT_NS_PER_SEC);
    poll->is_slowed = true;
    poll->interval_ns = vt_ns_min(slower_ns, vt_ns_max(NETWORK_GREATEST_NS, poll->least_ns));
    /* Nor is it ever asked more often again. */
    poll->least_ns = poll->interval_ns;
    poll->greatest_ns = vt_ns_max(poll->greatest_ns, poll->interval_ns);
    poll->n_burst_left = 0;
    poll->n_proof_left = 0;
}

void
vt_poll_refuse(VtPoll *poll)
{
    poll->is_refused = true;
    poll->n_burst_left = 0;
    poll->n_proof_left = 0;
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
