/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each row of the table of figures, with few seeds, held to its ceiling. */
#include "tests/sim/figures.h"

#define N_SEEDS 3

static void
test_figure(gconstpointer user_data)
{
    const SimFigure *figure = user_data;
    SimFigureValue values[SIM_MOST_GOALS];

    sim_figure_measure(figure, &sim_contender_core, N_SEEDS, values);

    for (int i = 0; figure->goals[i].measure != SIM_MEASURE_END; i++) {
        const SimGoal *goal = &figure->goals[i];
        g_test_message("%s: median %g, worst %g %s", sim_measure_name(goal->measure),
                       sim_measure_to_unit(goal->measure, values[i].median),
                       sim_measure_to_unit(goal->measure, values[i].worst),
                       sim_measure_unit(goal->measure));
        g_assert_cmpfloat(values[i].worst, <=, goal->ceiling);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < sim_n_figures; i++) {
        g_autofree char *path = g_strconcat("/sim/figures/", sim_figures[i].name, NULL);
        g_test_add_data_func(path, &sim_figures[i], test_figure);
    }
    return g_test_run();
}
