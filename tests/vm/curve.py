# SPDX-License-Identifier: LGPL-2.1-or-later
"""The recovery as a picture: how wrong a clock was at most, against the time since resume.
Both axes are logarithmic, because both span four powers of ten and more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .analysis import Probe
from .chart import Axis, Chart, Line

RIGHT_SEC = 1e-3

TIME = Axis("time since the guest runs again",
            ((1e-3, "1 ms"), (1e-2, "10 ms"), (1e-1, "100 ms"), (1.0, "1 s"), (10.0, "10 s")))
ERROR = Axis("error of the guest's clock, at most",
             ((1e-5, "10 µs"), (1e-4, "100 µs"), (1e-3, "1 ms"), (1e-2, "10 ms"),
              (1e-1, "100 ms"), (1.0, "1 s"), (10.0, "10 s"), (100.0, "100 s")))


@dataclass(frozen=True)
class Series:
    label: str
    colour: str
    resumed_ns: int
    probes: Sequence[Probe]


def draw_curve(title: str, subtitle: str, series: Sequence[Series]) -> str:
    chart = Chart(title, subtitle, TIME, ERROR, limit=(RIGHT_SEC, "right: within 1 ms"))
    return chart.draw([Line(one.label, one.colour, _find_points(chart, one)) for one in series])


def _find_points(chart: Chart, series: Series) -> list[tuple[float, float]]:
    """One point for each pixel column: the sharpest reading in it."""
    columns: dict[int, Probe] = {}
    for probe in series.probes:
        seconds = (probe.read_ns - series.resumed_ns) / 1e9
        if probe.sent_ns < series.resumed_ns or not TIME.first <= seconds <= TIME.last:
            continue
        column = round(chart.find_x(seconds))
        if column not in columns or probe.error_ns < columns[column].error_ns:
            columns[column] = probe
    return [((probe.read_ns - series.resumed_ns) / 1e9,
             (abs(probe.offset_ns) + probe.error_ns) / 1e9)
            for _column, probe in sorted(columns.items())]
