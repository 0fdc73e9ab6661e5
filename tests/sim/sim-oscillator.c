/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/sim/sim-oscillator.h"

#include <math.h>

/* 2025-01-01 00:00:00 UTC. */
#define FIRST_NS  (INT64_C(1735689600) * VT_NS_PER_SEC)
#define UPTIME_NS (1000 * VT_NS_PER_SEC)

/* MAX_TICKADJ of kernel/time/ntp.c. */
#define SLEW_PER_SEC_NS (500 * VT_NS_PER_US)

/* Of the kernel's loop: SHIFT_PLL, MAXPHASE, MINSEC, MAXSEC, MAXFREQ. */
#define LOOP_SHIFT          2
#define LOOP_MOST_OFFSET_NS 500e6
#define LOOP_LEAST_SEC      256.0
#define LOOP_MOST_SEC       2048.0
#define MOST_FREQUENCY_PPB  500000.0

double
sim_draw(GRand *random)
{
    return g_rand_double(random);
}

double
sim_draw_gauss(GRand *random)
{
    /* Box and Muller. */
    double radius = sqrt(-2 * log(1 - sim_draw(random)));
    return radius * cos(2 * G_PI * sim_draw(random));
}

VtNs
sim_draw_exponential(GRand *random, double mean_ns)
{
    return vt_ns_from_double(-mean_ns * log(1 - sim_draw(random)));
}

void
sim_oscillator_init(SimOscillator *oscillator, GRand *random)
{
    double phase = sim_draw(random);
    *oscillator = (SimOscillator){
        .random = random,
        .true_ns = FIRST_NS,
        .raw_ns = UPTIME_NS,
        .wall_ns = FIRST_NS,
        .raw_next_second_ns = UPTIME_NS + 1 + vt_ns_from_double(phase * 0.99e9),
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
    double loop_ns =
        oscillator->loop_offset_ns / (1 << (LOOP_SHIFT + oscillator->loop_constant));
    oscillator->loop_offset_ns -= loop_ns;
    oscillator->slew_ppb = (double)take_ns + loop_ns;
    oscillator->raw_next_second_ns += VT_NS_PER_SEC;
}

/*
 * A random walk of the rate over a span, and what it adds to the phase: two normal variables
 * with the variances q t and q t^3 / 3 and the covariance q t^2 / 2. Returns the phase.
 */
static double
wander(SimOscillator *oscillator, VtNs span_ns)
{
    if (oscillator->wander_ppb_per_sqrt_sec <= 0)
        return 0;
    double span_sec = vt_ns_to_sec(span_ns);
    double walk_ppb = oscillator->wander_ppb_per_sqrt_sec * sqrt(span_sec);
    double end = sim_draw_gauss(oscillator->random);
    double bend = sim_draw_gauss(oscillator->random);
    oscillator->rate_ppb += walk_ppb * end;
    return walk_ppb * span_sec * (end / 2 + bend / sqrt(12));
}

static double
get_oscillator_rate(const SimOscillator *oscillator)
{
    if (oscillator->cycle_ns <= 0)
        return oscillator->rate_ppb;
    double turns =
        (double)(oscillator->true_ns % oscillator->cycle_ns) / (double)oscillator->cycle_ns;
    return oscillator->rate_ppb + oscillator->cycle_ppb * sin(2 * G_PI * turns);
}

static void
run_chunk(SimOscillator *oscillator, VtNs span_ns)
{
    int64_t raw_before_ns = oscillator->raw_ns;
    double steady_ns = (double)span_ns * get_oscillator_rate(oscillator) * 1e-9;
    oscillator->true_ns += span_ns;
    oscillator->raw_ns += span_ns;
    add_fraction(&oscillator->raw_ns, &oscillator->raw_rest_ns,
                 steady_ns + wander(oscillator, span_ns));

    int64_t raw_span_ns = oscillator->raw_ns - raw_before_ns;
    oscillator->wall_ns += raw_span_ns;
    add_fraction(&oscillator->wall_ns, &oscillator->wall_rest_ns,
                 (double)raw_span_ns * (oscillator->frequency_ppb + oscillator->slew_ppb) *
                     1e-9);
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
    oscillator->loop_offset_ns = 0;
    oscillator->slew_ppb = 0;
}

void
sim_oscillator_slew(SimOscillator *oscillator, VtNs offset_ns)
{
    oscillator->slew_pending_ns = offset_ns / VT_NS_PER_US * VT_NS_PER_US;
}

/* ntp_update_offset_fll(), in ppb. */
static double
get_fll_ppb(const SimLoopOffset *offset, double offset_ns, double span_sec)
{
    bool is_used =
        span_sec >= LOOP_LEAST_SEC && (offset->is_frequency || span_sec > LOOP_MOST_SEC);
    return is_used ? offset_ns / (4 * span_sec) : 0;
}

void
sim_oscillator_loop(SimOscillator *oscillator, const SimLoopOffset *offset)
{
    double offset_ns =
        fmax(fmin((double)offset->offset_ns, LOOP_MOST_OFFSET_NS), -LOOP_MOST_OFFSET_NS);
    double span_sec = vt_ns_to_sec(oscillator->raw_ns - oscillator->raw_loop_set_ns);
    if (oscillator->raw_loop_set_ns == 0)
        span_sec = 0;
    double frequency_ppb = get_fll_ppb(offset, offset_ns, span_sec);
    double most_sec = 1 << (LOOP_SHIFT + 1 + offset->constant);
    double gain_sec2 = pow(4, LOOP_SHIFT + 2 + offset->constant);

    frequency_ppb += offset_ns * fmin(span_sec, most_sec) / gain_sec2;
    frequency_ppb += oscillator->frequency_ppb;
    oscillator->frequency_ppb =
        fmax(fmin(frequency_ppb, MOST_FREQUENCY_PPB), -MOST_FREQUENCY_PPB);
    oscillator->loop_offset_ns = offset_ns;
    oscillator->loop_constant = offset->constant;
    oscillator->raw_loop_set_ns = oscillator->raw_ns;
}

double
sim_oscillator_get_rate(const SimOscillator *oscillator)
{
    return get_oscillator_rate(oscillator) + oscillator->frequency_ppb + oscillator->slew_ppb;
}
