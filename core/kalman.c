/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/kalman.h"

#include <math.h>

/* A sample this many sigmas off is no likelier than one twice as far: nothing is normal there. */
#define MOST_SIGMAS 6.0

/* Moves whole nanoseconds from the remainder, so that it stays below one. */
static void
carry_remainder(VtKalman *kalman)
{
    VtNs whole_ns = vt_ns_from_double(kalman->remainder_ns);
    kalman->raw_offset_ns = vt_ns_add(kalman->raw_offset_ns, whole_ns);
    kalman->remainder_ns -= (double)whole_ns;
}

/* A rate beyond is not believed; the phase follows as far as the two belong together. */
static void
limit_rate(VtKalman *kalman)
{
    double possible_ppb =
        fmin(fmax(kalman->rate_ppb, -VT_KALMAN_MOST_RATE_PPB), VT_KALMAN_MOST_RATE_PPB);
    double beyond_ppb = kalman->rate_ppb - possible_ppb;
    kalman->rate_ppb = possible_ppb;
    if (beyond_ppb != 0 && kalman->rate_variance > 0)
        kalman->remainder_ns -= kalman->covariance / kalman->rate_variance * beyond_ppb;
}

/*
 * x' = x + y dt, y' = y; with q the wander's variance per second
 *
 *          | q dt^3 / 3   q dt^2 / 2 |
 *      Q = | q dt^2 / 2   q dt       |
 */
void
vt_kalman_advance(VtKalman *kalman, VtMono raw_at)
{
    double span_sec = vt_ns_to_sec(vt_mono_diff(raw_at, kalman->raw_at));
    if (span_sec <= 0)
        return;

    double q = kalman->wander_variance;
    kalman->raw_at = raw_at;
    kalman->remainder_ns += kalman->rate_ppb * span_sec;
    carry_remainder(kalman);
    kalman->phase_variance += 2 * span_sec * kalman->covariance +
                              span_sec * span_sec * kalman->rate_variance +
                              q * span_sec * span_sec * span_sec / 3;
    kalman->covariance += span_sec * kalman->rate_variance + q * span_sec * span_sec / 2;
    kalman->rate_variance += q * span_sec;
}

void
vt_kalman_reset_phase(VtKalman *kalman, const VtSample *sample, const VtDoubt *doubt)
{
    if (kalman->has_phase)
        vt_kalman_advance(kalman, sample->raw_at);
    kalman->has_phase = true;
    kalman->raw_at = sample->raw_at;
    kalman->raw_offset_ns = sample->raw_offset_ns;
    kalman->remainder_ns = 0;
    kalman->phase_variance = doubt->sigma_ns * doubt->sigma_ns;
    kalman->covariance = 0;
}

double
vt_kalman_update(VtKalman *kalman, const VtSample *sample, const VtDoubt *doubt)
{
    if (!kalman->has_phase) {
        vt_kalman_reset_phase(kalman, sample, doubt);
        return 0;
    }
    vt_kalman_advance(kalman, sample->raw_at);

    double innovation_ns =
        (double)vt_ns_sub(sample->raw_offset_ns, kalman->raw_offset_ns) - kalman->remainder_ns;
    double innovation_variance = kalman->phase_variance + doubt->sigma_ns * doubt->sigma_ns;
    double phase_gain = kalman->phase_variance / innovation_variance;
    double rate_gain = kalman->covariance / innovation_variance;

    kalman->remainder_ns += phase_gain * innovation_ns;
    kalman->rate_ppb += rate_gain * innovation_ns;
    kalman->rate_variance -= rate_gain * kalman->covariance;
    kalman->covariance *= 1 - phase_gain;
    kalman->phase_variance *= 1 - phase_gain;
    limit_rate(kalman);
    carry_remainder(kalman);

    double square = innovation_ns * innovation_ns / innovation_variance;
    return -(log(innovation_variance) + fmin(square, MOST_SIGMAS * MOST_SIGMAS)) / 2;
}

void
vt_kalman_reopen(VtKalman *kalman, const VtKalmanDoubt *doubt)
{
    kalman->phase_variance += doubt->phase_variance;
    kalman->covariance += doubt->covariance;
    kalman->rate_variance += doubt->rate_variance;
}

void
vt_kalman_shift(VtKalman *kalman, VtNs shift_ns)
{
    kalman->raw_offset_ns = vt_ns_add(kalman->raw_offset_ns, shift_ns);
}
