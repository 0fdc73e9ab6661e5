/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A leap second: the kernel makes it, the references have it, and nothing has happened. */
#include "tests/sim/seeds.h"
#include "tests/sim/sim-guest.h"

/* 2025-06-30 23:58:00 UTC. */
#define BEFORE_NS (INT64_C(1751327880) * VT_NS_PER_SEC)
#define LEFT_NS   (120 * VT_NS_PER_SEC)

#define MOST_ERROR_NS (50 * VT_NS_PER_US)

static void
begin(SimGuest *guest, uint8_t announced, uint32_t seed)
{
    sim_guest_init(guest, seed);
    guest->oscillator.true_ns = BEFORE_NS;
    guest->oscillator.wall_ns = BEFORE_NS;
    guest->oscillator.rate_ppb = 20000;
    guest->host.leap = announced;
    sim_guest_settle(guest);
}

static void
run_to_midnight(SimGuest *guest)
{
    sim_guest_run(guest, BEFORE_NS + LEFT_NS - guest->oscillator.true_ns);
}

/* UTC repeats a second; and the kernel, if it is armed. */
static void
insert(SimGuest *guest, bool is_armed)
{
    guest->oscillator.true_ns -= VT_NS_PER_SEC;
    if (is_armed)
        guest->oscillator.wall_ns -= VT_NS_PER_SEC;
}

static void
test_armed_leap_is_no_event(uint32_t seed)
{
    SimGuest guest;
    begin(&guest, VT_LEAP_INSERT, seed);
    g_assert_cmpint(sim_guest_get_status(&guest).leap, ==, VT_LEAP_INSERT);
    run_to_midnight(&guest);

    insert(&guest, true);
    for (int i = 0; i < 100; i++) {
        sim_guest_run(&guest, 100 * VT_NS_PER_MS);
        VtPipelineStatus status = sim_guest_get_status(&guest);
        g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, MOST_ERROR_NS);
        g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, status.error_ns);
        g_assert_true(status.synchronised);
    }

    g_assert_cmpuint(sim_guest_get_status(&guest).n_disruptions, ==, 0);
    g_assert_cmpuint(guest.n_steps, ==, 0);
    g_assert_cmpint(sim_guest_get_status(&guest).leap, ==, VT_LEAP_NONE);
    sim_guest_clear(&guest);
}

/* The kernel's timer that is cancelled by a set of the clock makes a strong sign of it. */
static void
test_sign_of_armed_leap_is_no_event(uint32_t seed)
{
    static const VtPipelineHint hint = { .strength = VT_HINT_STRONG, .allows_backward = true };
    SimGuest guest;
    begin(&guest, VT_LEAP_INSERT, seed);
    run_to_midnight(&guest);

    insert(&guest, true);
    sim_guest_hint(&guest, &hint);
    sim_guest_run(&guest, 10 * VT_NS_PER_SEC);

    g_assert_cmpuint(sim_guest_get_status(&guest).n_disruptions, ==, 0);
    g_assert_cmpuint(guest.n_steps, ==, 0);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, MOST_ERROR_NS);
    sim_guest_clear(&guest);
}

static void
test_leap_that_nobody_announced(uint32_t seed)
{
    SimGuest guest;
    begin(&guest, VT_LEAP_NONE, seed);
    run_to_midnight(&guest);

    insert(&guest, false);
    sim_guest_run(&guest, 3 * VT_NS_PER_SEC);

    g_assert_cmpuint(guest.n_steps, ==, 1);
    g_assert_cmpint(vt_ns_abs(sim_guest_get_error(&guest)), <=, 500 * VT_NS_PER_US);
    sim_guest_clear(&guest);
}

static void
test_second_back_on_another_day_is_refused(uint32_t seed)
{
    SimGuest guest;
    begin(&guest, VT_LEAP_NONE, seed);

    insert(&guest, false);
    sim_guest_run(&guest, 3 * VT_NS_PER_SEC);

    g_assert_cmpuint(guest.n_steps, ==, 0);
    sim_guest_clear(&guest);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    sim_seeds_add("/sim/leap/armed-leap-is-no-event", test_armed_leap_is_no_event);
    sim_seeds_add("/sim/leap/sign-of-armed-leap-is-no-event",
                  test_sign_of_armed_leap_is_no_event);
    sim_seeds_add("/sim/leap/leap-that-nobody-announced-is-followed",
                  test_leap_that_nobody_announced);
    sim_seeds_add("/sim/leap/second-back-on-another-day-is-refused",
                  test_second_back_on_another_day_is_refused);
    return g_test_run();
}
