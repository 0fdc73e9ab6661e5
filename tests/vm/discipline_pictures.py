# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bench's pictures: what a rate jump does to a clock under each contender, in guests and in the
simulator, and how steady the disciplined clock runs over short and long times."""

from __future__ import annotations

import csv
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .analysis import load_probes
from .chart import COLOURS, Axis, Chart, Line, thin
from .settling import BIN_NS, trace

ERROR = Axis("error of the guest's clock", (
    (1e-5, "10 µs"), (1e-4, "100 µs"), (1e-3, "1 ms"), (1e-2, "10 ms"), (1e-1, "100 ms")))
SINCE_JUMP = Axis("time since the oscillator changed", (
    (0.1, "100 ms"), (1.0, "1 s"), (10.0, "10 s"), (100.0, "100 s")))
LIMIT = (5e-4, "within 500 µs")

SIM_JUMP = "200ppm-network"
SIM_ERROR = Axis("error of the clock", (
    (1e-7, "100 ns"), (1e-6, "1 µs"), (1e-5, "10 µs"), (1e-4, "100 µs"), (1e-3, "1 ms"),
    (1e-2, "10 ms"), (1e-1, "100 ms")))
SIM_LABELS = {"virt-time": "virt-time", "pi": "PI servo", "pll-fll": "PLL/FLL",
              "free": "left alone"}

SIM_REST = "steady-network-1e-9"
TAU = Axis("time over which the rate is averaged", (
    (1, "1 s"), (10, "10 s"), (100, "100 s"), (1000, "1000 s"), (10000, "10 000 s")))
DEVIATION = Axis("Allan deviation", (
    (1e-10, "1e-10"), (1e-9, "1e-9"), (1e-8, "1e-8"), (1e-7, "1e-7"),
    (1e-6, "1e-6"), (1e-5, "1e-5"), (1e-4, "1e-4")))


@dataclass(frozen=True)
class Shown:
    """One contender's run."""

    label: str
    samples: Path
    jumped_ns: int


def draw_guests(runs: Iterable[Shown]) -> str:
    chart = Chart("A guest's oscillator jumps by 200 ppm",
                  "as after a migration; measured from outside", SINCE_JUMP, ERROR, LIMIT)
    lines = []
    for run, colour in zip(runs, COLOURS):
        points = (((point.at_ns + BIN_NS / 2 - run.jumped_ns) / 1e9, abs(point.offset_ns) / 1e9)
                  for point in trace(load_probes(run.samples)))
        after = (point for point in points if point[0] >= SINCE_JUMP.first)
        lines.append(Line(run.label, colour, thin(chart, after)))
    return chart.draw(lines)


def _read_sim(path: Path, figure: str) -> dict[str, list[dict[str, str]]]:
    """Rows of one figure, by contender."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    with open(path, encoding="ascii", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["figure"] == figure:
                found[row["contender"]].append(row)
    return found


def draw_simulated_jump(offsets: Path) -> str:
    chart = Chart("A simulated oscillator jumps by 200 ppm",
                  "one exchange a second over a network; median of the seeds", SINCE_JUMP,
                  SIM_ERROR)
    lines = []
    for (name, rows), colour in zip(_read_sim(offsets, SIM_JUMP).items(), COLOURS):
        columns: dict[int, list[tuple[float, float]]] = defaultdict(list)
        for row in rows:
            seconds = float(row["elapsed_sec"])
            if SINCE_JUMP.first <= seconds <= SINCE_JUMP.last:
                columns[round(chart.find_x(seconds))].append(
                    (seconds, abs(int(row["error_ns"])) / 1e9))
        points = [(statistics.median(x for x, _y in members),
                   statistics.median(y for _x, y in members))
                  for _column, members in sorted(columns.items())]
        lines.append(Line(SIM_LABELS.get(name, name), colour, points))
    return chart.draw(lines)


def draw_allan(deviations: Path) -> str:
    chart = Chart("How steady the disciplined clock runs, simulated",
                  "one exchange a second over a network; wander 1e-9 per square root of a second",
                  TAU, DEVIATION)
    lines = [Line(SIM_LABELS.get(name, name), colour,
                  [(float(row["tau_sec"]), float(row["deviation"])) for row in rows])
             for (name, rows), colour in zip(_read_sim(deviations, SIM_REST).items(), COLOURS)]
    return chart.draw(lines)
