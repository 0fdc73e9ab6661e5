/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bound, over 200 random lives and some of guests whose replies are late: the true error is
 * above it only where nobody could have known, for no longer than that kind of event allows. A
 * failure names the seed: it alone makes the life.
 */
#include "tests/sim/sim-life.h"

#define N_SEEDS    200
#define N_TOGETHER 25

/* While nothing happens the bound is so many times the true error, in the median; of use. */
#define MOST_RATIO      20.0
#define MOST_LATE_RATIO 50.0

/*
 * Where replies alone are late, a queue that builds up on the way there looks like another
 * rate, and for some samples it is held for one.
 */
#define MOST_LATE_EXCESS_SEC 1.0

static void
assert_honest(const SimLifeReport *report, double most_excess_sec)
{
    if (report->worst_excess_sec > most_excess_sec)
        g_error("seed %u: the bound was too small for %.3f s longer than '%s' allows",
                report->worst_seed, report->worst_excess_sec,
                sim_event_name(report->worst_event));
}

static void
live_together(unsigned first, SimLifePath path, double most_excess_sec)
{
    SimLifeReport report = { 0 };
    for (unsigned seed = first; seed < first + N_TOGETHER; seed++)
        sim_life_run(seed, path, &report);

    assert_honest(&report, most_excess_sec);
    g_test_message("bound / true error: %.1f", sim_life_get_ratio(&report));
    g_assert_cmpfloat(sim_life_get_ratio(&report), <=,
                      path == SIM_PATH_LATE_REPLIES ? MOST_LATE_RATIO : MOST_RATIO);
}

static void
test_lives(gconstpointer user_data)
{
    live_together(GPOINTER_TO_UINT(user_data), SIM_PATH_ALIKE, 0);
}

static void
test_late_replies(gconstpointer user_data)
{
    live_together(GPOINTER_TO_UINT(user_data), SIM_PATH_LATE_REPLIES, MOST_LATE_EXCESS_SEC);
}

/*
 * Lives in which the bound was too small once. 4247: a pause of 0.4 ms together with a jump of
 * 99 ppm was taken for the pause alone, and the rate of before for known. 9028: a queue that grew
 * by 0.2 ms a second was taken for a rate of 197 ppm, and the rate of before for excluded.
 */
static const unsigned odd_seeds[] = { 4247, 9028 };

static void
test_odd_life(gconstpointer user_data)
{
    SimLifeReport report = { 0 };
    sim_life_run(GPOINTER_TO_UINT(user_data), SIM_PATH_ALIKE, &report);
    assert_honest(&report, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned first = 1; first <= N_SEEDS; first += N_TOGETHER) {
        g_autofree char *path =
            g_strdup_printf("/sim/bound/seeds-%u-to-%u", first, first + N_TOGETHER - 1);
        g_test_add_data_func(path, GUINT_TO_POINTER(first), test_lives);
    }
    g_test_add_data_func("/sim/bound/late-replies", GUINT_TO_POINTER(1), test_late_replies);
    for (size_t i = 0; i < G_N_ELEMENTS(odd_seeds); i++) {
        g_autofree char *path = g_strdup_printf("/sim/bound/odd-seed-%u", odd_seeds[i]);
        g_test_add_data_func(path, GUINT_TO_POINTER(odd_seeds[i]), test_odd_life);
    }
    return g_test_run();
}
