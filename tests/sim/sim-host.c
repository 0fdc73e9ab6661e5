/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/sim/sim-host.h"

#define HOLD_NS (20 * VT_NS_PER_US)
#define LATE_NS (5 * VT_NS_PER_MS)
#define WARM_NS (300 * VT_NS_PER_MS)

void
sim_host_init(SimHost *host)
{
    *host = (SimHost){
        .base_delay_ns = 60 * VT_NS_PER_US,
        .jitter_ns = 20e3,
        .timeout_ns = 100 * VT_NS_PER_MS,
        .synchronised = true,
    };
}

static VtNs
draw_delay(const SimHost *host)
{
    return host->base_delay_ns + sim_draw_exponential(host->random, host->jitter_ns);
}

static VtNs
get_queue(const SimHost *host, int64_t true_ns)
{
    if (true_ns < host->queue_from_ns || true_ns >= host->queue_until_ns)
        return 0;
    double share = (double)(true_ns - host->queue_from_ns) /
                   (double)(host->queue_until_ns - host->queue_from_ns);
    return vt_ns_from_double(share * (double)host->queue_most_ns);
}

VtNs
sim_host_draw_wait(const SimHost *host, int64_t true_ns)
{
    if (true_ns >= host->starved_until_ns || sim_draw(host->random) < 0.5)
        return 0;
    return sim_draw_exponential(host->random, host->starved_ns);
}

static VtNs
draw_lateness(const SimHost *host)
{
    bool is_late = host->late_packets > 0 && sim_draw(host->random) < host->late_packets;
    return is_late ? LATE_NS : 0;
}

/* Half of the way, a pause of the guest, the other half. */
static void
travel(SimOscillator *oscillator, VtNs delay_ns, VtNs *pause_ns)
{
    sim_oscillator_run(oscillator, delay_ns / 2);
    sim_oscillator_pause(oscillator, *pause_ns);
    sim_oscillator_run(oscillator, delay_ns - delay_ns / 2);
    *pause_ns = 0;
}

static VtWall
read_reference(const SimHost *host, const SimOscillator *oscillator)
{
    return (VtWall){ .ns = oscillator->true_ns + host->offset_ns };
}

bool
sim_host_exchange(SimHost *host, SimOscillator *oscillator, VtReading *ret_reading)
{
    if (host->loss > 0 && sim_draw(host->random) < host->loss) {
        sim_oscillator_run(oscillator, host->timeout_ns);
        return false;
    }

    if (host->n_answers_left > 0 && --host->n_answers_left == 0)
        host->loss = 1;
    VtReading reading = {
        .sent = sim_oscillator_read(oscillator),
        .precision_ns = 100,
        .root_delay_ns = 20 * VT_NS_PER_US,
        .root_dispersion_ns = 10 * VT_NS_PER_US,
        .reference_synchronised = host->synchronised,
        .stratum = 2,
        .leap = host->leap,
        .n_to_step = host->n_to_step,
    };
    VtNs there_ns =
        draw_delay(host) + host->forward_extra_ns + get_queue(host, oscillator->true_ns);
    there_ns += sim_host_draw_wait(host, oscillator->true_ns);
    travel(oscillator, there_ns, &host->pause_before_ns);
    reading.reference_received_at = read_reference(host, oscillator);
    sim_oscillator_run(oscillator, HOLD_NS);
    reading.reference_sent_at = read_reference(host, oscillator);
    /* The reply is stamped: a pause from here on shows nowhere in the reading. */
    VtNs back_ns = draw_delay(host) + host->reply_spike_ns + draw_lateness(host);
    if (host->reply_jitter_ns > 0)
        back_ns += sim_draw_exponential(host->random, host->reply_jitter_ns);
    if (oscillator->true_ns >= host->warm_until_ns)
        back_ns += host->cold_ns;
    back_ns += sim_host_draw_wait(host, oscillator->true_ns);
    travel(oscillator, back_ns, &host->pause_after_ns);
    host->reply_spike_ns = 0;
    host->warm_until_ns = oscillator->true_ns + WARM_NS;
    reading.received = sim_oscillator_read(oscillator);
    *ret_reading = reading;
    return true;
}
