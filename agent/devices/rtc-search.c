/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/devices/rtc-search.h"

#define SEARCH_GAP_NS (20 * VT_NS_PER_MS)
#define HURRY_GAP_NS  (2 * VT_NS_PER_MS)
#define CLOSE_GAP_NS  VT_NS_PER_MS
/* Who asks at the beginning, or after a jump, wants several readings. */
#define N_EACH_EDGE 8
#define EVERY_NS    (4 * VT_NS_PER_SEC)

/* So long before an edge is due the looks begin, and two looks no further apart bracket one. */
#define MARGIN_NS (3 * VT_NS_PER_MS)

/* In a row, before edges are looked for anew. */
#define MOST_MISSED 3

#define LEAST_JUMP_NS (2 * VT_NS_PER_SEC)

static void
lose_edge(VtRtcSearch *search)
{
    search->has_edge = false;
    search->n_edges = 0;
    search->n_missed = 0;
}

/* When the next edge is worth looking for; in between nobody is woken. */
static VtNs
get_wait(VtRtcSearch *search, VtMono raw_at)
{
    VtNs wait_ns = vt_ns_sub(vt_mono_diff(search->raw_due_at, raw_at), MARGIN_NS);
    if (search->has_edge && wait_ns < -2 * SEARCH_GAP_NS)
        lose_edge(search); /* it is not where it was */
    if (search->has_edge)
        return vt_ns_max(wait_ns, CLOSE_GAP_NS);
    return search->is_hurried ? HURRY_GAP_NS : SEARCH_GAP_NS;
}

/*
 * Seconds went by between two looks that are not close together: in the long wait for the edge that
 * is due, or, where this process was held up, that edge, too. The next is a second after it.
 */
static void
pass_over(VtRtcSearch *search, VtWall second)
{
    VtNs beyond_ns = vt_wall_diff(second, search->due);
    if (beyond_ns < 0)
        return;
    search->due = vt_wall_add(second, VT_NS_PER_SEC);
    search->raw_due_at = vt_mono_add(search->raw_due_at, vt_ns_add(beyond_ns, VT_NS_PER_SEC));
    search->n_missed += 1;
    if (search->n_missed >= MOST_MISSED)
        lose_edge(search);
}

/* The edge was after the last look: so long after that one the next is due, or later. */
static VtNs
get_span_to_next(const VtRtcSearch *search)
{
    return search->n_edges < N_EACH_EDGE ? VT_NS_PER_SEC : EVERY_NS;
}

/* When an edge was is known from looks close together alone; that the RTC jumped, from any. */
static bool
note_change(VtRtcSearch *search, VtMono raw_at, VtWall second)
{
    VtNs gap_ns = vt_mono_diff(raw_at, search->raw_look_at);
    VtNs jump_ns = vt_ns_sub(vt_wall_diff(second, search->shown), gap_ns);
    bool has_jumped = vt_ns_abs(jump_ns) >= LEAST_JUMP_NS;
    bool is_close = gap_ns <= MARGIN_NS;

    if (has_jumped) {
        lose_edge(search);
        search->is_hurried = true;
        return true;
    }
    if (search->has_edge && !is_close) {
        pass_over(search, second);
        return false;
    }
    search->has_edge = true;
    search->is_hurried = false;
    search->n_missed = 0;
    search->n_edges += is_close;
    VtNs span_ns = is_close ? get_span_to_next(search) : VT_NS_PER_SEC;
    search->due = vt_wall_add(second, span_ns);
    search->raw_due_at = vt_mono_add(search->raw_look_at, span_ns);
    return is_close;
}

VtRtcLook
vt_rtc_search_look(VtRtcSearch *search, VtMono raw_at, VtWall second)
{
    bool has_changed = search->has_shown && second.ns != search->shown.ns;
    bool is_edge = has_changed && note_change(search, raw_at, second);
    search->has_shown = true;
    search->shown = second;
    search->raw_look_at = raw_at;
    return (VtRtcLook){ .is_edge = is_edge, .wait_ns = get_wait(search, raw_at) };
}

VtNs
vt_rtc_search_want_each(VtRtcSearch *search, VtMono raw_now)
{
    VtNs until_ns = vt_ns_sub(vt_mono_diff(search->raw_due_at, raw_now), MARGIN_NS);
    search->n_edges = 0;
    if (search->has_edge && until_ns > VT_NS_PER_SEC) {
        VtNs sooner_ns = until_ns / VT_NS_PER_SEC * VT_NS_PER_SEC;
        search->raw_due_at = vt_mono_add(search->raw_due_at, -sooner_ns);
        search->due = vt_wall_add(search->due, -sooner_ns);
    }
    return get_wait(search, raw_now);
}
