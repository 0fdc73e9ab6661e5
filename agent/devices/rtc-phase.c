/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/devices/rtc-phase.h"

/*
 * An interrupt reaches a process in a guest within some 100 us, now and then within 4 ms. What
 * is later than that is a sign, and at worst costs one reading.
 */
#define MOST_LATE_NS (5 * VT_NS_PER_MS)

/* Two oscillators, as far apart as they can be. */
#define RATE_DIVISOR 1000

/* How an edge that came early moves the grid, and one that came late: most are late. */
#define LATE_WEIGHT 8

#define LEAST_LOCAL_NS (900 * VT_NS_PER_SEC)

/*
 * The kernel writes a second into an RTC half a second after it began, or up to five jiffies of
 * 250 Hz later. On most processors that is where the RTC's seconds begin from then on.
 */
#define MOST_WRITTEN_LATE_NS (25 * VT_NS_PER_MS)

/* Contradictions in a row after which what was learnt is no longer so. */
#define MOST_CONTRADICTIONS 2

/* RFC 5905, PHI: what the host's own clock may drift. */
#define PHI_PPM 15
#define PPM     1000000

static VtNs
round_to_second(VtNs span_ns)
{
    VtNs half_ns = span_ns >= 0 ? VT_NS_PER_SEC / 2 : -(VT_NS_PER_SEC / 2);
    return vt_ns_add(span_ns, half_ns) / VT_NS_PER_SEC * VT_NS_PER_SEC;
}

static bool
is_quarter_of_hours(VtNs span_ns)
{
    VtNs rest_ns = vt_ns_abs(span_ns) % LEAST_LOCAL_NS;
    return vt_ns_abs(span_ns) >= LEAST_LOCAL_NS - VT_NS_PER_SEC &&
           (rest_ns <= VT_NS_PER_SEC || rest_ns >= LEAST_LOCAL_NS - VT_NS_PER_SEC);
}

VtNs
vt_rtc_grid_get_jump(const VtRtcGrid *grid, VtMono raw_at, VtWall second)
{
    VtNs raw_ns = vt_mono_diff(raw_at, grid->raw_last_at);
    return vt_ns_sub(vt_wall_diff(second, grid->second_last), raw_ns);
}

static void
follow_grid(VtRtcGrid *grid, VtMono raw_at, VtNs late_ns)
{
    VtNs moved_ns = late_ns > 0 ? late_ns / LATE_WEIGHT : late_ns;
    grid->raw_grid_at = vt_mono_add(raw_at, vt_ns_sub(moved_ns, late_ns));
}

VtRtcEdgeKind
vt_rtc_grid_judge(VtRtcGrid *grid, VtMono raw_at, VtWall second)
{
    if (!grid->has_last) {
        grid->has_last = true;
        grid->raw_grid_at = raw_at;
        grid->raw_last_at = raw_at;
        grid->second_last = second;
        return VT_RTC_EDGE_FIRST;
    }

    VtNs since_ns = vt_mono_diff(raw_at, grid->raw_grid_at);
    VtNs late_ns = vt_ns_sub(since_ns, round_to_second(since_ns));
    VtNs jump_ns = vt_rtc_grid_get_jump(grid, raw_at, second);
    grid->raw_last_at = raw_at;
    grid->second_last = second;
    if (vt_ns_abs(jump_ns) < VT_NS_PER_SEC &&
        vt_ns_abs(late_ns) <= MOST_LATE_NS + since_ns / RATE_DIVISOR) {
        follow_grid(grid, raw_at, late_ns);
        return VT_RTC_EDGE_IN_PHASE;
    }

    /* This edge was overdue and is none of the new grid; the next one is. */
    grid->has_last = false;
    if (jump_ns <= -VT_NS_PER_SEC || (grid->is_local_time && is_quarter_of_hours(jump_ns)))
        return VT_RTC_EDGE_WAS_SET;
    return jump_ns >= VT_NS_PER_SEC ? VT_RTC_EDGE_JUMPED : VT_RTC_EDGE_OFF_PHASE;
}

static void
take(VtRtcPhase *phase, VtWall second, const VtRtcWitness *witness)
{
    *phase = (VtRtcPhase){
        .is_known = true,
        .is_true = witness->is_true,
        .ahead_ns = vt_wall_diff(witness->true_at, second),
        .error_ns = witness->error_ns,
        .learnt_at = second,
        .n_sets = phase->n_sets,
    };
}

bool
vt_rtc_phase_learn(VtRtcPhase *phase, VtWall second, const VtRtcWitness *witness)
{
    VtNs ahead_ns = vt_wall_diff(witness->true_at, second);
    if (!phase->is_known || (witness->is_true && !phase->is_true)) {
        take(phase, second, witness);
        return true;
    }
    if (phase->is_true && !witness->is_true)
        return false;

    VtNs apart_ns = vt_ns_sub(ahead_ns, phase->ahead_ns);
    VtNs allowed_ns = vt_ns_add(vt_rtc_phase_get_error(phase, second),
                                vt_ns_add(witness->error_ns, MOST_LATE_NS));
    if (vt_ns_abs(apart_ns) > allowed_ns) {
        phase->n_contradictions += 1;
        if (phase->n_contradictions < MOST_CONTRADICTIONS)
            return false;
        phase->n_sets += 1;
        take(phase, second, witness);
        return true;
    }
    /* An interrupt is never early: the least of all lags is the phase. */
    VtNs moved_ns = apart_ns > 0 ? apart_ns / LATE_WEIGHT : apart_ns;
    phase->n_contradictions = 0;
    phase->ahead_ns = vt_ns_add(phase->ahead_ns, moved_ns);
    phase->error_ns = witness->error_ns;
    phase->learnt_at = second;
    return true;
}

/* What of it is no time zone. */
static VtNs
get_rest(VtNs ahead_ns)
{
    VtNs half_ns = ahead_ns >= 0 ? LEAST_LOCAL_NS / 2 : -(LEAST_LOCAL_NS / 2);
    return vt_ns_sub(ahead_ns, vt_ns_add(ahead_ns, half_ns) / LEAST_LOCAL_NS * LEAST_LOCAL_NS);
}

/* Where its seconds begin has stayed, and what it shows has come nearer to the clock. */
static bool
is_written_in_phase(const VtRtcPhase *phase, VtNs ahead_ns)
{
    VtNs apart_ns = vt_ns_abs(vt_ns_sub(ahead_ns, phase->ahead_ns));
    return vt_ns_abs(vt_ns_sub(apart_ns, VT_NS_PER_SEC)) <= MOST_LATE_NS &&
           vt_ns_abs(get_rest(ahead_ns)) <= VT_NS_PER_SEC / 2 + MOST_LATE_NS;
}

/* Its seconds begin with the clock's. */
static bool
may_be_written(VtNs ahead_ns)
{
    VtNs rest_ns = get_rest(ahead_ns);
    return rest_ns >= -MOST_LATE_NS && rest_ns <= MOST_WRITTEN_LATE_NS;
}

/* A move so small may also be two edges in a row that came late: either may be true. */
static void
take_written(VtRtcPhase *phase, VtWall second, VtNs ahead_ns)
{
    VtNs moved_ns = vt_ns_abs(vt_ns_sub(ahead_ns, phase->ahead_ns));
    VtNs doubt_ns = moved_ns <= MOST_WRITTEN_LATE_NS + MOST_LATE_NS ? moved_ns : 0;
    phase->error_ns =
        vt_ns_add(vt_rtc_phase_get_error(phase, second), vt_ns_add(doubt_ns, MOST_LATE_NS));
    phase->ahead_ns = ahead_ns;
    phase->learnt_at = second;
    phase->n_contradictions = 0;
}

VtRtcEdgeKind
vt_rtc_phase_judge_write(VtRtcPhase *phase, VtRtcEdgeKind kind, VtWall second, VtWall wall_at)
{
    VtNs ahead_ns = vt_wall_diff(wall_at, second);
    bool was_maybe_written = phase->is_maybe_written;

    phase->is_maybe_written = false;
    if (!phase->is_known || !phase->is_true)
        return kind;
    if (was_maybe_written &&
        vt_ns_abs(vt_ns_sub(ahead_ns, phase->written_ahead_ns)) <= MOST_LATE_NS)
        take_written(phase, second, vt_ns_min(ahead_ns, phase->written_ahead_ns));
    if (kind == VT_RTC_EDGE_FIRST || kind == VT_RTC_EDGE_IN_PHASE)
        return kind;
    if (is_written_in_phase(phase, ahead_ns)) {
        phase->error_ns = vt_rtc_phase_get_error(phase, second);
        phase->learnt_at = second;
        phase->ahead_ns = vt_ns_add(
            phase->ahead_ns, ahead_ns > phase->ahead_ns ? VT_NS_PER_SEC : -VT_NS_PER_SEC);
        return VT_RTC_EDGE_FIRST;
    }
    phase->is_maybe_written = kind == VT_RTC_EDGE_OFF_PHASE && may_be_written(ahead_ns);
    phase->written_ahead_ns = ahead_ns;
    return kind;
}

void
vt_rtc_phase_forget(VtRtcPhase *phase)
{
    *phase = (VtRtcPhase){ .n_sets = phase->n_sets + 1 };
}

VtNs
vt_rtc_phase_get_error(const VtRtcPhase *phase, VtWall second)
{
    VtNs age_ns = vt_ns_max(vt_wall_diff(second, phase->learnt_at), 0);
    return vt_ns_add(phase->error_ns, age_ns / PPM * PHI_PPM);
}

bool
vt_rtc_phase_is_local_time(const VtRtcPhase *phase)
{
    return phase->is_known && vt_ns_abs(phase->ahead_ns) >= LEAST_LOCAL_NS - VT_NS_PER_SEC;
}
