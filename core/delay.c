/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/delay.h"

#include <math.h>

#include <glib.h>

/* About four minutes at a reading a second: the least delay lives one to two windows. */
#define WINDOW_SAMPLES 256
#define LEAST_SAMPLES  4
#define MOST_SAMPLES   64

/* What reading a clock and scheduling make of noise however short the delay; until it is known. */
#define FIRST_FLOOR_NS 100.0
#define LEAST_FLOOR_NS 2.0
#define MOST_FLOOR_NS  1e6
/* That guess is worth so many threes of samples, and so many are remembered. */
#define FIRST_THREES 4.0
#define MOST_THREES  1024.0

/*
 * So many times the usual excess is no chance: one sample in 330 on a path with exponential queues,
 * and hardly ever two in a row. What is usual is not learnt from those.
 */
#define HIGH_EXCESS 4.0
#define HIGH_WEIGHT (1.0 / 16)

/*
 * So little in so many samples in a row is no chance either, not even with a single exponential
 * queue one sample in ten million: what was usual is not so any more, and is forgotten by halves.
 */
#define LOW_EXCESS      (1.0 / 8)
#define MOST_LOW_IN_ROW 8

/*
 * What the least of many delays has above the true minimum is more than four times its mean less
 * often than once in 500 times. Of few delays the mean itself is not known well: with 20 samples
 * it has to be taken for twice as much, that no more of them are beyond.
 */
#define MOST_MEANS  4.0
#define FEW_SAMPLES 20.0

/* Over a longer time the oscillator itself bends the line. */
#define MOST_THREE_NS (4 * VT_NS_PER_SEC)

/* Something has happened that is no noise: what is beyond counts as this many sigmas. */
#define MOST_SIGMAS 4.0

/* An error that is uniform on +-a has the variance a^2 / 3. */
#define UNIFORM_VARIANCE (1.0 / 3.0)

static VtNs
get_least(const VtDelay *delay)
{
    return vt_ns_min(delay->window_least_ns, delay->previous_least_ns);
}

static double
get_floor_variance(const VtDelay *delay)
{
    if (delay->floor_weight <= 0)
        return FIRST_FLOOR_NS * FIRST_FLOOR_NS;
    double variance = delay->floor_evidence / delay->floor_weight;
    return fmin(fmax(variance, LEAST_FLOOR_NS * LEAST_FLOOR_NS), MOST_FLOOR_NS * MOST_FLOOR_NS);
}

static void
learn_excess(VtDelay *delay, const VtSample *sample)
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
        delay->n_for_least = WINDOW_SAMPLES;
    }
    delay->window_least_ns = vt_ns_min(delay->window_least_ns, sample->delay_ns);
    delay->n_in_window++;
    delay->n_for_least++;
    if (delay->n_samples < MOST_SAMPLES)
        delay->n_samples++;

    double excess_ns = (double)(sample->delay_ns - get_least(delay));
    double weight = 1.0 / (delay->n_samples + 1);
    double usual_ns = delay->mean_excess_ns + 2 * sqrt(get_floor_variance(delay));
    bool is_high = delay->n_samples > LEAST_SAMPLES && excess_ns > HIGH_EXCESS * usual_ns;
    delay->n_high = is_high ? delay->n_high + 1 : delay->n_high / 2;
    bool is_low = excess_ns < LOW_EXCESS * delay->mean_excess_ns;
    delay->n_low = is_low ? delay->n_low + 1 : 0;
    if (delay->n_low >= MOST_LOW_IN_ROW)
        delay->mean_excess_ns /= 2;
    delay->mean_excess_ns +=
        (is_high ? HIGH_WEIGHT : 1) * weight * (excess_ns - delay->mean_excess_ns);
}

/*
 * Half of what the least delay may have above the true minimum: @n_means times what that is in the
 * mean, about 0.6 mean excess / sqrt(n) of n delays when the excess is the sum of two exponential
 * ones. No minimum is less than nothing.
 */
static double
get_half_least_ns(const VtDelay *delay, double n_means)
{
    double n = delay->n_for_least;
    double mean_ns = 0.3 * (1 + FEW_SAMPLES / n) * delay->mean_excess_ns / sqrt(n);
    return fmin(n_means * mean_ns, (double)get_least(delay) / 2);
}

/* What the delay alone explains of the variance of a sample's offset. */
static double
get_delay_variance(const VtDelay *delay, const VtSample *sample)
{
    double half_excess_ns = (double)(sample->delay_ns - get_least(delay)) / 2;
    double half_least_ns = get_half_least_ns(delay, 1);
    return UNIFORM_VARIANCE * (half_excess_ns + half_least_ns) *
           (half_excess_ns + half_least_ns);
}

/*
 * How far @sample is off the straight line through the two before, whose variance would be
 * (1 + (1 + r)^2 + r^2) times the floor's with r the ratio of the spans, if delays were nothing.
 * The better the three samples, the more they tell.
 */
static void
learn_floor(VtDelay *delay, const VtSample *sample, double delay_variance)
{
    const VtDelayPoint *last = &delay->points[0];
    const VtDelayPoint *first = &delay->points[1];
    VtNs span_ns = vt_mono_diff(sample->raw_at, last->raw_at);
    VtNs before_ns = vt_mono_diff(last->raw_at, first->raw_at);
    if (before_ns <= 0 || span_ns <= 0 || vt_ns_add(span_ns, before_ns) > MOST_THREE_NS)
        return;

    double ratio = (double)span_ns / (double)before_ns;
    double rise_ns = (double)vt_ns_sub(last->raw_offset_ns, first->raw_offset_ns);
    double bend_ns =
        (double)vt_ns_sub(sample->raw_offset_ns, last->raw_offset_ns) - ratio * rise_ns;
    double share = 1 + (1 + ratio) * (1 + ratio) + ratio * ratio;
    double by_delay = delay_variance + (1 + ratio) * (1 + ratio) * last->delay_variance +
                      ratio * ratio * first->delay_variance;
    double expected = by_delay + share * get_floor_variance(delay);
    double square = fmin(bend_ns * bend_ns, MOST_SIGMAS * MOST_SIGMAS * expected);

    /* In units of the floor: 1 for three samples that the delay does not spoil. */
    double purity = share * get_floor_variance(delay) / expected;
    double weight = purity * purity;
    double kept = 1 - weight / MOST_THREES;
    if (delay->floor_weight <= 0) {
        delay->floor_weight = FIRST_THREES;
        delay->floor_evidence = FIRST_THREES * FIRST_FLOOR_NS * FIRST_FLOOR_NS;
    }
    delay->floor_evidence = kept * delay->floor_evidence + weight * (square - by_delay) / share;
    delay->floor_weight = kept * delay->floor_weight + weight;
}

void
vt_delay_learn(VtDelay *delay, const VtSample *sample)
{
    learn_excess(delay, sample);
    double delay_variance = get_delay_variance(delay, sample);
    if (delay->n_points == G_N_ELEMENTS(delay->points))
        learn_floor(delay, sample, delay_variance);
    delay->points[1] = delay->points[0];
    delay->points[0] = (VtDelayPoint){
        .raw_at = sample->raw_at,
        .raw_offset_ns = sample->raw_offset_ns,
        .delay_variance = delay_variance,
    };
    if (delay->n_points < G_N_ELEMENTS(delay->points))
        delay->n_points++;
}

void
vt_delay_break(VtDelay *delay)
{
    delay->n_points = 0;
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
    double floor_variance = get_floor_variance(delay);
    double delay_variance = get_delay_variance(delay, sample);
    double n_high = delay->n_high;
    double half_width_ns =
        half_excess_ns + get_half_least_ns(delay, MOST_MEANS) + 3 * sqrt(floor_variance);
    return (VtDoubt){
        .half_width_ns = vt_ns_from_double(half_width_ns),
        .sigma_ns = sqrt(delay_variance * (1 + n_high) * (1 + n_high) + floor_variance),
    };
}
