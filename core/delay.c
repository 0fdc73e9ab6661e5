/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/delay.h"

#include <math.h>

/* About four minutes at a reading a second: the least delay lives one to two windows. */
#define WINDOW_SAMPLES 256
#define LEAST_SAMPLES  4
#define MOST_SAMPLES   64

/* Reading a clock and scheduling make this much noise however short the delay. */
#define NOISE_FLOOR_NS 100.0

/* An error that is uniform on +-a has the variance a^2 / 3. */
#define UNIFORM_VARIANCE (1.0 / 3.0)

static VtNs
get_least(const VtDelay *delay)
{
    return vt_ns_min(delay->window_least_ns, delay->previous_least_ns);
}

void
vt_delay_learn(VtDelay *delay, const VtSample *sample)
{
    if (delay->n_samples == 0) {
        delay->window_least_ns = sample->delay_ns;
        delay->previous_least_ns = sample->delay_ns;
        /* Nothing is known of the scatter yet: half of the delay may be queueing. */
        delay->mean_excess_ns = (double)sample->delay_ns / 2;
    }
    if (delay->n_in_window == WINDOW_SAMPLES) {
        delay->previous_least_ns = delay->window_least_ns;
        delay->window_least_ns = sample->delay_ns;
        delay->n_in_window = 0;
    }
    delay->window_least_ns = vt_ns_min(delay->window_least_ns, sample->delay_ns);
    delay->n_in_window++;
    if (delay->n_samples < MOST_SAMPLES)
        delay->n_samples++;

    double excess_ns = (double)(sample->delay_ns - get_least(delay));
    delay->mean_excess_ns += (excess_ns - delay->mean_excess_ns) / (delay->n_samples + 1);
}

VtNs
vt_delay_get_least(const VtDelay *delay)
{
    return delay->n_samples >= LEAST_SAMPLES ? get_least(delay) : 0;
}

VtDoubt
vt_delay_judge(const VtDelay *delay, const VtSample *sample)
{
    double half_excess_ns = (double)(sample->delay_ns - get_least(delay)) / 2;
    /*
     * The least of n delays is itself above the true minimum: by about 0.6 mean excess /
     * sqrt(n) when the excess is the sum of two exponential delays.
     */
    double half_least_ns = 0.3 * delay->mean_excess_ns / sqrt((double)delay->n_samples);

    double variance_ns2 =
        UNIFORM_VARIANCE * (half_excess_ns * half_excess_ns + half_least_ns * half_least_ns) +
        NOISE_FLOOR_NS * NOISE_FLOOR_NS;
    return (VtDoubt){
        .half_width_ns =
            vt_ns_from_double(half_excess_ns + 2 * half_least_ns + 3 * NOISE_FLOOR_NS),
        .sigma_ns = sqrt(variance_ns2),
    };
}
