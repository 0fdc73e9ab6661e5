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

/* A delay with less than this of the mean excess is as good as the least, */
#define NEAR_LEAST 0.25
/* and one of so many should be, where that matters. */
#define MOST_LONG 64

/* Over a longer time the oscillator itself bends the line. */
#define MOST_THREE_NS (4 * VT_NS_PER_SEC)

/* Something has happened that is no noise: what is beyond counts as this many sigmas. */
#define MOST_SIGMAS 4.0

#define NOISE_SIGMAS 4.0

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

static bool
is_high(const VtDelay *delay, const VtSample *sample)
{
    double excess_ns = (double)(sample->delay_ns - get_least(delay));
    double usual_ns = delay->mean_excess_ns + 2 * sqrt(get_floor_variance(delay));
    return delay->n_samples > LEAST_SAMPLES && excess_ns > HIGH_EXCESS * usual_ns;
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
    bool is_odd = is_high(delay, sample);
    delay->n_high = is_odd ? delay->n_high + 1 : delay->n_high / 2;
    bool is_low = excess_ns < LOW_EXCESS * delay->mean_excess_ns;
    delay->n_low = is_low ? delay->n_low + 1 : 0;
    if (delay->n_low >= MOST_LOW_IN_ROW)
        delay->mean_excess_ns /= 2;
    delay->mean_excess_ns +=
        (is_odd ? HIGH_WEIGHT : 1) * weight * (excess_ns - delay->mean_excess_ns);
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

/* Three samples, as the second differences of what they show. */
typedef struct {
    double offset_ns;
    double delay_ns;
    double share;    /* its variance is so many times that of a sample */
    double by_delay; /* ns^2: what the delays explain of the variance of its offset */
    bool is_usual;   /* no delay among them is high */
} Bend;

/*
 * How far @sample is off the straight line through the two before, whose variance would be
 * (1 + (1 + r)^2 + r^2) times the floor's with r the ratio of the spans, if delays were nothing.
 */
static bool
find_bend(const VtDelay *delay, const VtSample *sample, double delay_variance, Bend *ret_bend)
{
    const VtDelayPoint *last = &delay->points[0];
    const VtDelayPoint *first = &delay->points[1];
    if (delay->n_points < G_N_ELEMENTS(delay->points))
        return false;
    VtNs span_ns = vt_mono_diff(sample->raw_at, last->raw_at);
    VtNs before_ns = vt_mono_diff(last->raw_at, first->raw_at);
    if (before_ns <= 0 || span_ns <= 0 || vt_ns_add(span_ns, before_ns) > MOST_THREE_NS)
        return false;

    double ratio = (double)span_ns / (double)before_ns;
    double first_square = ratio * ratio;
    double last_square = (1 + ratio) * (1 + ratio);
    double rise_ns = (double)vt_ns_sub(last->raw_offset_ns, first->raw_offset_ns);
    double longer_ns = (double)(last->delay_ns - first->delay_ns);
    *ret_bend = (Bend){
        .offset_ns =
            (double)vt_ns_sub(sample->raw_offset_ns, last->raw_offset_ns) - ratio * rise_ns,
        .delay_ns = (double)(sample->delay_ns - last->delay_ns) - ratio * longer_ns,
        .share = 1 + last_square + first_square,
        .by_delay = delay_variance + last_square * last->delay_variance +
                    first_square * first->delay_variance,
        .is_usual = !is_high(delay, sample) && !last->is_high && !first->is_high,
    };
    return true;
}

/* The better the three samples, the more they tell. */
static void
learn_floor(VtDelay *delay, const Bend *bend)
{
    double floor = bend->share * get_floor_variance(delay);
    double expected = bend->by_delay + floor;
    double square =
        fmin(bend->offset_ns * bend->offset_ns, MOST_SIGMAS * MOST_SIGMAS * expected);

    /* In units of the floor: 1 for three samples that the delay does not spoil. */
    double purity = floor / expected;
    double weight = purity * purity;
    double kept = 1 - weight / MOST_THREES;
    if (delay->floor_weight <= 0) {
        delay->floor_weight = FIRST_THREES;
        delay->floor_evidence = FIRST_THREES * FIRST_FLOOR_NS * FIRST_FLOOR_NS;
    }
    delay->floor_evidence =
        kept * delay->floor_evidence + weight * (square - bend->by_delay) / bend->share;
    delay->floor_weight = kept * delay->floor_weight + weight;
}

/*
 * Not from what is more than delays can do: the clock itself has jumped then. A few long delays of
 * another kind, as at a start, would outweigh all others by their squares.
 */
static void
learn_lean(VtDelay *delay, const Bend *bend)
{
    double expected = bend->by_delay + bend->share * get_floor_variance(delay);
    bool was_known = delay->lean.is_known;
    if (!bend->is_usual ||
        bend->offset_ns * bend->offset_ns > MOST_SIGMAS * MOST_SIGMAS * expected)
        return;
    double half_usual_ns = delay->mean_excess_ns / 2;
    double usual = bend->share * UNIFORM_VARIANCE * half_usual_ns * half_usual_ns;
    double root_share = sqrt(bend->share);
    vt_lean_learn(&delay->lean, bend->delay_ns / root_share, bend->offset_ns / root_share,
                  fmin(usual / bend->by_delay, 1));
    delay->has_new_lean = delay->lean.is_known != was_known;
}

void
vt_delay_learn(VtDelay *delay, const VtSample *sample)
{
    VtNs least_before_ns = get_least(delay);
    bool had_lean = delay->lean.is_known;
    Bend bend;
    learn_excess(delay, sample);
    double delay_variance = get_delay_variance(delay, sample);
    delay->has_new_lean = false;
    if (find_bend(delay, sample, delay_variance, &bend)) {
        learn_floor(delay, &bend);
        learn_lean(delay, &bend);
    }
    double excess_ns = (double)(sample->delay_ns - get_least(delay));
    delay->n_long = excess_ns < NEAR_LEAST * delay->mean_excess_ns ? 0 : delay->n_long + 1;
    delay->least_fell_ns =
        had_lean && delay->lean.is_known ? least_before_ns - get_least(delay) : 0;
    delay->points[1] = delay->points[0];
    delay->points[0] = (VtDelayPoint){
        .raw_at = sample->raw_at,
        .raw_offset_ns = sample->raw_offset_ns,
        .delay_ns = sample->delay_ns,
        .is_high = is_high(delay, sample),
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

bool
vt_delay_take_wish(VtDelay *delay)
{
    if (!delay->lean.is_known || delay->n_long < MOST_LONG)
        return false;
    delay->n_long = 0;
    return true;
}

VtNs
vt_delay_get_least(const VtDelay *delay)
{
    return delay->n_samples >= LEAST_SAMPLES ? get_least(delay) : 0;
}

/* @delay_variance: what the delay explains of its offset's. */
static VtDoubt
make_doubt(const VtDelay *delay, const VtSample *sample, double delay_variance)
{
    double half_excess_ns = (double)(sample->delay_ns - get_least(delay)) / 2;
    double floor_variance = get_floor_variance(delay);
    double n_high = delay->n_high;
    double half_width_ns =
        half_excess_ns + get_half_least_ns(delay, MOST_MEANS) + 3 * sqrt(floor_variance);
    return (VtDoubt){
        .half_width_ns = vt_ns_from_double(half_width_ns),
        .sigma_ns = sqrt(delay_variance * (1 + n_high) * (1 + n_high) + floor_variance),
    };
}

VtDoubt
vt_delay_judge_plain(const VtDelay *delay, const VtSample *sample)
{
    return make_doubt(delay, sample, get_delay_variance(delay, sample));
}

VtDoubt
vt_delay_judge(const VtDelay *delay, const VtSample *sample)
{
    if (!delay->lean.is_known || is_high(delay, sample))
        return vt_delay_judge_plain(delay, sample);
    VtLeanFit fit = vt_lean_fit(&delay->lean);
    double excess_ns = (double)(sample->delay_ns - get_least(delay));
    double variance =
        fit.noise_ns * fit.noise_ns + fit.sigma * fit.sigma * excess_ns * excess_ns;
    VtDoubt doubt = make_doubt(delay, sample, variance);
    doubt.lean_ns = vt_ns_from_double(fit.slope * excess_ns);
    /* Where all that is in excess is on one side, the truth is at the interval's very end. */
    VtNs noise_ns = vt_ns_from_double(NOISE_SIGMAS * fit.noise_ns);
    doubt.half_width_ns = vt_ns_add(doubt.half_width_ns, noise_ns);
    return doubt;
}

VtSample
vt_delay_set_upright(const VtSample *sample, const VtDoubt *doubt)
{
    VtSample upright = *sample;
    upright.offset_ns = vt_ns_sub(sample->offset_ns, doubt->lean_ns);
    upright.raw_offset_ns = vt_ns_sub(sample->raw_offset_ns, doubt->lean_ns);
    return upright;
}
