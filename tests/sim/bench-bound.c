/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "tests/sim/bench-parts.h"
#include "tests/sim/csv.h"
#include "tests/sim/sim-life.h"

bool
sim_bench_bound(const SimBenchOptions *options)
{
    SimCsv *csv = sim_csv_new(options->folder, "bound.csv",
                              "event,events,mean_lie_sec,worst_lie_sec,most_lie_sec,lives");
    SimLifeReport report = { 0 };
    for (uint32_t seed = 1; seed <= options->n_lives; seed++)
        sim_life_run(seed, &report);

    g_print("\nThe bound over %u random lives: for how long it was too small\n"
            "%-22s %8s %10s %10s %10s\n",
            options->n_lives, "", "events", "mean s", "worst s", "limit s");
    for (int i = 0; i < SIM_N_EVENTS; i++) {
        SimEvent event = (SimEvent)i;
        double mean_sec = report.all_lies_sec[i] / fmax(report.n_events[i], 1);
        double most_sec = sim_event_most_lie_sec(event);
        bool is_missed = report.worst_lie_sec[i] > most_sec + SIM_LIE_ROUNDING_SEC;
        g_print("%-22s %8u %10.4f %10.3f %10.3f%s\n", sim_event_name(event), report.n_events[i],
                mean_sec, report.worst_lie_sec[i], most_sec, is_missed ? " missed" : "");
        sim_csv_add(csv, "%s,%u,%.6f,%.4f,%.4f,%u", sim_event_name(event), report.n_events[i],
                    mean_sec, report.worst_lie_sec[i], most_sec, options->n_lives);
    }
    if (report.worst_excess_sec > 0)
        g_print("seed %u is the worst\n", report.worst_seed);
    g_print("bound / true error, median while nothing happens: %.1f\n",
            sim_life_get_ratio(&report));
    return sim_csv_close(csv);
}
