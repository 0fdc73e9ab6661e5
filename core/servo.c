/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/servo.h"

#include <math.h>

/* What stays outstanding when the agent dies is never more than this. */
#define MOST_SLEW_NS VT_NS_PER_MS

/* adjtime counts whole microseconds. */
#define SLEW_RESOLUTION_NS VT_NS_PER_US

/*
 * The kernel takes up a single-shot slew at the end of a second of its own and spends 500 us in
 * each following second; a rest below 500 us is spread over a whole second (second_overflow in
 * kernel/time/ntp.c). So it has ended after 1 s and one more for each 500 us begun.
 */
#define SLEW_PER_SEC_NS (500 * VT_NS_PER_US)

/* Below this a change of the rate is not worth a system call. */
#define RATE_RESOLUTION_PPB 10.0
/* A rate less sure than this would do more harm than the oscillator. */
#define MOST_RATE_SIGMA_PPB 50000.0
#define MOST_RATE_PPB       1000000.0

/* Rates other than ours: 500 ppm of frequency and 500 ppm of a slew. */
#define FOREIGN_RATE_DIVISOR 1000
/* Reading two clocks is not one instant; below this nobody has set anything. */
#define FOREIGN_STEP_NS (2 * VT_NS_PER_MS)

static void
choose_rate(VtServo *servo, const VtEstimate *estimate, VtAction *action)
{
    if (estimate->rate_sigma_ppb > MOST_RATE_SIGMA_PPB)
        return;
    double rate_ppb = fmin(fmax(estimate->rate_ppb, -MOST_RATE_PPB), MOST_RATE_PPB);
    double least_change_ppb = fmax(estimate->rate_sigma_ppb / 2, RATE_RESOLUTION_PPB);
    if (servo->has_rate && fabs(rate_ppb - servo->rate_ppb) <= least_change_ppb)
        return;
    servo->has_rate = true;
    servo->rate_ppb = rate_ppb;
    action->set_rate = true;
    action->rate_ppb = rate_ppb;
}

static void
choose_slew(VtServo *servo, const VtEstimate *estimate, VtInstant now, VtAction *action)
{
    if (servo->is_slewing && vt_mono_diff(now.raw, servo->raw_slewed_at) < 0)
        return;
    servo->is_slewing = false;

    VtNs offset_ns = vt_estimate_get_offset(estimate, now);
    VtNs dead_band_ns =
        vt_ns_max(SLEW_RESOLUTION_NS, vt_ns_from_double(estimate->offset_sigma_ns));
    if (vt_ns_abs(offset_ns) <= dead_band_ns)
        return;

    VtNs amount_ns = vt_ns_max(vt_ns_min(offset_ns, MOST_SLEW_NS), -MOST_SLEW_NS);
    VtNs seconds = 1 + (vt_ns_abs(amount_ns) + SLEW_PER_SEC_NS - 1) / SLEW_PER_SEC_NS;
    servo->is_slewing = true;
    servo->raw_slewed_at = vt_mono_add(now.raw, seconds * VT_NS_PER_SEC);
    action->kind = VT_ACTION_SLEW;
    action->offset_ns = amount_ns;
}

VtAction
vt_servo_track(VtServo *servo, const VtEstimate *estimate, VtInstant now)
{
    VtAction action = { .kind = VT_ACTION_HOLD };
    choose_rate(servo, estimate, &action);
    choose_slew(servo, estimate, now, &action);
    return action;
}

VtAction
vt_servo_step(VtServo *servo, const VtEstimate *estimate, VtInstant now)
{
    VtAction action = {
        .kind = VT_ACTION_STEP,
        .offset_ns = vt_estimate_get_offset(estimate, now),
    };
    choose_rate(servo, estimate, &action);
    /* Setting the clock ends a slew under way (timekeeping_inject_offset, ntp_clear). */
    servo->is_slewing = false;
    servo->stepped_ns = vt_ns_add(servo->stepped_ns, action.offset_ns);
    return action;
}

VtNs
vt_servo_find_foreign_step(VtServo *servo, VtInstant now)
{
    VtNs foreign_ns = 0;
    if (servo->has_seen) {
        VtNs raw_ns = vt_mono_diff(now.raw, servo->seen.raw);
        VtNs wall_ns = vt_wall_diff(now.wall, servo->seen.wall);
        VtNs moved_ns = vt_ns_sub(vt_ns_sub(wall_ns, raw_ns), servo->stepped_ns);
        VtNs rate_ns = vt_ns_from_double(fabs(servo->rate_ppb) * vt_ns_to_sec(raw_ns));
        VtNs explained_ns = rate_ns + raw_ns / FOREIGN_RATE_DIVISOR + FOREIGN_STEP_NS;
        if (vt_ns_abs(moved_ns) > explained_ns)
            foreign_ns = moved_ns;
    }
    servo->has_seen = true;
    servo->seen = now;
    servo->stepped_ns = 0;
    return foreign_ns;
}

void
vt_servo_forget(VtServo *servo)
{
    servo->has_rate = false;
    servo->is_slewing = false;
    servo->stepped_ns = 0;
}
