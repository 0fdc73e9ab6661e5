# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs each scenario many times and shows the figures beside the goals. Results are kept: a run
that was interrupted goes on where it ended."""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .hardships import Hardship
from .layout import Layout, RigError
from .rig import Rig
from .scenarios import Outcome, Scenario
from .stage import ALL, Stage, find_kind

FIELDS = ("scenario", "run", "resume", "exposure_ns", "residual_ns", "residual_error_ns",
          "echo_ns", "lie_ns", "stale_ns", "settled_ns", "settled_error_ns")

# Median and worst, in milliseconds: what the project promises under emulation.
GOALS = {
    "boot": "1000 / -",
    "pause-5s": "10 / 50",
    "pause-60s": "10 / 50",
    "two-pauses": "10 / 50",
    "save-restore": "50 / 1500",
    "managed-save": "50 / 1500",
    "revert": "50 / 1500",
    "hostd-killed": "1000 / -",
    "agent-killed": "1000 / -",
    "libvirtd-restarted": "10 / 50",
    "set-forward": "1000 / -",
    "set-backward": "1000 / -",
    "host-unsynchronised": "10 / 50",
    "reply-in-flight": "10 / 50",
    "reply-in-flight-saved": "500 / 1500",
    "frozen-state": "10 / 50",
    "sleep": "10 / 50",
    "migration": "50 / 1500",
    "host-wrong": "10 / 50",
    "vmclock-marker": "50 / 1500",
    "vmclock-alone": "- / 1200",
    "ntp-only": "1500 / 3000",
    "leap-armed": "1500 / 3000",
    "units": "10 / 50",
}

MEASURED = tuple(scenario for scenario in ALL if scenario.name in GOALS)


@dataclass(frozen=True)
class Row:
    """One return of a guest. An exposure of None: it was not put right."""

    scenario: str
    run: int
    resume: int
    exposure_ns: int | None
    residual_ns: int | None
    residual_error_ns: int | None
    echo_ns: int | None
    lie_ns: int
    stale_ns: int | None
    settled_ns: int | None = None
    settled_error_ns: int | None = None


def load_rows(path: Path) -> list[Row]:
    if not path.exists():
        return []
    with open(path, encoding="ascii", newline="") as lines:
        return [Row(row["scenario"], *(_parse(row.get(field) or "") for field in FIELDS[1:]))
                for row in csv.DictReader(lines)]


def _parse(word: str) -> int | None:
    return int(word) if word else None


def append_rows(path: Path, rows: list[Row]) -> None:
    is_new = not path.exists()
    with open(path, "a", encoding="ascii", newline="") as lines:
        writer = csv.writer(lines)
        if is_new:
            writer.writerow(FIELDS)
        for row in rows:
            values = (getattr(row, field) for field in FIELDS)
            writer.writerow("" if value is None else value for value in values)


def make_rows(outcome: Outcome, run: int) -> list[Row]:
    rows = []
    for resume, recovery in enumerate(outcome.recoveries, start=1):
        residual, settled = recovery.residual, recovery.settled
        rows.append(Row(outcome.scenario, run, resume, recovery.exposure_ns,
                        residual.offset_ns if residual else None,
                        residual.error_ns if residual else None,
                        recovery.echo_ns, recovery.lie_ns, recovery.stale_ns,
                        settled.offset_ns if settled else None,
                        settled.error_ns if settled else None))
    return rows


def format_table(rows: list[Row]) -> str:
    lines = [f"{'scenario':21} {'runs':>4} {'right':>5}  {'exposure ms':>15} {'goal':>10}  "
             f"{'residual us':>13} {'(+-)':>6}  {'after 2 s us':>13} {'(+-)':>6}  "
             f"{'echo floor ms':>14}  {'lie ms':>7}",
             f"{'':21} {'':4} {'':5}  {'median / worst':>15} {'':10}  {'median / worst':>13} "
             f"{'':6}  {'median / worst':>13} {'':6}  {'median / worst':>14}  {'worst':>7}"]
    for scenario in MEASURED:
        mine = [row for row in rows if row.scenario == scenario.name]
        if mine:
            lines.append(_format_scenario(scenario.name, mine))
    return "\n".join(lines)


def _format_scenario(name: str, rows: list[Row]) -> str:
    right = [row for row in rows if row.exposure_ns is not None]
    exposures = [row.exposure_ns / 1e6 for row in right if row.exposure_ns is not None]
    residuals = [abs(row.residual_ns) / 1e3 for row in right if row.residual_ns is not None]
    errors = [row.residual_error_ns / 1e3 for row in right if row.residual_error_ns is not None]
    # The agent's start is no disruption: nothing stood still, so there is nothing to echo.
    echoes = [row.echo_ns / 1e6 for row in rows if row.echo_ns is not None and name != "boot"]
    settled = [abs(row.settled_ns) / 1e3 for row in rows if row.settled_ns is not None]
    settled_errors = [row.settled_error_ns / 1e3 for row in rows
                      if row.settled_error_ns is not None]
    return (f"{name:21} {len({row.run for row in rows}):4} {len(right):>2}/{len(rows):<2}  "
            f"{_format_pair(exposures, 1):>15} {GOALS[name]:>10}  "
            f"{_format_pair(residuals, 0):>13} {_format_median(errors):>6}  "
            f"{_format_pair(settled, 0):>13} {_format_median(settled_errors):>6}  "
            f"{_format_pair(echoes, 1):>14}  "
            f"{max(row.lie_ns for row in rows) / 1e6:7.1f}")


def _format_median(values: list[float]) -> str:
    return f"{statistics.median(values):.0f}" if values else "-"


def _format_pair(values: list[float], digits: int) -> str:
    if not values:
        return "-"
    return f"{statistics.median(values):.{digits}f} / {max(values):.{digits}f}"


def find_missing(rows: list[Row], scenarios: list[Scenario | Hardship],
                 n_runs: int) -> list[tuple[Scenario | Hardship, int]]:
    """Round by round, so that a change of the machine's mood meets all scenarios alike; those
    that need another guest after all others."""
    done = {(row.scenario, row.run) for row in rows}
    rounds = [(scenario, run) for run in range(1, n_runs + 1) for scenario in scenarios
              if (scenario.name, run) not in done]
    return sorted(rounds, key=lambda one: find_kind(one[0]))


def measure(layout: Layout, missing: list[tuple[Scenario | Hardship, int]],
            folder: Path) -> None:
    results = folder / "recovery.csv"
    with Rig(layout, folder / "logs") as rig:
        stage = Stage(rig)
        stage.guest.start_agent()
        for scenario, run in missing:
            begun = time.monotonic()
            outcome = stage.measure(scenario, folder / "samples" / f"{scenario.name}-{run}.csv")
            rows = make_rows(outcome, run)
            append_rows(results, rows)
            shown = ", ".join("never right" if row.exposure_ns is None
                              else f"{row.exposure_ns / 1e6:.2f} ms" for row in rows)
            print(f"{scenario.name} run {run}: exposure {shown} "
                  f"({time.monotonic() - begun:.0f} s)", flush=True)


def main() -> int:
    names = [scenario.name for scenario in MEASURED]
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__)
    parser.add_argument("what", choices=["recovery"])
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--scenario", action="append", choices=names)
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    options = parser.parse_args()
    layout = Layout.from_environment()
    folder = layout.build_dir / "bench"
    results = folder / "recovery.csv"
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    if options.fresh:
        results.unlink(missing_ok=True)
    scenarios = [s for s in MEASURED if not options.scenario or s.name in options.scenario]
    missing = find_missing(load_rows(results), scenarios, options.runs)
    status = 0
    try:
        if missing:
            measure(layout, missing, folder)
    except (RigError, TimeoutError, KeyboardInterrupt) as error:
        print(f"tools/bench: {str(error) or 'interrupted'}; the same command goes on from here",
              file=sys.stderr)
        status = 1
    rows = load_rows(results)
    print(format_table(rows))
    print(f"results: {results}")
    return status if rows and all(row.exposure_ns is not None for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
