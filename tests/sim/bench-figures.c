/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "tests/sim/bench-parts.h"
#include "tests/sim/csv.h"
#include "tests/sim/figures.h"

static const SimContender *const contenders[] = { &sim_contender_core, &sim_contender_pi,
                                                  &sim_contender_pll };

#define N_CONTENDERS G_N_ELEMENTS(contenders)

typedef SimFigureValue Values[N_CONTENDERS][SIM_MOST_GOALS];

static double
to_unit(const SimGoal *goal, double value)
{
    return sim_measure_to_unit(goal->measure, value);
}

static char *
format_goal(const SimGoal *goal, double value)
{
    return value > 0 ? g_strdup_printf("%.4g", to_unit(goal, value)) : g_strdup("");
}

static void
print_goal(const SimFigure *figure, int number, Values values)
{
    const SimGoal *goal = &figure->goals[number];
    g_autofree char *median = format_goal(goal, goal->goal);
    g_autofree char *worst = format_goal(goal, goal->goal_worst);
    g_autofree char *both = g_strdup_printf("%s / %s", median, worst);

    g_print("%-36s %-15s %-3s", number == 0 ? figure->title : "",
            sim_measure_name(goal->measure), sim_measure_unit(goal->measure));
    for (size_t i = 0; i < N_CONTENDERS; i++) {
        g_autofree char *value =
            g_strdup_printf("%.4g / %.4g", to_unit(goal, values[i][number].median),
                            to_unit(goal, values[i][number].worst));
        g_print(" %19s", value);
    }
    g_print(" %13s%s\n", both, sim_goal_is_missed(goal, &values[0][number]) ? " missed" : "");
}

static void
write_goal(const SimFigure *figure, int number, Values values, SimCsv *csv, unsigned n_seeds)
{
    const SimGoal *goal = &figure->goals[number];
    g_autofree char *median = format_goal(goal, goal->goal);
    g_autofree char *worst = format_goal(goal, goal->goal_worst);
    g_autofree char *title = g_strdelimit(g_strdup(figure->title), ",", ';');

    for (size_t i = 0; i < N_CONTENDERS; i++)
        sim_csv_add(csv, "%s,%s,%s,%s,%s,%.6g,%.6g,%s,%s,%d,%u", figure->name, title,
                    sim_measure_name(goal->measure), sim_measure_unit(goal->measure),
                    contenders[i]->name, to_unit(goal, values[i][number].median),
                    to_unit(goal, values[i][number].worst), median, worst,
                    sim_goal_is_missed(goal, &values[i][number]), n_seeds);
}

/* How many goals virt-time's core misses. */
static unsigned
run_figure(const SimFigure *figure, unsigned n_seeds, SimCsv *csv)
{
    Values values;
    for (size_t i = 0; i < N_CONTENDERS; i++)
        sim_figure_measure(figure, contenders[i], n_seeds, values[i]);
    unsigned n_missed = 0;
    for (int i = 0; figure->goals[i].measure != SIM_MEASURE_END; i++) {
        print_goal(figure, i, values);
        write_goal(figure, i, values, csv, n_seeds);
        n_missed += sim_goal_is_missed(&figure->goals[i], &values[0][i]);
    }
    return n_missed;
}

bool
sim_bench_figures(const SimBenchOptions *options)
{
    SimCsv *csv = sim_csv_new(options->folder, "figures.csv",
                              "figure,title,measure,unit,contender,median,worst,goal,"
                              "goal_worst,missed,seeds");
    g_print("Median / worst of %u seeds\n%-56s", options->n_seeds, "");
    for (size_t i = 0; i < N_CONTENDERS; i++)
        g_print(" %19s", contenders[i]->name);
    g_print(" %13s\n", "goal");

    unsigned n_missed = 0;
    for (unsigned i = 0; i < sim_n_figures; i++) {
        if (options->only == NULL || strstr(sim_figures[i].name, options->only) != NULL)
            n_missed += run_figure(&sim_figures[i], options->n_seeds, csv);
    }
    g_print("%u goals missed\n", n_missed);
    return sim_csv_close(csv);
}
