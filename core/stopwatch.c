/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/stopwatch.h"

/* What a host's clock may drift that nobody steers: 100 ppm, the worst of common quartzes. */
#define DRIFT_PPM 100
#define PPM       1000000

static VtNs
get_error(const VtStopwatch *stopwatch, VtWall at)
{
    VtNs age_ns = vt_ns_abs(vt_wall_diff(at, stopwatch->learned_at));
    return vt_ns_add(stopwatch->error_ns, vt_ns_mul(age_ns / PPM + 1, DRIFT_PPM));
}

void
vt_stopwatch_learn(VtStopwatch *stopwatch,
                   const VtReading *reading,
                   VtNs offset_ns,
                   VtNs error_ns)
{
    VtSample sample = vt_sample_from_reading(reading);
    VtStopwatch learned = {
        .is_known = true,
        .ahead_ns = vt_ns_sub(sample.offset_ns, offset_ns),
        .error_ns = vt_ns_add(sample.error_ns, error_ns),
        .learned_at = reading->reference_sent_at,
    };
    if (stopwatch->is_known && get_error(stopwatch, learned.learned_at) < learned.error_ns)
        return;
    *stopwatch = learned;
}

void
vt_stopwatch_forget(VtStopwatch *stopwatch)
{
    *stopwatch = (VtStopwatch){ 0 };
}

bool
vt_stopwatch_correct(const VtStopwatch *stopwatch,
                     const VtReading *reading,
                     VtReading *ret_reading)
{
    if (!stopwatch->is_known)
        return false;

    VtReading corrected = *reading;
    VtNs correction_ns = vt_ns_sub(0, stopwatch->ahead_ns);
    corrected.reference_received_at =
        vt_wall_add(reading->reference_received_at, correction_ns);
    corrected.reference_sent_at = vt_wall_add(reading->reference_sent_at, correction_ns);
    corrected.reference_synchronised = true;
    corrected.root_delay_ns = 0;
    corrected.root_dispersion_ns = get_error(stopwatch, reading->reference_sent_at);
    *ret_reading = corrected;
    return true;
}
