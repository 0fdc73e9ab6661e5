/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Claims about worlds of chance: each is tried in the same many worlds at every run, so that
 * whether it holds is no matter of luck. The last seed that is told before a failure makes it.
 */
#pragma once

#include <stdint.h>

#include <glib.h>

typedef void (*SimSeedFunc)(uint32_t seed);
typedef void (*SimSeedDataFunc)(uint32_t seed, gconstpointer user_data);

/* g_test_add_func of @check with each seed in turn. */
void sim_seeds_add(const char *path, SimSeedFunc check);
void sim_seeds_add_data(const char *path, SimSeedDataFunc check, gconstpointer user_data);

/* One more world, in which the claim did not hold once: kept, so that it holds there for good. */
void sim_seeds_add_odd(const char *path, SimSeedFunc check, uint32_t seed);
void sim_seeds_add_odd_data(const char *path,
                            SimSeedDataFunc check,
                            gconstpointer user_data,
                            uint32_t seed);
