/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "tests/sim/bench-parts.h"
#include "tests/sim/csv.h"
#include "tests/sim/sim-life.h"

/* Of late replies fewer: nothing of them is rare. */
#define LATE_SHARE 10

static void
live(SimCsv *csv, SimLifePath path, unsigned n_lives)
{
    const char *kind = path == SIM_PATH_LATE_REPLIES ? "late-replies" : "alike";
    SimLifeReport report = { 0 };
    for (uint32_t seed = 1; seed <= n_lives; seed++)
        sim_life_run(seed, path, &report);

    g_print("\nThe bound over %u random lives%s: for how long it was too small\n"
            "%-22s %8s %10s %10s %10s\n",
            n_lives, path == SIM_PATH_LATE_REPLIES ? " whose replies are late" : "", "",
            "events", "mean s", "worst s", "limit s");
    for (int i = 0; i < SIM_N_EVENTS; i++) {
        SimEvent event = (SimEvent)i;
        double mean_sec = report.all_lies_sec[i] / fmax(report.n_events[i], 1);
        double most_sec = sim_event_most_lie_sec(event);
        bool is_missed = report.worst_lie_sec[i] > most_sec + SIM_LIE_ROUNDING_SEC;
        g_print("%-22s %8u %10.4f %10.3f %10.3f%s\n", sim_event_name(event), report.n_events[i],
                mean_sec, report.worst_lie_sec[i], most_sec, is_missed ? " missed" : "");
        sim_csv_add(csv, "%s,%s,%u,%.6f,%.4f,%.4f,%u", kind, sim_event_name(event),
                    report.n_events[i], mean_sec, report.worst_lie_sec[i], most_sec, n_lives);
    }
    if (report.worst_excess_sec > 0)
        g_print("seed %u is the worst\n", report.worst_seed);
    g_print("bound / true error, median while nothing happens: %.1f\n",
            sim_life_get_ratio(&report));
}

bool
sim_bench_bound(const SimBenchOptions *options)
{
    SimCsv *csv =
        sim_csv_new(options->folder, "bound.csv",
                    "path,event,events,mean_lie_sec,worst_lie_sec,most_lie_sec,lives");
    live(csv, SIM_PATH_ALIKE, options->n_lives);
    live(csv, SIM_PATH_LATE_REPLIES, MAX(options->n_lives / LATE_SHARE, 1));
    return sim_csv_close(csv);
}
