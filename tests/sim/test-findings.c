/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever befalls the clock is called by its name. */
#include "tests/sim/seeds.h"
#include "tests/sim/sim-guest.h"

/* Past the first minutes, in which a rate that changes is no jump. */
#define CALM_NS (300 * VT_NS_PER_SEC)

typedef struct {
    const char *name;
    void (*happen)(SimGuest *guest);
    VtFinding expected;
} FindingCase;

static void
do_nothing(SimGuest *guest)
{
    (void)guest;
}

static void
be_late_once(SimGuest *guest)
{
    guest->host.reply_spike_ns = 5 * VT_NS_PER_MS;
}

static void
be_paused(SimGuest *guest)
{
    sim_oscillator_pause(&guest->oscillator, 3 * VT_NS_PER_SEC);
}

static void
jump(SimGuest *guest)
{
    guest->oscillator.rate_ppb -= 100000;
}

static void
set_clock(SimGuest *guest)
{
    sim_oscillator_step(&guest->oscillator, -20 * VT_NS_PER_SEC);
}

static void
set_rate(SimGuest *guest)
{
    guest->oscillator.frequency_ppb += 50000;
}

static void
set_reference(SimGuest *guest)
{
    static const VtPipelineHint hint = {
        .strength = VT_HINT_STRONG,
        .allows_backward = true,
        .moves_reference = true,
    };
    guest->host.offset_ns -= 10 * VT_NS_PER_SEC;
    sim_guest_hint(guest, &hint);
}

static void
change_reference(SimGuest *guest)
{
    static const VtPipelineReference other = {
        .is_synchronised = true,
        .holdover_after_ns = 5 * VT_NS_PER_SEC,
    };
    /* The first odd reading, whose confirmation never comes: another one is asked instead. */
    VtReading odd;
    guest->host.offset_ns += 2 * VT_NS_PER_SEC;
    sim_host_exchange(&guest->host, &guest->oscillator, &odd);
    guest->host.offset_ns -= 2 * VT_NS_PER_SEC;
    VtInstant now = sim_oscillator_read(&guest->oscillator);
    vt_pipeline_on_reading(guest->pipeline, &odd, now);
    vt_pipeline_on_reference_change(guest->pipeline, &other, now);
}

static void
test_finding(uint32_t seed, gconstpointer user_data)
{
    const FindingCase *c = user_data;
    SimGuest guest;
    sim_guest_init(&guest, seed);
    guest.oscillator.wander_ppb_per_sqrt_sec = 1;
    sim_guest_settle(&guest);
    sim_guest_run(&guest, CALM_NS);
    uint64_t n_before = sim_guest_get_status(&guest).n_findings;

    c->happen(&guest);
    sim_guest_run(&guest, 20 * VT_NS_PER_SEC);

    VtPipelineStatus status = sim_guest_get_status(&guest);
    bool is_noise = c->expected == VT_FINDING_NOISE;
    g_assert_cmpuint(status.n_findings - n_before, ==, is_noise ? 0 : 1);
    if (!is_noise)
        g_assert_cmpstr(vt_finding_name(status.finding), ==, vt_finding_name(c->expected));
    sim_guest_clear(&guest);
}

int
main(int argc, char **argv)
{
    static const FindingCase cases[] = {
        { "noise", do_nothing, VT_FINDING_NOISE },
        { "late-reply", be_late_once, VT_FINDING_NOISE },
        { "pause", be_paused, VT_FINDING_PHASE_STEP },
        { "rate-jump", jump, VT_FINDING_RATE_JUMP },
        { "clock-set", set_clock, VT_FINDING_FOREIGN_WRITER },
        { "rate-set", set_rate, VT_FINDING_FOREIGN_WRITER },
        { "reference-set", set_reference, VT_FINDING_REFERENCE_FAULT },
        { "reference-contradicted", change_reference, VT_FINDING_REFERENCE_FAULT },
    };
    /*
     * Of the new reference's first twenty samples all were quick by chance, and were thought so
     * good that a jump of the rate by 100 ppm was seen in what was left.
     */
    static const uint32_t odd_seeds[] = { 227, 341, 769 };
    const FindingCase *contradicted = &cases[G_N_ELEMENTS(cases) - 1];

    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/sim/findings/", cases[i].name, NULL);
        sim_seeds_add_data(path, test_finding, &cases[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(odd_seeds); i++)
        sim_seeds_add_odd_data("/sim/findings/reference-contradicted", test_finding,
                               contradicted, odd_seeds[i]);
    return g_test_run();
}
