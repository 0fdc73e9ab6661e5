/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/sim/sim-trial.h"

#include <math.h>

#define RATE_SIGMA_PPB    10000.0
#define BASE_DELAY_NS     (60 * VT_NS_PER_US)
#define MEAN_QUEUE_NS     20e3
#define HOLD_NS           (20 * VT_NS_PER_US)
#define LATE_NS           (5 * VT_NS_PER_MS)
#define PHC_BRACKET_NS    VT_NS_PER_US
#define PHC_SIGMA_NS      50.0
#define PHC_READINGS      5
#define NETWORK_PRECISION 100

/* From a reading to the order that follows from it. */
#define THINKING_NS (100 * VT_NS_PER_US)

/* Multiples of it, less their whole part, are spread evenly however many there are. */
#define GOLDEN_RATIO 0.6180339887498949

#define NEVER_NS      INT64_MAX
#define STAYS_SEC     60.0
#define BUDGET_WINDOW 6 /* s */

/* Streams of one seed that do not depend on what a contender asks for. */
typedef enum {
    STREAM_OSCILLATOR,
    STREAM_PATH,
    N_STREAMS,
} Stream;

typedef struct {
    const SimTrial *trial;
    const SimContender *contender;
    void *instance;
    SimOscillator oscillator;
    GRand *random[N_STREAMS];
    int64_t raw_tick_ns;
    int64_t raw_read_ns;
    int64_t raw_wake_ns;
    int64_t raw_event_ns;
    int64_t raw_sample_ns;
    int64_t raw_end_ns;
    double phase; /* of the event within a tick, 0 to 1 */
    bool has_happened;
    int sign; /* of the error that the event makes */
    double last_above_100us_sec;
    double last_above_10us_sec;
    double offset_squares;
    double rate_squares;
    double base_squares;
    double trim_ppb; /* of the frequency that is set */
    uint64_t n_samples;
    uint64_t n_readings;
    unsigned n_in_second[BUDGET_WINDOW];
    int64_t second;
    uint64_t n_jumps_before;
    SimTrialResult result;
} Run;

static double
get_error_ns(const Run *run)
{
    return (double)(run->oscillator.true_ns - run->oscillator.wall_ns);
}

static double
get_elapsed_sec(const Run *run)
{
    return vt_ns_to_sec(run->oscillator.raw_ns - run->raw_event_ns);
}

static void
look(Run *run)
{
    if (!run->has_happened)
        return;
    double error_ns = get_error_ns(run);
    SimTrialResult *result = &run->result;

    if (fabs(error_ns) >= 100e3)
        run->last_above_100us_sec = get_elapsed_sec(run);
    if (fabs(error_ns) >= 10e3)
        run->last_above_10us_sec = get_elapsed_sec(run);
    result->peak_ns = fmax(result->peak_ns, fabs(error_ns));
    result->overshoot_ns = fmax(result->overshoot_ns, -run->sign * error_ns);
}

/* At even intervals alone: what happens at a tick must not weigh more than what is between. */
static void
take_sample(Run *run)
{
    SimLook seen = {
        .elapsed_sec = get_elapsed_sec(run),
        .error_ns = get_error_ns(run),
        .rate_ppb = sim_oscillator_get_rate(&run->oscillator),
    };
    run->offset_squares += seen.error_ns * seen.error_ns;
    run->rate_squares += seen.rate_ppb * seen.rate_ppb;
    double base_ppb = seen.rate_ppb - run->oscillator.slew_ppb - run->trim_ppb;
    run->base_squares += base_ppb * base_ppb;
    run->n_samples++;
    if (run->trial->on_look != NULL)
        run->trial->on_look(&seen, run->trial->user_data);
}

static void
advance_to(Run *run, int64_t raw_ns)
{
    while (run->oscillator.raw_ns < raw_ns)
        sim_oscillator_run(&run->oscillator, raw_ns - run->oscillator.raw_ns);
}

static void
carry_out(Run *run, const SimOrder *order)
{
    if (order->set_frequency) {
        run->oscillator.frequency_ppb = order->frequency_ppb;
        run->trim_ppb = order->trim_ppb;
    }
    if (order->loop)
        sim_oscillator_loop(&run->oscillator, &order->loop_offset);
    if (order->slew)
        sim_oscillator_slew(&run->oscillator, order->slew_ns);
    if (order->step) {
        look(run);
        sim_oscillator_step(&run->oscillator, order->step_ns);
        run->result.n_steps += run->has_happened;
    }
    int64_t now_ns = run->oscillator.raw_ns;
    run->raw_read_ns = NEVER_NS;
    if (order->read_now || order->read_after_ns > 0)
        run->raw_read_ns = order->read_now ? now_ns : now_ns + order->read_after_ns;
    run->raw_wake_ns = order->wake_after_ns > 0 ? now_ns + order->wake_after_ns : NEVER_NS;
    look(run);
}

static void
travel(Run *run)
{
    GRand *random = run->random[STREAM_PATH];
    VtNs delay_ns = BASE_DELAY_NS + sim_draw_exponential(random, MEAN_QUEUE_NS);
    sim_oscillator_run(&run->oscillator, delay_ns);
}

static VtWall
read_reference(const Run *run, double noise_ns)
{
    return (VtWall){ .ns = run->oscillator.true_ns + vt_ns_from_double(noise_ns) };
}

static VtReading
exchange(Run *run)
{
    GRand *random = run->random[STREAM_PATH];
    VtReading reading = {
        .sent = sim_oscillator_read(&run->oscillator),
        .precision_ns = NETWORK_PRECISION,
        .root_delay_ns = 20 * VT_NS_PER_US,
        .root_dispersion_ns = 10 * VT_NS_PER_US,
        .reference_synchronised = true,
        .stratum = 2,
    };
    travel(run);
    reading.reference_received_at = read_reference(run, 0);
    sim_oscillator_run(&run->oscillator, HOLD_NS);
    reading.reference_sent_at = read_reference(run, 0);
    travel(run);
    if (run->trial->late_packets > 0 && sim_draw(random) < run->trial->late_packets)
        sim_oscillator_run(&run->oscillator, LATE_NS);
    reading.received = sim_oscillator_read(&run->oscillator);
    return reading;
}

static VtReading
read_phc(Run *run)
{
    VtReading reading = {
        .sent = sim_oscillator_read(&run->oscillator),
        .precision_ns = 1,
        .reference_synchronised = true,
        .stratum = 1,
    };
    sim_oscillator_run(&run->oscillator, PHC_BRACKET_NS / 2);
    double noise_ns = PHC_SIGMA_NS * sim_draw_gauss(run->random[STREAM_PATH]);
    reading.reference_received_at = read_reference(run, noise_ns);
    reading.reference_sent_at = reading.reference_received_at;
    sim_oscillator_run(&run->oscillator, PHC_BRACKET_NS - PHC_BRACKET_NS / 2);
    reading.received = sim_oscillator_read(&run->oscillator);
    return reading;
}

static void
count_wake_up(Run *run)
{
    if (!run->has_happened)
        return;
    int64_t second = (run->oscillator.raw_ns - run->raw_event_ns) / VT_NS_PER_SEC;
    for (; run->second < second; run->second++)
        run->n_in_second[(run->second + 1) % BUDGET_WINDOW] = 0;
    run->n_in_second[second % BUDGET_WINDOW]++;
    unsigned n_in_window = 0;
    for (int i = 0; i < BUDGET_WINDOW; i++)
        n_in_window += run->n_in_second[i];
    run->result.most_in_six_sec = MAX(run->result.most_in_six_sec, n_in_window);
}

static SimAlarms
get_alarms(const Run *run)
{
    if (run->contender->get_alarms == NULL)
        return (SimAlarms){ 0 };
    return run->contender->get_alarms(run->instance, sim_oscillator_read(&run->oscillator));
}

/* Seen at the reading that told. */
static void
look_for_alarm(Run *run)
{
    bool is_seen = isfinite(run->result.jump_seen_sec);
    if (run->trial->rate_jump_ppb == 0 || !run->has_happened || is_seen)
        return;
    if (get_alarms(run).n_rate_jumps > run->n_jumps_before)
        run->result.jump_seen_sec = get_elapsed_sec(run);
}

static void
measure(Run *run)
{
    bool is_phc = run->trial->path == SIM_PATH_PHC;
    unsigned n_readings = is_phc ? PHC_READINGS : 1;
    VtReading readings[PHC_READINGS];

    count_wake_up(run);
    look(run);
    for (unsigned i = 0; i < n_readings; i++)
        readings[i] = is_phc ? read_phc(run) : exchange(run);
    run->n_readings += run->has_happened ? n_readings : 0;
    VtInstant now = sim_oscillator_read(&run->oscillator);
    SimOrder order = run->contender->on_readings(run->instance, readings, n_readings, now);
    look_for_alarm(run);
    sim_oscillator_run(&run->oscillator, THINKING_NS);
    carry_out(run, &order);
}

static void
wake(Run *run)
{
    VtInstant now = sim_oscillator_read(&run->oscillator);
    look(run);
    SimOrder order = run->contender->on_wake(run->instance, now);
    int64_t raw_read_ns = run->raw_read_ns;
    carry_out(run, &order);
    /* A reading that was wanted before still is. */
    if (run->raw_read_ns == NEVER_NS)
        run->raw_read_ns = raw_read_ns;
}

static void
happen(Run *run)
{
    /* The clock is late after a pause, and early when the oscillator has become faster. */
    run->sign = run->trial->pause_ns > 0 || run->trial->rate_jump_ppb < 0 ? 1 : -1;
    run->has_happened = true;
    run->n_jumps_before = get_alarms(run).n_rate_jumps;
    run->raw_event_ns = run->oscillator.raw_ns;
    run->raw_end_ns = run->raw_event_ns + run->trial->watch_ns;
    run->raw_sample_ns = run->raw_event_ns;
    sim_oscillator_pause(&run->oscillator, run->trial->pause_ns);
    run->oscillator.rate_ppb += run->trial->rate_jump_ppb;
}

static void
begin(Run *run)
{
    sim_oscillator_init(&run->oscillator, run->random[STREAM_OSCILLATOR]);
    run->oscillator.wander_ppb_per_sqrt_sec = run->trial->wander_ppb_per_sqrt_sec;
    run->oscillator.rate_ppb = RATE_SIGMA_PPB * sim_draw_gauss(run->random[STREAM_OSCILLATOR]);
    int64_t now_ns = run->oscillator.raw_ns;
    run->raw_tick_ns = now_ns;
    run->raw_read_ns = NEVER_NS;
    run->raw_wake_ns = NEVER_NS;
    run->raw_sample_ns = NEVER_NS;
    run->raw_end_ns = NEVER_NS;
    run->raw_event_ns = now_ns + run->trial->settle_ns +
                        vt_ns_from_double(run->phase * (double)run->trial->tick_ns);
}

/* Whatever is due next; false at the end. */
static bool
go_on(Run *run)
{
    int64_t event_ns = run->has_happened ? NEVER_NS : run->raw_event_ns;
    int64_t ask_ns = MIN(run->raw_tick_ns, run->raw_read_ns);
    int64_t next_ns = MIN(MIN(ask_ns, run->raw_wake_ns), MIN(event_ns, run->raw_sample_ns));
    if (next_ns >= run->raw_end_ns)
        return false;
    advance_to(run, next_ns);

    if (next_ns == event_ns) {
        happen(run);
    } else if (next_ns == run->raw_sample_ns) {
        run->raw_sample_ns += run->trial->sample_ns;
        look(run);
        take_sample(run);
    } else if (next_ns == ask_ns) {
        if (next_ns == run->raw_tick_ns)
            run->raw_tick_ns += run->trial->tick_ns;
        measure(run);
    } else {
        wake(run);
    }
    return true;
}

static double
judge_settling(const Run *run, double last_above_sec)
{
    double watched_sec = vt_ns_to_sec(run->trial->watch_ns);
    return last_above_sec + STAYS_SEC <= watched_sec ? last_above_sec : INFINITY;
}

SimTrialResult
sim_trial_run(const SimTrial *trial, const SimContender *contender, uint32_t seed)
{
    double turns = seed * GOLDEN_RATIO;
    Run run = { .trial = trial, .contender = contender, .phase = turns - floor(turns) };
    for (guint32 i = 0; i < N_STREAMS; i++)
        run.random[i] = g_rand_new_with_seed_array((const guint32[]){ seed, i }, 2);
    run.result.jump_seen_sec = INFINITY;
    run.instance = contender->make(trial->tick_ns);
    begin(&run);
    while (go_on(&run))
        continue;

    double watched_sec = vt_ns_to_sec(trial->watch_ns);
    run.result.to_100us_sec = judge_settling(&run, run.last_above_100us_sec);
    run.result.to_10us_sec = judge_settling(&run, run.last_above_10us_sec);
    run.result.rms_offset_ns = sqrt(run.offset_squares / (double)run.n_samples);
    run.result.rms_rate_ppb = sqrt(run.rate_squares / (double)run.n_samples);
    run.result.rms_base_ppb = sqrt(run.base_squares / (double)run.n_samples);
    run.result.readings_per_sec = (double)run.n_readings / watched_sec;
    run.result.alarms = get_alarms(&run);
    contender->free(run.instance);
    for (int i = 0; i < N_STREAMS; i++)
        g_rand_free(run.random[i]);
    return run.result;
}
