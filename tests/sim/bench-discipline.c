/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The discipline in the simulator: tables to the standard output, what they are made of into a
 * folder. bench-parts.h has the files and their columns.
 */
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "tests/sim/bench-parts.h"

static const struct {
    const char *name;
    bool (*run)(const SimBenchOptions *options);
} parts[] = {
    { "figures", sim_bench_figures },
    { "curves", sim_bench_curves },
    { "bound", sim_bench_bound },
    { "calm", sim_bench_calm },
};

static bool
is_known(const char *part)
{
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (strcmp(parts[i].name, part) == 0)
            return true;
    }
    return false;
}

static bool
run_parts(const char *part, const SimBenchOptions *options)
{
    bool is_good = true;
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        bool is_meant = part == NULL || strcmp(parts[i].name, part) == 0;
        if (is_meant && !parts[i].run(options))
            is_good = false;
    }
    return is_good;
}

int
main(int argc, char **argv)
{
    int n_seeds = 12;
    int n_lives = 3000;
    gboolean is_fresh = FALSE;
    g_autofree char *part = NULL;
    g_autofree char *only = NULL;
    g_autofree char *folder = NULL;
    const GOptionEntry entries[] = {
        { "part", 0, 0, G_OPTION_ARG_STRING, &part,
          "figures, curves, bound or calm; default: all", "NAME" },
        { "output", 0, 0, G_OPTION_ARG_FILENAME, &folder, "where files are put", "FOLDER" },
        { "seeds", 0, 0, G_OPTION_ARG_INT, &n_seeds, "for each figure", "N" },
        { "lives", 0, 0, G_OPTION_ARG_INT, &n_lives, "for the bound", "N" },
        { "fresh", 0, 0, G_OPTION_ARG_NONE, &is_fresh, "begin anew", NULL },
        { "only", 0, 0, G_OPTION_ARG_STRING, &only,
          "figures and calm paths with that in their name", "TEXT" },
        { .long_name = NULL },
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("%s\n", error->message);
        return EXIT_FAILURE;
    }
    if ((part != NULL && !is_known(part)) || n_seeds < 1 || n_lives < 1) {
        g_printerr("no such part, or none of it\n");
        return EXIT_FAILURE;
    }
    if (folder != NULL && g_mkdir_with_parents(folder, 0755) != 0) {
        g_printerr("cannot make '%s'\n", folder);
        return EXIT_FAILURE;
    }

    SimBenchOptions options = {
        .folder = folder,
        .only = only,
        .n_seeds = (unsigned)n_seeds,
        .n_lives = (unsigned)n_lives,
        .is_fresh = is_fresh,
    };
    return run_parts(part, &options) ? EXIT_SUCCESS : EXIT_FAILURE;
}
