/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A week in which nothing happens, of one seed; a year and more of them are in the bench. */
#include "tests/sim/calm.h"

#define SEED 1

/* What noise and wander make of the error at most, in a week. */
#define MOST_ERROR_NS 100e3

static void
test_calm(gconstpointer user_data)
{
    const SimCalm *calm = user_data;

    SimTrialResult result = sim_calm_run(calm, &sim_contender_core, calm->test_days, SEED);

    g_assert_cmpuint(result.alarms.n_disruptions, ==, 0);
    g_assert_cmpuint(result.alarms.n_rate_jumps, ==, 0);
    g_assert_cmpuint(result.n_steps, ==, 0);
    g_assert_cmpfloat(result.peak_ns, <=, MOST_ERROR_NS);
}

/* A path is cold but once: many starts say more of it than a long time. */
static void
test_cold_starts(void)
{
    for (uint32_t seed = 1; seed <= 50; seed++) {
        SimTrial trial = {
            .path = SIM_PATH_NETWORK,
            .tick_ns = VT_NS_PER_SEC,
            .wander_ppb_per_sqrt_sec = 10,
            .settle_ns = 300 * VT_NS_PER_SEC,
            .watch_ns = 300 * VT_NS_PER_SEC,
            .sample_ns = VT_NS_PER_SEC,
        };
        SimTrialResult result = sim_trial_run(&trial, &sim_contender_core, seed);
        if (result.alarms.n_rate_jumps > 0 || result.peak_ns > MOST_ERROR_NS)
            g_error("seed %u: %" G_GUINT64_FORMAT " rate jumps, error %.0f ns", seed,
                    result.alarms.n_rate_jumps, result.peak_ns);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < sim_n_calms; i++) {
        g_autofree char *path = g_strconcat("/sim/calm/", sim_calms[i].name, NULL);
        g_test_add_data_func(path, &sim_calms[i], test_calm);
    }
    g_test_add_func("/sim/calm/cold-starts", test_cold_starts);
    return g_test_run();
}
