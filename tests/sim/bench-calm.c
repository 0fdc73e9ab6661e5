/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <time.h>

#include "tests/sim/bench-parts.h"
#include "tests/sim/calm.h"
#include "tests/sim/csv.h"

#define N_SEEDS 10

#define FILE_NAME "calm.csv"
#define COLUMNS   "path,seed,days,disruptions,rate_jumps,steps,peak_us,cpu_sec_per_day"

static double
read_processor_sec(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

/* What the core costs beside the simulation of everything else. */
static char *
measure(const SimCalm *calm, uint32_t seed)
{
    double begun_sec = read_processor_sec();
    SimTrialResult result = sim_calm_run(calm, &sim_contender_core, calm->bench_days, seed);
    double core_sec = read_processor_sec() - begun_sec;
    begun_sec = read_processor_sec();
    sim_calm_run(calm, &sim_contender_free, 1, seed);
    double world_sec = read_processor_sec() - begun_sec;

    return g_strdup_printf("%s,%u,%u,%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT ",%u,%.1f,%.4f",
                           calm->name, seed, calm->bench_days, result.alarms.n_disruptions,
                           result.alarms.n_rate_jumps, result.n_steps, result.peak_ns / 1000,
                           core_sec / calm->bench_days - world_sec);
}

/* Of a run that was interrupted: "path,seed,days" to the whole line. Transfer full. */
static GHashTable *
recall(const SimBenchOptions *options)
{
    GHashTable *lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (options->folder == NULL || options->is_fresh)
        return lines;
    g_autofree char *path = g_build_filename(options->folder, FILE_NAME, NULL);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return lines; /* a first run */
    g_auto(GStrv) all = g_strsplit(text, "\n", -1);
    for (unsigned i = 1; all[0] != NULL && all[i] != NULL; i++) {
        g_auto(GStrv) cells = g_strsplit(all[i], ",", 4);
        if (g_strv_length(cells) == 4)
            g_hash_table_insert(lines, g_strjoin(",", cells[0], cells[1], cells[2], NULL),
                                g_strdup(all[i]));
    }
    return lines;
}

static bool
save(const SimBenchOptions *options, const GPtrArray *lines)
{
    SimCsv *csv = sim_csv_new(options->folder, FILE_NAME, COLUMNS);
    for (unsigned i = 0; i < lines->len; i++)
        sim_csv_add(csv, "%s", (const char *)lines->pdata[i]);
    return sim_csv_close(csv);
}

bool
sim_bench_calm(const SimBenchOptions *options)
{
    g_autoptr(GHashTable) known = recall(options);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    bool is_written = true;

    g_print(
        "\nNothing but noise: goals 0 disruptions, 0 rate jumps, 0 steps; 0.1 s of processor"
        " time a day of ticks\n%s\n",
        COLUMNS);
    for (unsigned i = 0; i < sim_n_calms; i++) {
        if (options->only != NULL && strstr(sim_calms[i].name, options->only) == NULL)
            continue;
        for (uint32_t seed = 1; seed <= N_SEEDS; seed++) {
            const SimCalm *calm = &sim_calms[i];
            g_autofree char *key =
                g_strdup_printf("%s,%u,%u", calm->name, seed, calm->bench_days);
            const char *before = g_hash_table_lookup(known, key);
            char *line = before != NULL ? g_strdup(before) : measure(calm, seed);
            g_print("%s\n", line);
            g_ptr_array_add(lines, line);
            is_written = save(options, lines) && is_written;
        }
    }
    return is_written;
}
