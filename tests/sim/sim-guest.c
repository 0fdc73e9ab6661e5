/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/sim/sim-guest.h"

/* From a reply to the next request, and from an answer to the call into the kernel. */
#define THINKING_NS (100 * VT_NS_PER_US)

/* As an agent with a guard. */
#define MOST_TRIM_PPB 500000.0

void
sim_guest_init(SimGuest *guest, uint32_t seed)
{
    GRand *random = g_rand_new_with_seed(seed);
    sim_guest_init_random(guest, random);
    guest->own_random = random;
}

void
sim_guest_init_random(SimGuest *guest, GRand *random)
{
    *guest = (SimGuest){
        .tick_ns = VT_NS_PER_SEC,
        .until_reading_ns = VT_NS_MAX,
        .until_waking_ns = VT_NS_MAX,
    };
    VtPipelineParams params = vt_pipeline_params_default();
    params.most_trim_ppb = MOST_TRIM_PPB;
    /* 2024-01-01 00:00:00 UTC. */
    params.least_wall.ns = INT64_C(1704067200) * VT_NS_PER_SEC;
    sim_oscillator_init(&guest->oscillator, random);
    sim_host_init(&guest->host);
    guest->host.random = random;
    guest->pipeline = vt_pipeline_new(&params);
}

void
sim_guest_clear(SimGuest *guest)
{
    g_clear_pointer(&guest->pipeline, vt_pipeline_free);
    g_clear_pointer(&guest->own_random, g_rand_free);
}

static void
count_down(SimGuest *guest, VtNs span_ns)
{
    guest->until_tick_ns -= span_ns;
    if (guest->until_reading_ns != VT_NS_MAX)
        guest->until_reading_ns -= span_ns;
    if (guest->until_waking_ns != VT_NS_MAX)
        guest->until_waking_ns -= span_ns;
}

static void
spend(SimGuest *guest, VtNs span_ns)
{
    sim_oscillator_run(&guest->oscillator, span_ns);
    count_down(guest, span_ns);
}

/* Between two instructions of the agent's. */
static void
wait_for_processor(SimGuest *guest)
{
    spend(guest, sim_host_draw_wait(&guest->host, guest->oscillator.true_ns));
}

/* As the agent reads the rate back before it does anything to the clock. */
static void
look_for_foreign_rate(SimGuest *guest)
{
    if (!guest->has_rate || guest->oscillator.frequency_ppb == guest->set_rate_ppb)
        return;
    VtAction back = vt_pipeline_on_foreign_rate(guest->pipeline);
    if (back.set_rate)
        guest->oscillator.frequency_ppb = back.rate_ppb;
}

static void
carry_out(SimGuest *guest, const VtAction *action)
{
    look_for_foreign_rate(guest);
    guest->last_action = *action;
    guest->until_waking_ns = action->wake_after_ns > 0 ? action->wake_after_ns : VT_NS_MAX;
    if (action->measure_after_ns > 0)
        guest->until_reading_ns = action->measure_after_ns;
    guest->n_recovered += action->recovered;
    guest->n_refused += action->refusal != VT_REFUSAL_NONE;
    if (guest->kernel_refuses && action->kind != VT_ACTION_HOLD) {
        vt_pipeline_on_failed_action(guest->pipeline);
        return;
    }
    if (action->set_rate) {
        guest->oscillator.frequency_ppb = action->rate_ppb;
        guest->set_rate_ppb = action->rate_ppb;
        guest->has_rate = true;
        guest->n_rates++;
    }
    switch (action->kind) {
    case VT_ACTION_STEP:
        sim_oscillator_step(&guest->oscillator, action->offset_ns);
        guest->n_steps++;
        break;
    case VT_ACTION_SLEW:
        g_assert_cmpint(vt_ns_abs(action->offset_ns), <=, VT_NS_PER_MS);
        sim_oscillator_slew(&guest->oscillator, action->offset_ns);
        guest->n_slews++;
        break;
    case VT_ACTION_HOLD:
        break;
    }
}

/* One exchange; true if another one is wanted at once. */
static bool
measure(SimGuest *guest)
{
    VtReading reading;
    int64_t begun_ns = guest->oscillator.raw_ns;
    bool was_answered = sim_host_exchange(&guest->host, &guest->oscillator, &reading);
    count_down(guest, guest->oscillator.raw_ns - begun_ns);
    guest->until_reading_ns = VT_NS_MAX;
    guest->n_readings++;

    VtInstant now = sim_oscillator_read(&guest->oscillator);
    VtAction action = was_answered ? vt_pipeline_on_reading(guest->pipeline, &reading, now)
                                   : vt_pipeline_on_silence(guest->pipeline, now);
    wait_for_processor(guest);
    carry_out(guest, &action);
    if (!was_answered && guest->retry_ns > 0)
        guest->until_reading_ns = guest->retry_ns;
    spend(guest, THINKING_NS);
    return action.measure_now;
}

static void
tick(SimGuest *guest)
{
    /* Ticks that were missed in a pause come once. */
    if (guest->until_tick_ns <= 0)
        guest->until_tick_ns = guest->tick_ns;
    while (measure(guest))
        continue;
}

static void
wake(SimGuest *guest)
{
    guest->until_waking_ns = VT_NS_MAX;
    VtAction action =
        vt_pipeline_on_silence(guest->pipeline, sim_oscillator_read(&guest->oscillator));
    wait_for_processor(guest);
    carry_out(guest, &action);
}

void
sim_guest_run(SimGuest *guest, VtNs span_ns)
{
    int64_t end_ns = guest->oscillator.true_ns + span_ns;
    while (guest->oscillator.true_ns < end_ns) {
        VtNs left_ns = end_ns - guest->oscillator.true_ns;
        VtNs reading_ns = vt_ns_min(guest->until_tick_ns, guest->until_reading_ns);
        VtNs next_ns = vt_ns_min(reading_ns, guest->until_waking_ns);
        if (left_ns < next_ns) {
            spend(guest, left_ns);
            return;
        }
        if (next_ns > 0)
            spend(guest, next_ns);
        if (guest->until_waking_ns <= 0)
            wake(guest);
        else
            tick(guest);
    }
}

VtNs
sim_guest_hint(SimGuest *guest, const VtPipelineHint *hint)
{
    int64_t begun_ns = guest->oscillator.raw_ns;
    VtAction action =
        vt_pipeline_on_hint(guest->pipeline, hint, sim_oscillator_read(&guest->oscillator));
    carry_out(guest, &action);
    if (action.measure_now) {
        spend(guest, THINKING_NS);
        while (measure(guest))
            continue;
    }
    return guest->oscillator.raw_ns - begun_ns;
}

void
sim_guest_settle(SimGuest *guest)
{
    sim_guest_run(guest, 60 * VT_NS_PER_SEC);
    g_assert_cmpint(sim_guest_get_status(guest).state, ==, VT_STATE_TRACKING);
    guest->n_steps = 0;
    guest->n_slews = 0;
    guest->n_rates = 0;
    guest->n_recovered = 0;
    guest->n_refused = 0;
    guest->n_readings = 0;
}

VtNs
sim_guest_get_error(const SimGuest *guest)
{
    return guest->oscillator.true_ns + guest->host.offset_ns - guest->oscillator.wall_ns;
}

VtPipelineStatus
sim_guest_get_status(const SimGuest *guest)
{
    return vt_pipeline_get_status(guest->pipeline, sim_oscillator_read(&guest->oscillator));
}
