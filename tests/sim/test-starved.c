/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests that start on a host that has not enough processors for all: what they read is late by
 * tens of milliseconds on either side, and so is what they do. From such readings nothing is
 * learnt fast.
 */
#include <math.h>

#include "tests/sim/seeds.h"
#include "tests/sim/sim-guest.h"

#define STARVED_NS (60 * VT_NS_PER_SEC)
#define LOOK_NS    (5 * VT_NS_PER_MS)

/* Of the oscillator; and by how much less than that is known of it. */
#define RATE_PPB       30000.0
#define MOST_WRONG_PPB 300000.0

static void
begin(SimGuest *guest, uint32_t seed)
{
    sim_guest_init(guest, seed);
    guest->oscillator.rate_ppb = RATE_PPB;
    guest->oscillator.wall_ns -= 3 * VT_NS_PER_SEC;
    guest->host.starved_ns = 3e6 * pow(2, seed % 6);
    guest->host.starved_until_ns = guest->oscillator.true_ns + STARVED_NS;
}

static void
test_no_impossible_rate(uint32_t seed)
{
    SimGuest guest;
    begin(&guest, seed);

    for (VtNs at_ns = 0; at_ns < STARVED_NS; at_ns += LOOK_NS) {
        sim_guest_run(&guest, LOOK_NS);
        VtPipelineStatus status = sim_guest_get_status(&guest);
        double wrong_ppb = fabs(status.rate_ppb + RATE_PPB);
        g_assert_cmpfloat(wrong_ppb, <=, MOST_WRONG_PPB);
    }
    sim_guest_clear(&guest);
}

static void
test_bound_holds(uint32_t seed)
{
    SimGuest guest;
    begin(&guest, seed);

    for (VtNs at_ns = 0; at_ns < 2 * STARVED_NS; at_ns += LOOK_NS) {
        sim_guest_run(&guest, LOOK_NS);
        VtNs error_ns = vt_ns_abs(sim_guest_get_error(&guest));
        g_assert_cmpint(error_ns, <=, sim_guest_get_status(&guest).error_ns);
    }
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, 500 * VT_NS_PER_US);
    sim_guest_clear(&guest);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_seeds_add("/sim/starved/no-impossible-rate-is-believed", test_no_impossible_rate);
    sim_seeds_add("/sim/starved/bound-holds", test_bound_holds);
    /* A minute after the end the clock was 0.54 ms off: what delays had been was not forgotten. */
    sim_seeds_add_odd("/sim/starved/bound-holds", test_bound_holds, 2429);
    return g_test_run();
}
