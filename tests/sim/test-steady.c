/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hours in which nothing happens, and noise that must not look like something. */
#include <math.h>

#include "tests/sim/seeds.h"
#include "tests/sim/sim-guest.h"

#define HOUR_SEC 3600

/*
 * The ideal filter on this model keeps 0.6 us and 10 ppb. The first hour is not the best one: how
 * much the oscillator wanders is still being learnt.
 */
#define MOST_RMS_OFFSET_NS 2000.0
#define MOST_RMS_RATE_PPB  50.0

/* Of what replies are late by in the mean; half of it were they taken as they come. */
#define MOST_RMS_SHARE 0.2

static void
test_hour(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    guest.oscillator.rate_ppb = 10000 * sim_draw_gauss(guest.host.random);
    guest.oscillator.wander_ppb_per_sqrt_sec = 1;
    sim_guest_settle(&guest);
    sim_guest_run(&guest, 240 * VT_NS_PER_SEC);

    double offset_squares = 0;
    double rate_squares = 0;
    for (int i = 0; i < HOUR_SEC; i++) {
        sim_guest_run(&guest, VT_NS_PER_SEC);
        VtPipelineStatus status = sim_guest_get_status(&guest);
        double error_ns = (double)sim_guest_get_error(&guest);
        double rate_error_ppb = status.rate_ppb + guest.oscillator.rate_ppb;
        offset_squares += error_ns * error_ns;
        rate_squares += rate_error_ppb * rate_error_ppb;
        g_assert_cmpfloat(fabs(error_ns), <=, (double)status.error_ns);
        g_assert_cmpint(status.state, ==, VT_STATE_TRACKING);
    }

    double rms_offset_ns = sqrt(offset_squares / HOUR_SEC);
    double rms_rate_ppb = sqrt(rate_squares / HOUR_SEC);
    g_test_message("RMS offset %.0f ns, rate %.1f ppb", rms_offset_ns, rms_rate_ppb);
    g_assert_cmpfloat(rms_offset_ns, <=, MOST_RMS_OFFSET_NS);
    g_assert_cmpfloat(rms_rate_ppb, <=, MOST_RMS_RATE_PPB);
    g_assert_cmpuint(sim_guest_get_status(&guest).n_disruptions, ==, 0);
    g_assert_cmpuint(guest.n_steps, ==, 0);
    sim_guest_clear(&guest);
}

static void
test_spikes(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    for (int i = 0; i < 100; i++) {
        guest.host.reply_spike_ns = 5 * VT_NS_PER_MS;
        sim_guest_run(&guest, 10 * VT_NS_PER_SEC);
        g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, 20 * VT_NS_PER_US);
    }

    g_assert_cmpuint(guest.n_steps, ==, 0);
    g_assert_cmpuint(sim_guest_get_status(&guest).n_disruptions, ==, 0);
    sim_guest_clear(&guest);
}

static void
test_spike_in_recovery(uint32_t seed)
{
    static const VtPipelineHint hint = { .strength = VT_HINT_STRONG };
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);

    sim_oscillator_pause(&guest.oscillator, 5 * VT_NS_PER_SEC);
    guest.host.reply_spike_ns = 5 * VT_NS_PER_MS;
    sim_guest_hint(&guest, &hint);

    g_assert_cmpuint(guest.n_steps, ==, 1);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, 500 * VT_NS_PER_US);
    sim_guest_clear(&guest);
}

static void
test_slew_in_flight(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    sim_guest_settle(&guest);
    VtNs before_ns = sim_guest_get_error(&guest);

    /* The reference is 800 us ahead of a sudden: below a step, so it is slewed. */
    guest.host.offset_ns += 800 * VT_NS_PER_US;
    VtNs least_ns = VT_NS_MAX;
    for (int i = 0; i < 200; i++) {
        sim_guest_run(&guest, 100 * VT_NS_PER_MS);
        least_ns = vt_ns_min(least_ns, sim_guest_get_error(&guest));
        /* From the first tick on the bound tells of it. */
        if (i >= 11)
            g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=,
                            sim_guest_get_status(&guest).error_ns);
    }

    g_assert_cmpuint(guest.n_steps, ==, 0);
    g_assert_cmpint(before_ns, <=, 20 * VT_NS_PER_US);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, 40 * VT_NS_PER_US);
    /* Corrected twice it would have ended 800 us too far, taken for a rate 100 us. */
    g_assert_cmpint(least_ns, >=, -20 * VT_NS_PER_US);
    sim_guest_clear(&guest);
}

static void
test_holdover(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    guest.oscillator.rate_ppb = 30000;
    sim_guest_settle(&guest);
    sim_guest_run(&guest, 240 * VT_NS_PER_SEC);

    guest.host.loss = 1;
    sim_guest_run(&guest, 20 * VT_NS_PER_SEC);
    VtPipelineStatus soon = sim_guest_get_status(&guest);
    sim_guest_run(&guest, 600 * VT_NS_PER_SEC);
    VtPipelineStatus late = sim_guest_get_status(&guest);

    g_assert_cmpint(soon.state, ==, VT_STATE_HOLDOVER);
    g_assert_false(soon.has_reference);
    g_assert_true(soon.synchronised);
    /* 15 ppm for 600 s. */
    g_assert_cmpint(late.error_ns - soon.error_ns, >=, 8 * VT_NS_PER_MS);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, late.error_ns);
    guest.host.loss = 0;
    sim_guest_run(&guest, 2 * VT_NS_PER_SEC);
    g_assert_cmpint(sim_guest_get_status(&guest).state, ==, VT_STATE_TRACKING);
    sim_guest_clear(&guest);
}

/* A guest that must be woken for each reply gets it late, and is never late with a request. */
static void
watch_late_replies(uint32_t seed, double jitter_ns, VtNs cold_ns)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    guest.oscillator.wander_ppb_per_sqrt_sec = 1;
    guest.host.reply_jitter_ns = jitter_ns;
    guest.host.cold_ns = cold_ns;
    sim_guest_settle(&guest);
    sim_guest_run(&guest, 60 * VT_NS_PER_SEC);

    double squares = 0;
    for (int i = 0; i < HOUR_SEC; i++) {
        sim_guest_run(&guest, VT_NS_PER_SEC);
        double error_ns = (double)sim_guest_get_error(&guest);
        squares += error_ns * error_ns;
        g_assert_cmpfloat(fabs(error_ns), <=, (double)sim_guest_get_status(&guest).error_ns);
    }

    double rms_ns = sqrt(squares / HOUR_SEC);
    g_test_message("RMS offset %.0f ns", rms_ns);
    g_assert_cmpfloat(rms_ns, <=, MOST_RMS_SHARE * (jitter_ns + (double)cold_ns));
    g_assert_cmpuint(sim_guest_get_status(&guest).n_disruptions, ==, 0);
    g_assert_cmpuint(sim_guest_get_status(&guest).n_rate_jumps, ==, 0);
    g_assert_cmpuint(guest.n_steps, ==, 0);
    sim_guest_clear(&guest);
}

static void
test_late_replies(uint32_t seed)
{
    watch_late_replies(seed, 600e3, 0);
}

/* Once a second nothing of it is in any cache, and it takes longer each time. */
static void
test_cold_replies(uint32_t seed)
{
    watch_late_replies(seed, 400e3, 700 * VT_NS_PER_US);
}

/* From then on it is another oscillator, whichever way it is off. */
static void
test_jump_behind_late_replies(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    guest.host.reply_jitter_ns = 400e3;
    guest.host.cold_ns = 700 * VT_NS_PER_US;
    sim_guest_settle(&guest);
    sim_guest_run(&guest, 300 * VT_NS_PER_SEC);

    guest.oscillator.rate_ppb += seed % 2 == 0 ? 200000 : -200000;
    sim_guest_run(&guest, 6 * VT_NS_PER_SEC);
    for (int i = 0; i < 60; i++) {
        sim_guest_run(&guest, VT_NS_PER_SEC);
        g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, 500 * VT_NS_PER_US);
    }

    g_assert_cmpuint(sim_guest_get_status(&guest).n_rate_jumps, ==, 1);
    g_assert_cmpuint(guest.n_steps, ==, 0);
    sim_guest_clear(&guest);
}

static void
test_lossy_link(uint32_t seed)
{
    SimGuest guest;
    sim_guest_init(&guest, seed);
    guest.host.loss = 0.3;
    guest.host.forward_extra_ns = 10 * VT_NS_PER_US;

    sim_guest_run(&guest, 600 * VT_NS_PER_SEC);
    /* Five losses in a row happen: end on an answer. */
    guest.host.loss = 0;
    sim_guest_run(&guest, 2 * VT_NS_PER_SEC);

    g_assert_cmpint(sim_guest_get_status(&guest).state, ==, VT_STATE_TRACKING);
    g_assert_cmpuint(sim_guest_get_status(&guest).n_disruptions, ==, 0);
    /* Half of the asymmetry cannot be seen. */
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, 20 * VT_NS_PER_US);
    sim_guest_clear(&guest);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_seeds_add("/sim/steady/hour-within-limits", test_hour);
    /*
     * 632: the samples of the first minute were thought too good, and the rate was off by 56 ppb.
     * 1407: the least of 500 delays was 5 us above the minimum, and one that was as quick and off
     * by 3 us made a jump of the rate of what was none.
     */
    sim_seeds_add_odd("/sim/steady/hour-within-limits", test_hour, 632);
    sim_seeds_add_odd("/sim/steady/hour-within-limits", test_hour, 1407);
    sim_seeds_add("/sim/steady/delay-spikes-step-nothing", test_spikes);
    sim_seeds_add("/sim/steady/spike-in-recovery-spoils-nothing", test_spike_in_recovery);
    sim_seeds_add("/sim/steady/slew-in-flight-is-not-corrected-twice", test_slew_in_flight);
    sim_seeds_add("/sim/steady/holdover-bound-grows", test_holdover);
    sim_seeds_add("/sim/steady/late-replies-are-no-offset", test_late_replies);
    sim_seeds_add("/sim/steady/cold-replies-are-no-offset", test_cold_replies);
    sim_seeds_add("/sim/steady/jump-behind-late-replies-is-followed",
                  test_jump_behind_late_replies);
    sim_seeds_add("/sim/steady/lossy-link-is-enough", test_lossy_link);
    return g_test_run();
}
