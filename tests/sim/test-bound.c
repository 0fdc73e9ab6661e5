/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bound, over 200 random lives: the true error is above it only where nobody could have known,
 * for no longer than that kind of event allows. A failure names the seed: it alone makes the life.
 */
#include "tests/sim/sim-life.h"

#define N_SEEDS    200
#define N_TOGETHER 25

/* While nothing happens the bound is so many times the true error, in the median; of use. */
#define MOST_RATIO 20.0

static void
test_lives(gconstpointer user_data)
{
    unsigned first = GPOINTER_TO_UINT(user_data);
    SimLifeReport report = { 0 };
    for (unsigned seed = first; seed < first + N_TOGETHER; seed++)
        sim_life_run(seed, &report);

    if (report.worst_excess_sec > 0)
        g_error("seed %u: the bound was too small for %.3f s longer than '%s' allows",
                report.worst_seed, report.worst_excess_sec, sim_event_name(report.worst_event));
    g_test_message("bound / true error: %.1f", sim_life_get_ratio(&report));
    g_assert_cmpfloat(sim_life_get_ratio(&report), <=, MOST_RATIO);
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
    return g_test_run();
}
