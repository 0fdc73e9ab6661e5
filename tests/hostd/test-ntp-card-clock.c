/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The line through readings of a card's clock and the system's. */
#include "hostd/ntp-card-clock.h"

#define EVERY_NS     (250 * VT_NS_PER_MS)
#define NOISE_NS     200
#define TOLERANCE_NS 400

static const VtWall start = { .ns = INT64_C(1900000000) * VT_NS_PER_SEC };

/* Cards that a PTP daemon sets count TAI. */
static const VtNs tai_ns = 37 * VT_NS_PER_SEC;

/* A card whose clock runs slower than the system's, or faster, by a part. */
typedef struct {
    double gain; /* of the system's clock */
    VtNs set_ns; /* by which it was set */
} World;

static VtNtpCardReading
see(const World *world, VtNs device_ns)
{
    VtNs gained_ns = vt_ns_from_double((double)device_ns * world->gain);
    return (VtNtpCardReading){
        .device_at = vt_wall_add(start, tai_ns + device_ns),
        .wall_at = vt_wall_add(start, device_ns + gained_ns + world->set_ns),
        .error_ns = NOISE_NS,
    };
}

static void
read_some(VtNtpCardClock *clock, const World *world, VtNs from_ns, unsigned n_readings)
{
    for (unsigned i = 0; i < n_readings; i++) {
        VtNtpCardReading reading = see(world, from_ns + (VtNs)i * EVERY_NS);
        VtNs noise_ns = g_test_rand_int_range(-NOISE_NS, NOISE_NS + 1);
        reading.wall_at = vt_wall_add(reading.wall_at, noise_ns);
        vt_ntp_card_clock_add(clock, &reading);
    }
}

/* A stamp taken at @device_ns becomes what the system's clock showed then. */
static void
check_stamp(const VtNtpCardClock *clock, const World *world, VtNs device_ns)
{
    VtNtpCardLine line;
    VtNtpCardReading truth = see(world, device_ns);
    g_assert_true(vt_ntp_card_clock_fit(clock, &line));
    VtNs error_ns =
        vt_wall_diff(vt_ntp_card_line_convert(&line, truth.device_at), truth.wall_at);
    g_assert_cmpint(vt_ns_abs(error_ns), <=, TOLERANCE_NS);
}

static void
test_stamp_is_of_the_systems_clock_whatever_the_cards_rate_and_scale(void)
{
    static const double gains[] = { 0, 50e-6, -80e-6, 500e-6 };
    for (size_t i = 0; i < G_N_ELEMENTS(gains); i++) {
        World world = { .gain = gains[i] };
        VtNtpCardClock clock = { .n_readings = 0 };

        read_some(&clock, &world, 0, 20);

        check_stamp(&clock, &world, 19 * EVERY_NS + EVERY_NS / 2);
        check_stamp(&clock, &world, 19 * EVERY_NS - EVERY_NS / 2);
    }
}

static void
test_two_readings_are_no_line(void)
{
    World world = { .gain = 10e-6 };
    VtNtpCardClock clock = { .n_readings = 0 };
    VtNtpCardLine line;

    read_some(&clock, &world, 0, 2);

    g_assert_false(vt_ntp_card_clock_fit(&clock, &line));
}

static void
test_what_was_read_before_a_set_counts_no_more(void)
{
    World world = { .gain = 10e-6 };
    VtNtpCardClock clock = { .n_readings = 0 };
    VtNtpCardLine line;
    read_some(&clock, &world, 0, 10);

    world.set_ns = -3 * VT_NS_PER_MS;
    read_some(&clock, &world, 10 * EVERY_NS, 1);

    g_assert_false(vt_ntp_card_clock_fit(&clock, &line));
    read_some(&clock, &world, 11 * EVERY_NS, 3);
    check_stamp(&clock, &world, 13 * EVERY_NS + EVERY_NS / 2);
}

static void
test_card_that_was_set_back_is_another(void)
{
    World world = { .gain = 0 };
    VtNtpCardClock clock = { .n_readings = 0 };
    VtNtpCardLine line;
    read_some(&clock, &world, 10 * EVERY_NS, 5);

    read_some(&clock, &world, 0, 1);

    g_assert_false(vt_ntp_card_clock_fit(&clock, &line));
}

static void
test_new_rate_is_followed(void)
{
    World before = { .gain = 0 };
    World after = { .gain = 4e-6 };
    VtNtpCardClock clock = { .n_readings = 0 };
    read_some(&clock, &before, 0, 8);

    read_some(&clock, &after, 8 * EVERY_NS, VT_NTP_CARD_CLOCK_MOST);

    check_stamp(&clock, &after, (8 + VT_NTP_CARD_CLOCK_MOST) * EVERY_NS);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostd/ntp-card-clock/"
                    "stamp-is-of-the-systems-clock-whatever-the-cards-rate-and-scale",
                    test_stamp_is_of_the_systems_clock_whatever_the_cards_rate_and_scale);
    g_test_add_func("/hostd/ntp-card-clock/two-readings-are-no-line",
                    test_two_readings_are_no_line);
    g_test_add_func("/hostd/ntp-card-clock/what-was-read-before-a-set-counts-no-more",
                    test_what_was_read_before_a_set_counts_no_more);
    g_test_add_func("/hostd/ntp-card-clock/card-that-was-set-back-is-another",
                    test_card_that_was_set_back_is_another);
    g_test_add_func("/hostd/ntp-card-clock/new-rate-is-followed", test_new_rate_is_followed);
    return g_test_run();
}
