/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/sim/seeds.h"

#include <stdlib.h>

/* Thirty are tried where nothing else is said. */
#define N_SEEDS      30
#define N_SEEDS_NAME "VT_SIM_SEEDS"

typedef struct {
    SimSeedFunc check; /* or */
    SimSeedDataFunc check_data;
    gconstpointer user_data;
    uint32_t odd_seed; /* this one alone; 0: many */
} Claim;

static unsigned
get_n_seeds(void)
{
    const char *text = g_getenv(N_SEEDS_NAME);
    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : N_SEEDS;
}

static void
try_claim(const Claim *claim, uint32_t seed)
{
    g_test_message("seed %u", seed);
    if (claim->check != NULL)
        claim->check(seed);
    else
        claim->check_data(seed, claim->user_data);
}

static void
run_claim(gconstpointer user_data)
{
    const Claim *claim = user_data;
    unsigned n_seeds = get_n_seeds();
    g_assert_cmpuint(n_seeds, >, 0);
    for (uint32_t seed = 1; seed <= n_seeds; seed++)
        try_claim(claim, seed);
}

static void
run_odd_claim(gconstpointer user_data)
{
    const Claim *claim = user_data;
    try_claim(claim, claim->odd_seed);
}

static void
add_odd(const char *path, const Claim *claim)
{
    g_autofree char *odd_path = g_strdup_printf("%s/odd-seed-%u", path, claim->odd_seed);
    g_test_add_data_func_full(odd_path, g_memdup2(claim, sizeof *claim), run_odd_claim, g_free);
}

void
sim_seeds_add(const char *path, SimSeedFunc check)
{
    Claim *claim = g_new(Claim, 1);
    *claim = (Claim){ .check = check };
    g_test_add_data_func_full(path, claim, run_claim, g_free);
}

void
sim_seeds_add_data(const char *path, SimSeedDataFunc check, gconstpointer user_data)
{
    Claim *claim = g_new(Claim, 1);
    *claim = (Claim){ .check_data = check, .user_data = user_data };
    g_test_add_data_func_full(path, claim, run_claim, g_free);
}

void
sim_seeds_add_odd(const char *path, SimSeedFunc check, uint32_t seed)
{
    add_odd(path, &(Claim){ .check = check, .odd_seed = seed });
}

void
sim_seeds_add_odd_data(const char *path,
                       SimSeedDataFunc check,
                       gconstpointer user_data,
                       uint32_t seed)
{
    add_odd(path, &(Claim){ .check_data = check, .user_data = user_data, .odd_seed = seed });
}
