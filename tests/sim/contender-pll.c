/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A phase- and frequency-locked loop as RFC 5905 and ntpd's documents describe it, with ntpd's
 * constants: polls of 64 to 1024 s after a volley at the start, a filter that keeps the shortest
 * of eight exchanges, a gate for popcorn spikes, a step only of what has been beyond 128 ms for
 * 300 s, the frequency measured at the start before it steers. It does not look at readings that
 * it did not poll for.
 */
#include <math.h>

#include "core/sample.h"
#include "tests/sim/contender.h"

#define STEP_NS     (128 * VT_NS_PER_MS)
#define STEPOUT_SEC 300.0
#define LEAST_POLL  6
#define MOST_POLL   10

/* The loop: its gains, where the frequency-locked half begins to count, and its limit. */
#define PLL_GAIN           16.0
#define FLL_GAIN           0.25
#define ALLAN_POLL         11
#define MOST_FREQUENCY_PPB 500000.0

/* Of a volley at the start: so many exchanges, 2 s apart. */
#define N_VOLLEY       8
#define VOLLEY_GAP_SEC 2.0

#define N_STAGES     8
#define PHI_PPB      15000.0
#define SPIKE_GATE   3.0
#define POLL_GATE    4.0
#define POLL_LIMIT   30
#define LEAST_JITTER 100.0
#define AVERAGE      4.0

typedef enum {
    STATE_INVALID,
    STATE_UNSET,     /* has had no update */
    STATE_FREQUENCY, /* measures it and leaves the clock alone */
    STATE_SYNC,
    STATE_SPIKE, /* beyond a step, not yet for long enough */
} State;

typedef struct {
    State state;
    int poll;
    int poll_score;
    unsigned n_polls;
    VtMono raw_next_poll_at;
    VtMono raw_adjusted_at; /* the last second's share of the phase */
    VtSample stages[N_STAGES];
    unsigned n_samples;
    VtMono raw_used_at;  /* the newest sample that the filter let through */
    VtMono raw_state_at; /* the last update, or the begin of FREQUENCY */
    double offset_ns;    /* still to be worked off */
    double last_offset_ns;
    double jitter_ns;
    double frequency_ppb;
} Loop;

static void *
make(VtNs tick_ns)
{
    (void)tick_ns;
    Loop *loop = g_new0(Loop, 1);
    *loop = (Loop){ .state = STATE_UNSET, .poll = LEAST_POLL, .jitter_ns = LEAST_JITTER };
    return loop;
}

/* The one with the shortest way, older ones counting as longer by what they may have drifted. */
static const VtSample *
find_shortest(const Loop *loop, VtMono raw_now)
{
    const VtSample *shortest = NULL;
    double least_ns = INFINITY;
    for (unsigned i = 0; i < MIN(loop->n_samples, N_STAGES); i++) {
        const VtSample *sample = &loop->stages[i];
        double age_sec = vt_ns_to_sec(vt_mono_diff(raw_now, sample->raw_at));
        double distance_ns = (double)sample->delay_ns / 2 + PHI_PPB * age_sec;
        if (distance_ns >= least_ns)
            continue;
        least_ns = distance_ns;
        shortest = sample;
    }
    return shortest;
}

static bool
is_spike(const Loop *loop, const VtSample *sample, double span_sec)
{
    double moved_ns = fabs((double)sample->offset_ns - loop->last_offset_ns);
    return loop->state == STATE_SYNC && moved_ns > SPIKE_GATE * loop->jitter_ns &&
           moved_ns < (double)STEP_NS && span_sec < 2.0 * (1 << loop->poll);
}

static void
adapt_poll(Loop *loop)
{
    if (fabs(loop->offset_ns) < POLL_GATE * loop->jitter_ns)
        loop->poll_score += loop->poll;
    else
        loop->poll_score -= 2 * loop->poll;
    if (loop->poll_score > POLL_LIMIT && loop->poll < MOST_POLL)
        loop->poll++;
    else if (loop->poll_score < -POLL_LIMIT && loop->poll > LEAST_POLL)
        loop->poll--;
    else if (abs(loop->poll_score) <= POLL_LIMIT)
        return;
    loop->poll_score = 0;
}

/* Both loops' say in the frequency. */
static void
steer(Loop *loop, double offset_ns, double span_sec)
{
    double constant_sec = 1 << loop->poll;
    if (loop->poll >= ALLAN_POLL - 1) {
        double least_sec = fmax(span_sec, 1 << ALLAN_POLL);
        loop->frequency_ppb += (offset_ns - loop->offset_ns) / least_sec * FLL_GAIN;
    }
    double gain_sec = 4 * PLL_GAIN * constant_sec;
    loop->frequency_ppb += offset_ns * fmin(span_sec, constant_sec) / (gain_sec * gain_sec);
    loop->frequency_ppb =
        fmax(fmin(loop->frequency_ppb, MOST_FREQUENCY_PPB), -MOST_FREQUENCY_PPB);

    double moved_ns = fmax(fabs(offset_ns - loop->last_offset_ns), LEAST_JITTER);
    double squares = loop->jitter_ns * loop->jitter_ns;
    loop->jitter_ns = sqrt(squares + (moved_ns * moved_ns - squares) / AVERAGE);
    loop->offset_ns = offset_ns;
    adapt_poll(loop);
}

static SimOrder
step(Loop *loop, const VtSample *sample)
{
    bool is_first = loop->state == STATE_UNSET;
    loop->state = is_first ? STATE_FREQUENCY : STATE_SYNC;
    loop->raw_state_at = sample->raw_at;
    loop->offset_ns = 0;
    loop->last_offset_ns = 0;
    loop->n_samples = 0;
    loop->poll = LEAST_POLL;
    loop->poll_score = 0;
    return (SimOrder){ .step = true, .step_ns = sample->offset_ns };
}

static SimOrder
judge_far(Loop *loop, const VtSample *sample, double span_sec)
{
    if (loop->state == STATE_SYNC) {
        loop->state = STATE_SPIKE;
        return (SimOrder){ 0 };
    }
    if (loop->state != STATE_UNSET && span_sec < STEPOUT_SEC)
        return (SimOrder){ 0 };
    return step(loop, sample);
}

static void
judge_near(Loop *loop, const VtSample *sample, double span_sec)
{
    double offset_ns = (double)sample->offset_ns;
    switch (loop->state) {
    case STATE_UNSET:
        loop->state = STATE_FREQUENCY;
        loop->last_offset_ns = offset_ns;
        break;
    case STATE_FREQUENCY:
        if (span_sec < STEPOUT_SEC)
            return;
        loop->frequency_ppb += (offset_ns - loop->last_offset_ns) / span_sec;
        loop->offset_ns = offset_ns;
        loop->state = STATE_SYNC;
        break;
    case STATE_SPIKE:
    case STATE_SYNC:
        steer(loop, offset_ns, span_sec);
        loop->state = STATE_SYNC;
        break;
    case STATE_INVALID:
        g_assert_not_reached();
    }
    loop->raw_state_at = sample->raw_at;
    loop->last_offset_ns = offset_ns;
}

static SimOrder
update(Loop *loop, VtMono raw_now)
{
    const VtSample *sample = find_shortest(loop, raw_now);
    if (sample == NULL || vt_mono_diff(sample->raw_at, loop->raw_used_at) <= 0)
        return (SimOrder){ 0 };
    double gap_sec = vt_ns_to_sec(vt_mono_diff(sample->raw_at, loop->raw_used_at));
    loop->raw_used_at = sample->raw_at;
    if (is_spike(loop, sample, gap_sec)) {
        loop->last_offset_ns = (double)sample->offset_ns;
        return (SimOrder){ 0 };
    }
    double span_sec = vt_ns_to_sec(vt_mono_diff(sample->raw_at, loop->raw_state_at));
    if (vt_ns_abs(sample->offset_ns) > STEP_NS)
        return judge_far(loop, sample, span_sec);
    judge_near(loop, sample, span_sec);
    return (SimOrder){ 0 };
}

/* Once a second: that second's share of what is left of the phase, on top of the frequency. */
static void
adjust(Loop *loop, VtMono raw_now, SimOrder *order)
{
    VtNs since_ns = vt_mono_diff(raw_now, loop->raw_adjusted_at);
    order->wake_after_ns = vt_ns_max(VT_NS_PER_SEC - since_ns, VT_NS_PER_MS);
    if (since_ns < VT_NS_PER_SEC && !order->step)
        return;
    double share_ns = loop->offset_ns / (PLL_GAIN * (1 << loop->poll));
    share_ns = fmax(fmin(share_ns, MOST_FREQUENCY_PPB), -MOST_FREQUENCY_PPB);
    loop->offset_ns -= share_ns;
    loop->raw_adjusted_at = raw_now;
    order->set_frequency = true;
    order->frequency_ppb = loop->frequency_ppb + share_ns;
    order->wake_after_ns = VT_NS_PER_SEC;
}

static SimOrder
on_readings(void *instance, const VtReading *readings, unsigned n_readings, VtInstant now)
{
    Loop *loop = instance;
    SimOrder order = { 0 };
    bool is_due = vt_mono_diff(now.raw, loop->raw_next_poll_at) >= 0;
    /* It asks once. */
    if (is_due && n_readings > 0 && vt_reading_check(&readings[0]) == VT_READING_OK) {
        loop->stages[loop->n_samples % N_STAGES] = vt_sample_from_reading(&readings[0]);
        loop->n_samples++;
        loop->n_polls++;
        order = update(loop, now.raw);
        double wait_sec = loop->n_polls < N_VOLLEY ? VOLLEY_GAP_SEC : 1 << loop->poll;
        /* Half a tick early, so that it is the tick's reading that is taken. */
        loop->raw_next_poll_at =
            vt_mono_add(now.raw, vt_ns_from_double((wait_sec - 0.5) * 1e9));
    }
    adjust(loop, now.raw, &order);
    return order;
}

static SimOrder
on_wake(void *instance, VtInstant now)
{
    SimOrder order = { 0 };
    adjust(instance, now.raw, &order);
    return order;
}

const SimContender sim_contender_pll = {
    .name = "pll-fll",
    .make = make,
    .free = g_free,
    .on_readings = on_readings,
    .on_wake = on_wake,
};
