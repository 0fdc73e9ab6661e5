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

/* Below this a change of the rate is not worth a system call; with trims it is the phase. */
#define RATE_RESOLUTION_PPB 10.0
#define TRIM_RESOLUTION_PPB 1.0

/*
 * An offset below so many sigmas may be none, or is news of one lucky sample: it is trimmed
 * slowly. The sigma is that of the last while, which fades by this much a second, and does not
 * count for more than this many times that of now.
 */
#define DOUBTFUL_SIGMAS    4.0
#define SIGMA_FADE_PER_SEC 0.005
#define MOST_MEMORY        3.0
/* What is beyond as many sigmas of now is there, whatever the last while was like. */
#define NEWS_MEMORY 1.25
/*
 * Slowly: in this part of the time in which the rate's doubt would make as much of an offset as
 * is in doubt now. Longer, and the clock lags behind what is known; shorter, and the doubt of the
 * offset shows in the rate. The same holds between a clock that is off until the next sample and
 * a rate that is: where a sample is worth more than what the clock does until the next one, 1.2
 * of that time is the best that can be done.
 */
#define PATIENCE_SHARE       0.68
#define MOST_PATIENCE_SEC    64.0
#define LEAST_PATIENCE_SPANS 1.17
#define TICK_SEC             1.0

/* An offset that is there for certain is gone as fast as the limit allows, but no faster. */
#define LEAST_TRIM_SEC 0.1
/* What takes longer goes to the kernel. */
#define MOST_TRIM_SEC 2.0
/* A smaller trim may stay until the tick without doing harm. */
#define WAKE_TRIM_PPB 2000.0
/* A rate less sure than this would do more harm than the oscillator. */
#define MOST_RATE_SIGMA_PPB 50000.0
#define MOST_RATE_PPB       1000000.0
/* While one jumps it is followed even so: the next reading comes soon and knows better. */
#define MOST_TRIMMED_RATE_SIGMA_PPB 150000.0

/* Rates other than ours: 500 ppm of frequency and 500 ppm of a slew. */
#define FOREIGN_RATE_DIVISOR 1000
/* Reading two clocks is not one instant; below this nobody has set anything. */
#define FOREIGN_STEP_NS (2 * VT_NS_PER_MS)

void
vt_servo_init(VtServo *servo, double most_trim_ppb)
{
    *servo = (VtServo){ .most_trim_ppb = most_trim_ppb };
}

/* The one place from which a rate goes out. */
static void
set_rate(VtServo *servo, double rate_ppb, double trim_ppb, VtAction *action)
{
    servo->has_rate = true;
    servo->rate_ppb = rate_ppb + trim_ppb;
    servo->trim_ppb = trim_ppb;
    action->set_rate = true;
    action->rate_ppb = servo->rate_ppb;
    action->trim_ppb = trim_ppb;
}

static void
end_trim(VtServo *servo, VtAction *action)
{
    if (servo->has_rate && servo->trim_ppb != 0)
        set_rate(servo, servo->rate_ppb - servo->trim_ppb, 0, action);
}

static double
limit_rate(double rate_ppb)
{
    return fmin(fmax(rate_ppb, -MOST_RATE_PPB), MOST_RATE_PPB);
}

/* Without a trim. */
static void
choose_rate(VtServo *servo, const VtEstimate *estimate, VtAction *action)
{
    if (estimate->rate_sigma_ppb > MOST_RATE_SIGMA_PPB) {
        end_trim(servo, action);
        return;
    }
    double rate_ppb = limit_rate(estimate->rate_ppb);
    double least_change_ppb = servo->trim_ppb != 0
                                  ? TRIM_RESOLUTION_PPB
                                  : fmax(estimate->rate_sigma_ppb / 2, RATE_RESOLUTION_PPB);
    if (!servo->has_rate || fabs(rate_ppb - servo->rate_ppb) > least_change_ppb)
        set_rate(servo, rate_ppb, 0, action);
    servo->trim_ppb = 0;
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

static void
note_sigma(VtServo *servo, const VtEstimate *estimate)
{
    double sigma_ns = estimate->offset_sigma_ns;
    double span_sec = vt_ns_to_sec(vt_mono_diff(estimate->raw_at, servo->raw_sigma_at));
    double faded_ns = servo->sigma_ns * fmax(1 - SIGMA_FADE_PER_SEC * span_sec, 0);
    servo->sigma_ns = fmax(sigma_ns, fmin(faded_ns, MOST_MEMORY * sigma_ns));
    servo->span_sec = fmin(fmax(span_sec, LEAST_TRIM_SEC), TICK_SEC);
    servo->raw_sigma_at = estimate->raw_at;
}

/* How long the offset may take to go. */
static double
choose_span_sec(const VtServo *servo, const VtEstimate *estimate, double offset_ns)
{
    double doubtful_ns =
        DOUBTFUL_SIGMAS * fmin(servo->sigma_ns, NEWS_MEMORY * estimate->offset_sigma_ns);
    double wanted_sec = PATIENCE_SHARE * servo->sigma_ns / fmax(estimate->rate_sigma_ppb, 1e-3);
    double patience_sec = hypot(LEAST_PATIENCE_SPANS * servo->span_sec, wanted_sec);
    double fastest_sec = fmax(fabs(offset_ns) / servo->most_trim_ppb, LEAST_TRIM_SEC);
    patience_sec = fmin(patience_sec, MOST_PATIENCE_SEC);
    if (fabs(offset_ns) > doubtful_ns)
        patience_sec *= (doubtful_ns / offset_ns) * (doubtful_ns / offset_ns);
    double span_sec = fmax(patience_sec, fastest_sec);
    /* Nobody wakes up for a small trim: it has to be right until the tick. */
    return fabs(offset_ns) / span_sec > WAKE_TRIM_PPB ? span_sec : fmax(span_sec, TICK_SEC);
}

/*
 * Whether the kernel's own slew is to do it: it is faster, or it takes so long that it had better
 * end by itself.
 */
static bool
is_for_slew(const VtServo *servo, double offset_ns)
{
    double most_ns = fmin(servo->most_trim_ppb * MOST_TRIM_SEC, (double)MOST_SLEW_NS);
    return fabs(offset_ns) > most_ns;
}

static VtAction
trim(VtServo *servo, const VtEstimate *estimate, VtNs offset_ns)
{
    VtAction action = { .kind = VT_ACTION_HOLD };
    note_sigma(servo, estimate);
    double span_sec = choose_span_sec(servo, estimate, (double)offset_ns);
    double trim_ppb = (double)offset_ns / span_sec;
    double rate_ppb = limit_rate(estimate->rate_ppb);
    VtNs span_ns = vt_ns_from_double(span_sec * (double)VT_NS_PER_SEC);

    if (fabs(trim_ppb) > WAKE_TRIM_PPB)
        action.wake_after_ns = span_ns;
    servo->raw_trim_until = vt_mono_add(estimate->raw_at, action.wake_after_ns);
    double change_ppb = fabs(rate_ppb + trim_ppb - servo->rate_ppb);
    if (!servo->has_rate || change_ppb > TRIM_RESOLUTION_PPB)
        set_rate(servo, rate_ppb, trim_ppb, &action);
    servo->trim_ppb = trim_ppb;
    action.rate_ppb = servo->rate_ppb;
    action.trim_ns = offset_ns;
    action.trim_ppb = trim_ppb;
    return action;
}

VtAction
vt_servo_track(VtServo *servo, const VtEstimate *estimate, VtInstant now)
{
    VtNs offset_ns = vt_estimate_get_offset(estimate, now);
    bool is_slewing = servo->is_slewing && vt_mono_diff(now.raw, servo->raw_slewed_at) < 0;
    if (!is_slewing && estimate->rate_sigma_ppb <= MOST_TRIMMED_RATE_SIGMA_PPB &&
        servo->most_trim_ppb > 0 && !is_for_slew(servo, (double)offset_ns)) {
        servo->is_slewing = false;
        return trim(servo, estimate, offset_ns);
    }

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

VtAction
vt_servo_leave(VtServo *servo, const VtEstimate *estimate)
{
    VtAction action = { .kind = VT_ACTION_HOLD };
    if (servo->has_rate)
        choose_rate(servo, estimate, &action);
    return action;
}

VtNs
vt_servo_get_trim_left(const VtServo *servo, VtInstant now)
{
    if (fabs(servo->trim_ppb) <= WAKE_TRIM_PPB)
        return 0;
    return vt_ns_max(vt_mono_diff(servo->raw_trim_until, now.raw), 1);
}

VtAction
vt_servo_rest(VtServo *servo, VtInstant now)
{
    VtAction action = { .kind = VT_ACTION_HOLD };
    if (vt_mono_diff(now.raw, servo->raw_trim_until) >= 0)
        end_trim(servo, &action);
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
    servo->trim_ppb = 0;
    servo->is_slewing = false;
    servo->stepped_ns = 0;
}
