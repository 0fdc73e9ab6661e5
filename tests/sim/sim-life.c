/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/sim/sim-life.h"

#include <math.h>

#define N_EVENTS_OF_A_LIFE 6

/* Of 1: so many guests start on a host that has not enough for all. */
#define STARVED_STARTS 0.3

/* A tick and a little; and, where there is a sign, what mending takes. */
#define UNSEEN_SEC 1.1
#define SEEN_SEC   0.010
/* What hides behind the noise is found when a good reading comes, or grows out of it. */
#define HIDDEN_SEC 12

/* So many times the mean of a queue hardly any reading is late by. */
#define VISIBLE_QUEUES 8

/* So long what delays once were is not forgotten. */
#define REMEMBERED_NS (256 * VT_NS_PER_SEC)

/* From the resume to the hint. */
#define HINT_AFTER_NS (2 * VT_NS_PER_MS)

/* How often the clock is looked at: closely after something has happened. */
#define CLOSE_LOOK_NS (2 * VT_NS_PER_MS)
#define CLOSE_NS      (4 * VT_NS_PER_SEC)
#define FAR_LOOK_NS   (50 * VT_NS_PER_MS)

/* What the reference says of itself: half of its root delay and its dispersion. */
#define ROOT_NS (20 * VT_NS_PER_US)

static const struct {
    const char *name;
    double most_lie_sec;
} event_facts[SIM_N_EVENTS] = {
    [SIM_EVENT_NOTHING] = { "nothing", 0 },
    [SIM_EVENT_PAUSE] = { "pause", UNSEEN_SEC },
    [SIM_EVENT_ANNOUNCED_PAUSE] = { "announced pause", SEEN_SEC },
    [SIM_EVENT_RATE_JUMP] = { "rate jump", UNSEEN_SEC },
    [SIM_EVENT_ANNOUNCED_RATE_JUMP] = { "announced migration", SEEN_SEC },
    [SIM_EVENT_PAUSE_AND_RATE_JUMP] = { "pause and rate jump", UNSEEN_SEC },
    [SIM_EVENT_CLOCK_SET] = { "clock set", UNSEEN_SEC },
    [SIM_EVENT_FOREIGN_RATE] = { "foreign rate", UNSEEN_SEC },
    [SIM_EVENT_SILENCE] = { "silence", 0 },
    [SIM_EVENT_QUEUE] = { "queue", 0 },
    [SIM_EVENT_LATE_PACKETS] = { "late packets", 0 },
    [SIM_EVENT_STARVED] = { "starved", 0 },
    [SIM_EVENT_HIDDEN] = { "hidden in noise", HIDDEN_SEC },
};

typedef struct {
    SimGuest guest;
    GRand *random;
    SimLifeReport *report;
    uint32_t seed;
    SimLifePath path;
    double lie_sec;    /* since the last event */
    double scatter_ns; /* of the readings before the last event */
    double phase_ns;   /* what the last event does to the phase at once or within a second */
} Life;

const char *
sim_event_name(SimEvent event)
{
    return event_facts[event].name;
}

double
sim_event_most_lie_sec(SimEvent event)
{
    return event_facts[event].most_lie_sec;
}

static double
draw_between(Life *life, double least, double most)
{
    return least + (most - least) * sim_draw(life->random);
}

/* Each power of ten as likely as the next. */
static double
draw_magnitude(Life *life, double least, double most)
{
    return exp(draw_between(life, log(least), log(most)));
}

static double
draw_sign(Life *life)
{
    return sim_draw(life->random) < 0.5 ? -1 : 1;
}

static void
starve(Life *life)
{
    SimHost *host = &life->guest.host;
    host->starved_ns = draw_magnitude(life, 1e6, 100e6);
    host->starved_until_ns =
        life->guest.oscillator.true_ns + vt_ns_from_double(draw_magnitude(life, 3, 100) * 1e9);
}

static void
begin(Life *life)
{
    SimGuest *guest = &life->guest;
    sim_guest_init_random(guest, life->random);
    guest->oscillator.rate_ppb = draw_between(life, -50000, 50000);
    guest->oscillator.wander_ppb_per_sqrt_sec = draw_magnitude(life, 0.1, 30);
    guest->oscillator.cycle_ppb = draw_magnitude(life, 1, 1000);
    guest->oscillator.cycle_ns = vt_ns_from_double(draw_magnitude(life, 300, 86400) * 1e9);
    guest->oscillator.wall_ns -= vt_ns_from_double(draw_magnitude(life, 1e3, 1e13));
    guest->host.base_delay_ns = vt_ns_from_double(draw_magnitude(life, 1e3, 1e6));
    guest->host.jitter_ns = draw_magnitude(life, 100, 300e3);
    guest->host.forward_extra_ns =
        vt_ns_from_double(draw_between(life, 0, 1) * (double)guest->host.base_delay_ns);
    guest->host.offset_ns = vt_ns_from_double(draw_between(life, -ROOT_NS, ROOT_NS));
    guest->host.loss = sim_draw(life->random) < 0.2 ? 0.1 : 0;
    if (sim_draw(life->random) < STARVED_STARTS)
        starve(life);
    if (life->path == SIM_PATH_LATE_REPLIES) {
        guest->host.reply_jitter_ns = draw_magnitude(life, 10e3, 1e6);
        guest->host.cold_ns = vt_ns_from_double(draw_between(life, 0, 1e6));
    }
    guest->host.timeout_ns = 50 * VT_NS_PER_MS;
    guest->retry_ns = VT_NS_PER_MS;
}

static void
note_ratio(Life *life, double ratio)
{
    int decade = (int)floor(10 * log10(fmax(ratio, 1)));
    life->report->n_ratios[MIN(decade, SIM_RATIO_DECADES - 1)]++;
}

/* The bound is that of true time; the guest's own error is against its reference. */
static void
look(Life *life, VtNs span_ns, bool is_calm)
{
    const SimGuest *guest = &life->guest;
    VtNs error_ns = vt_ns_abs(guest->oscillator.true_ns - guest->oscillator.wall_ns);
    VtNs bound_ns = sim_guest_get_status(guest).error_ns;
    if (error_ns > bound_ns && bound_ns < 16 * VT_NS_PER_SEC)
        life->lie_sec += vt_ns_to_sec(span_ns);
    if (is_calm)
        note_ratio(life, (double)bound_ns / (double)vt_ns_max(error_ns, 1));
}

static void
live(Life *life, VtNs span_ns, bool is_calm)
{
    VtNs left_ns = span_ns;
    while (left_ns > 0) {
        VtNs step_ns = span_ns - left_ns < CLOSE_NS ? CLOSE_LOOK_NS : FAR_LOOK_NS;
        step_ns = vt_ns_min(step_ns, left_ns);
        sim_guest_run(&life->guest, step_ns);
        left_ns -= step_ns;
        look(life, step_ns, is_calm);
    }
}

static void
announce(Life *life, bool reopens_rate)
{
    VtPipelineHint hint = {
        .strength = VT_HINT_STRONG,
        .allows_backward = reopens_rate,
        .reopens_rate = reopens_rate,
    };
    live(life, HINT_AFTER_NS, false);
    VtNs spent_ns = sim_guest_hint(&life->guest, &hint);
    (void)spent_ns; /* the bound was 16 s */
}

static void
stand_still(Life *life, double most_ns)
{
    double span_ns = draw_magnitude(life, 1e5, most_ns);
    life->phase_ns += span_ns;
    sim_oscillator_pause(&life->guest.oscillator, vt_ns_from_double(span_ns));
}

static void
jump(Life *life)
{
    double by_ppb = draw_magnitude(life, 1000, 200000);
    life->phase_ns += by_ppb;
    life->guest.oscillator.rate_ppb += draw_sign(life) * by_ppb;
}

/* What readings scatter by, or did until a moment ago: that is what is known of them. */
static double
get_scatter_ns(const Life *life)
{
    const SimHost *host = &life->guest.host;
    int64_t remembered_until_ns = host->starved_until_ns + REMEMBERED_NS;
    bool was_starved = life->guest.oscillator.true_ns < remembered_until_ns;
    double late_ns = host->reply_jitter_ns + (double)host->cold_ns;
    return host->jitter_ns + late_ns + (was_starved ? host->starved_ns : 0);
}

/* The bound is wrong from base_delay on, and a reading may not show less than the noise. */
static bool
is_hidden(const Life *life)
{
    double visible_ns = VISIBLE_QUEUES * life->scatter_ns;
    return life->phase_ns > 0 &&
           life->phase_ns + (double)life->guest.host.base_delay_ns < visible_ns;
}

static void
happen(Life *life, SimEvent event)
{
    SimGuest *guest = &life->guest;
    int64_t now_ns = guest->oscillator.true_ns;
    switch (event) {
    case SIM_EVENT_NOTHING:
    case SIM_EVENT_HIDDEN:
    case SIM_N_EVENTS:
        break;
    case SIM_EVENT_PAUSE:
        stand_still(life, 600e9);
        break;
    case SIM_EVENT_ANNOUNCED_PAUSE:
        stand_still(life, 600e9);
        announce(life, false);
        break;
    case SIM_EVENT_RATE_JUMP:
        jump(life);
        break;
    case SIM_EVENT_ANNOUNCED_RATE_JUMP:
        stand_still(life, 1e9);
        jump(life);
        announce(life, true);
        break;
    case SIM_EVENT_PAUSE_AND_RATE_JUMP:
        stand_still(life, 600e9);
        jump(life);
        break;
    case SIM_EVENT_CLOCK_SET:
        sim_oscillator_step(
            &guest->oscillator,
            vt_ns_from_double(draw_sign(life) * draw_magnitude(life, 1e5, 3600e9)));
        break;
    case SIM_EVENT_FOREIGN_RATE:
        guest->oscillator.frequency_ppb += draw_sign(life) * draw_magnitude(life, 1000, 200000);
        break;
    case SIM_EVENT_SILENCE:
        guest->host.loss = 1;
        break;
    case SIM_EVENT_QUEUE:
        guest->host.queue_from_ns = now_ns;
        guest->host.queue_until_ns = now_ns + 60 * VT_NS_PER_SEC;
        guest->host.queue_most_ns = vt_ns_from_double(draw_magnitude(life, 1e5, 50e6));
        break;
    case SIM_EVENT_LATE_PACKETS:
        guest->host.late_packets = 0.01;
        break;
    case SIM_EVENT_STARVED:
        starve(life);
        break;
    }
}

static void
tally(Life *life, SimEvent event)
{
    SimLifeReport *report = life->report;
    double excess_sec = life->lie_sec - sim_event_most_lie_sec(event);
    report->n_events[event]++;
    report->all_lies_sec[event] += life->lie_sec;
    report->worst_lie_sec[event] = fmax(report->worst_lie_sec[event], life->lie_sec);
    if (excess_sec > SIM_LIE_ROUNDING_SEC && excess_sec > report->worst_excess_sec) {
        report->worst_event = event;
        report->worst_excess_sec = excess_sec;
        report->worst_seed = life->seed;
    }
    life->lie_sec = 0;
}

static void
live_through(Life *life, SimEvent event)
{
    double loss = life->guest.host.loss;
    life->phase_ns = 0;
    life->scatter_ns = get_scatter_ns(life);
    life->guest.host.starved_until_ns =
        MIN(life->guest.host.starved_until_ns, life->guest.oscillator.true_ns);
    happen(life, event);
    live(life, vt_ns_from_double(draw_magnitude(life, 30, 300) * 1e9), false);
    life->guest.host.loss = loss;
    life->guest.host.late_packets = 0;
    live(life, 30 * VT_NS_PER_SEC, false);
    tally(life, is_hidden(life) ? SIM_EVENT_HIDDEN : event);
}

void
sim_life_run(uint32_t seed, SimLifePath path, SimLifeReport *report)
{
    Life life = {
        .random = g_rand_new_with_seed(seed),
        .report = report,
        .seed = seed,
        .path = path,
    };
    begin(&life);
    live(&life, vt_ns_from_double(draw_magnitude(&life, 10, 1000) * 1e9), false);
    tally(&life, SIM_EVENT_NOTHING);
    for (int i = 0; i < N_EVENTS_OF_A_LIFE; i++) {
        SimEvent event = (SimEvent)(sim_draw(life.random) * SIM_N_HAPPENINGS);
        live_through(&life, event);
        live(&life, 60 * VT_NS_PER_SEC, true);
        tally(&life, SIM_EVENT_NOTHING);
    }
    sim_guest_clear(&life.guest);
    g_rand_free(life.random);
}

double
sim_life_get_ratio(const SimLifeReport *report)
{
    uint64_t n_all = 0;
    for (int i = 0; i < SIM_RATIO_DECADES; i++)
        n_all += report->n_ratios[i];
    uint64_t n_below = 0;
    int decade = 0;
    while (decade < SIM_RATIO_DECADES - 1 && 2 * (n_below + report->n_ratios[decade]) < n_all)
        n_below += report->n_ratios[decade++];
    return pow(10, (decade + 0.5) / 10);
}
