/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the table of figures: median and worst of so many seeds, and the goals. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/figures.h"

static const SimContender *const contenders[] = { &sim_contender_core, &sim_contender_pi,
                                                  &sim_contender_pll };

static const SimContender *
find_contender(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(contenders); i++) {
        if (strcmp(contenders[i]->name, name) == 0)
            return contenders[i];
    }
    return NULL;
}

static void
print_goal(SimMeasure measure, double goal)
{
    if (goal > 0)
        g_print(" %9.4g", sim_measure_to_unit(measure, goal));
    else
        g_print(" %9s", "-");
}

static void
print_figure(const SimFigure *figure, const SimContender *contender, unsigned n_seeds)
{
    SimFigureValue values[SIM_MOST_GOALS];
    sim_figure_measure(figure, contender, n_seeds, values);
    for (int i = 0; figure->goals[i].measure != SIM_MEASURE_END; i++) {
        const SimGoal *goal = &figure->goals[i];
        g_print("%-36s %-15s %-3s %9.4g %9.4g", i == 0 ? figure->title : "",
                sim_measure_name(goal->measure), sim_measure_unit(goal->measure),
                sim_measure_to_unit(goal->measure, values[i].median),
                sim_measure_to_unit(goal->measure, values[i].worst));
        print_goal(goal->measure, goal->goal);
        print_goal(goal->measure, goal->goal_worst);
        g_print("%s\n", sim_goal_is_missed(goal, &values[i]) ? " missed" : "");
    }
}

int
main(int argc, char **argv)
{
    int n_seeds = 12;
    g_autofree char *name = g_strdup(contenders[0]->name);
    g_autofree char *only = NULL;
    const GOptionEntry entries[] = {
        { "seeds", 0, 0, G_OPTION_ARG_INT, &n_seeds, "how many", "N" },
        { "contender", 0, 0, G_OPTION_ARG_STRING, &name, "whose figures", "NAME" },
        { "only", 0, 0, G_OPTION_ARG_STRING, &only, "figures with that in their name", "TEXT" },
        { .long_name = NULL },
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) options = g_option_context_new(NULL);
    g_option_context_add_main_entries(options, entries, NULL);
    if (!g_option_context_parse(options, &argc, &argv, &error)) {
        g_printerr("%s\n", error->message);
        return EXIT_FAILURE;
    }
    const SimContender *contender = find_contender(name);
    if (contender == NULL || n_seeds < 1) {
        g_printerr("no contender '%s', or no seed\n", name);
        return EXIT_FAILURE;
    }

    g_print("%s, %d seeds\n%-36s %-19s %9s %9s %9s %9s\n", contender->name, n_seeds, "", "",
            "median", "worst", "goal", "worst");
    for (unsigned i = 0; i < sim_n_figures; i++) {
        if (only == NULL || strstr(sim_figures[i].name, only) != NULL)
            print_figure(&sim_figures[i], contender, (unsigned)n_seeds);
    }
    return EXIT_SUCCESS;
}
