/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/ntp-view.h"

#include <math.h>

#include "hostd/ntp-letter-box.h"

/*
 * REALTIME less BOOTTIME moves when the clock is set and at no other time: a slew moves both.
 * Less than this is the time between two readings of which a busy host may come in between.
 */
#define LEAST_SET_NS VT_NS_PER_MS

/* Readings that a busy host tore apart prove nothing. */
#define MOST_SPREAD_NS (100 * VT_NS_PER_US)

#define N_PRECISION_READINGS 100

typedef struct {
    VtHostClock host;
    VtMono boot_at;
} Snapshot;

struct VtNtpView {
    VtClock *clock;
    int8_t precision_log2_sec;
    VtNtpLetterBox box; /* Snapshot */
    bool has_looked;
    VtNs wall_less_boot_ns; /* at the last look */
    VtMono set_at;          /* older snapshots are of another clock */
};

/* The least time between two readings that differ (RFC 5905, section 11.1), as a power of two. */
static int8_t
measure_precision(VtClock *clock)
{
    VtNs least_ns = VT_NS_PER_SEC;
    VtWall last = vt_clock_read_wall(clock);
    for (int i = 0; i < N_PRECISION_READINGS; i++) {
        VtWall now = vt_clock_read_wall(clock);
        VtNs step_ns = vt_wall_diff(now, last);
        if (step_ns > 0)
            least_ns = vt_ns_min(least_ns, step_ns);
        last = now;
    }
    return (int8_t)ceil(log2(vt_ns_to_sec(least_ns)));
}

VtNtpView *
vt_ntp_view_new(VtClock *clock)
{
    VtNtpView *view = g_new0(VtNtpView, 1);
    view->clock = clock;
    view->precision_log2_sec = measure_precision(clock);
    Snapshot *first = g_new0(Snapshot, 1);
    first->host = vt_host_clock_judge(VT_HOST_CLOCK_UNSYNCHRONISED, NULL, (VtWall){ 0 });
    vt_ntp_letter_box_init(&view->box, first, g_free);
    return view;
}

void
vt_ntp_view_free(VtNtpView *view)
{
    if (view == NULL)
        return;
    vt_ntp_letter_box_clear(&view->box);
    g_free(view);
}

void
vt_ntp_view_post(VtNtpView *view, const VtHostClock *host)
{
    Snapshot *snapshot = g_new0(Snapshot, 1);
    snapshot->host = *host;
    snapshot->boot_at = vt_clock_read_boot(view->clock);
    vt_ntp_letter_box_post(&view->box, snapshot);
}

static bool
check_set(VtNtpView *view, VtMono before)
{
    VtWall wall = vt_clock_read_wall(view->clock);
    VtMono after = vt_clock_read_boot(view->clock);
    if (view->has_looked && vt_mono_diff(after, before) > MOST_SPREAD_NS)
        return false;

    VtNs wall_less_boot_ns = vt_ns_sub(wall.ns, after.ns);
    VtNs moved_ns = vt_ns_sub(wall_less_boot_ns, view->wall_less_boot_ns);
    bool was_set = view->has_looked && vt_ns_abs(moved_ns) >= LEAST_SET_NS;
    if (was_set)
        view->set_at = before;
    view->has_looked = true;
    view->wall_less_boot_ns = wall_less_boot_ns;
    return was_set;
}

VtNtpSight
vt_ntp_view_look(VtNtpView *view)
{
    VtNtpSight sight = { .boot_at = vt_clock_read_boot(view->clock) };
    const Snapshot *snapshot = vt_ntp_letter_box_take(&view->box);

    sight.was_set = check_set(view, sight.boot_at);
    VtNs age_ns = vt_mono_diff(sight.boot_at, snapshot->boot_at);
    sight.host = vt_host_clock_age(&snapshot->host, age_ns);
    if (vt_mono_diff(view->set_at, snapshot->boot_at) > 0)
        sight.host = vt_host_clock_judge(VT_HOST_CLOCK_UNSYNCHRONISED, NULL, (VtWall){ 0 });
    sight.host.precision_log2_sec = view->precision_log2_sec;
    return sight;
}
