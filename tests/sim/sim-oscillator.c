/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/sim/sim-oscillator.h"

#include <math.h>

/* 2025-01-01 00:00:00 UTC. */
#define FIRST_NS  (INT64_C(1735689600) * VT_NS_PER_SEC)
#define UPTIME_NS (1000 * VT_NS_PER_SEC)

/* MAX_TICKADJ of kernel/time/ntp.c. */
#define SLEW_PER_SEC_NS (500 * VT_NS_PER_US)

double
sim_gauss(void)
{
    /* Box and Muller. */
    double radius = sqrt(-2 * log(1 - g_test_rand_double()));
    return radius * cos(2 * G_PI * g_test_rand_double());
}

VtNs
sim_exponential(double mean_ns)
{
    return vt_ns_from_double(-mean_ns * log(1 - g_test_rand_double()));
}

void
sim_oscillator_init(SimOscillator *oscillator)
{
    *oscillator = (SimOscillator){
        .true_ns = FIRST_NS,
        .raw_ns = UPTIME_NS,
        .wall_ns = FIRST_NS,
        .raw_next_second_ns = UPTIME_NS + g_test_rand_int_range(1, 1000000000),
    };
}

static void
add_fraction(int64_t *value_ns, double *rest_ns, double fraction_ns)
{
    double whole_ns = floor(*rest_ns + fraction_ns);
    *value_ns += (int64_t)whole_ns;
    *rest_ns += fraction_ns - whole_ns;
}

/* second_overflow(): what is left of a slew is spread over the second that begins. */
static void
begin_second(SimOscillator *oscillator)
{
    VtNs take_ns = oscillator->slew_pending_ns;
    take_ns = vt_ns_max(vt_ns_min(take_ns, SLEW_PER_SEC_NS), -SLEW_PER_SEC_NS);
    oscillator->slew_pending_ns -= take_ns;
    oscillator->slew_ppb = (double)take_ns;
    oscillator->raw_next_second_ns += VT_NS_PER_SEC;
}

static void
run_chunk(SimOscillator *oscillator, VtNs span_ns)
{
    int64_t raw_before_ns = oscillator->raw_ns;
    oscillator->true_ns += span_ns;
    oscillator->raw_ns += span_ns;
    add_fraction(&oscillator->raw_ns, &oscillator->raw_rest_ns,
                 (double)span_ns * oscillator->rate_ppb * 1e-9);

    int64_t raw_span_ns = oscillator->raw_ns - raw_before_ns;
    oscillator->wall_ns += raw_span_ns;
    add_fraction(&oscillator->wall_ns, &oscillator->wall_rest_ns,
                 (double)raw_span_ns * (oscillator->frequency_ppb + oscillator->slew_ppb) *
                     1e-9);
    if (oscillator->wander_ppb_per_sqrt_sec > 0)
        oscillator->rate_ppb +=
            oscillator->wander_ppb_per_sqrt_sec * sqrt(vt_ns_to_sec(span_ns)) * sim_gauss();
}

void
sim_oscillator_run(SimOscillator *oscillator, VtNs span_ns)
{
    while (span_ns > 0) {
        VtNs left_ns = oscillator->raw_next_second_ns - oscillator->raw_ns;
        VtNs chunk_ns = vt_ns_min(span_ns, vt_ns_max(left_ns, 1));
        run_chunk(oscillator, chunk_ns);
        span_ns -= chunk_ns;
        if (oscillator->raw_ns >= oscillator->raw_next_second_ns)
            begin_second(oscillator);
    }
}

void
sim_oscillator_pause(SimOscillator *oscillator, VtNs span_ns)
{
    oscillator->true_ns += span_ns;
}

VtInstant
sim_oscillator_read(const SimOscillator *oscillator)
{
    return (VtInstant){
        .wall = { .ns = oscillator->wall_ns },
        .raw = { .ns = oscillator->raw_ns },
    };
}

void
sim_oscillator_step(SimOscillator *oscillator, VtNs offset_ns)
{
    oscillator->wall_ns += offset_ns;
    oscillator->slew_pending_ns = 0;
    oscillator->slew_ppb = 0;
}

void
sim_oscillator_slew(SimOscillator *oscillator, VtNs offset_ns)
{
    oscillator->slew_pending_ns = offset_ns / VT_NS_PER_US * VT_NS_PER_US;
}
