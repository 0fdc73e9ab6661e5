# SPDX-License-Identifier: LGPL-2.1-or-later
"""The recovery as a picture: how wrong a clock was at most, against the time since resume.
Both axes are logarithmic, because both span four powers of ten and more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from .analysis import Probe

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 84, 24, 64, 56

FIRST_SEC, LAST_SEC = 1e-3, 10.0
LEAST_SEC, GREATEST_SEC = 1e-5, 100.0
RIGHT_SEC = 1e-3

TIME_TICKS = ((1e-3, "1 ms"), (1e-2, "10 ms"), (1e-1, "100 ms"), (1.0, "1 s"), (10.0, "10 s"))
ERROR_TICKS = ((1e-5, "10 µs"), (1e-4, "100 µs"), (1e-3, "1 ms"), (1e-2, "10 ms"),
               (1e-1, "100 ms"), (1.0, "1 s"), (10.0, "10 s"), (100.0, "100 s"))

INK, FAINT, GRID = "#24292f", "#57606a", "#d8dee4"


@dataclass(frozen=True)
class Series:
    label: str
    colour: str
    resumed_ns: int
    probes: Sequence[Probe]


def draw_curve(title: str, subtitle: str, series: Sequence[Series]) -> str:
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="13" '
        f'role="img" aria-label="{escape(title)}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(LEFT, 26, title, INK, size=17, weight="bold"),
        _text(LEFT, 46, subtitle, FAINT),
        *_draw_axes(),
    ]
    # The first one is what it is about: it is drawn last, on top.
    for one in reversed(series):
        parts += _draw_series(one)
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _place(value: float, first: float, last: float, start: float, end: float) -> float:
    clamped = min(max(value, first), last)
    share = math.log(clamped / first) / math.log(last / first)
    return start + share * (end - start)


def _x(seconds: float) -> float:
    return _place(seconds, FIRST_SEC, LAST_SEC, LEFT, WIDTH - RIGHT)


def _y(seconds: float) -> float:
    return _place(seconds, LEAST_SEC, GREATEST_SEC, HEIGHT - BOTTOM, TOP)


def _text(x: float, y: float, words: str, colour: str, anchor: str = "start", size: int = 13,
          weight: str = "normal") -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" '
            f'font-size="{size}" font-weight="{weight}">{escape(words)}</text>')


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{colour}"{dashes}/>')


def _draw_axes() -> list[str]:
    parts = []
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for seconds, label in TIME_TICKS:
        parts.append(_line(_x(seconds), TOP, _x(seconds), bottom, GRID))
        anchor = "end" if seconds == LAST_SEC else "middle"
        parts.append(_text(_x(seconds), bottom + 20, label, FAINT, anchor))
    for seconds, label in ERROR_TICKS:
        parts.append(_line(LEFT, _y(seconds), right, _y(seconds), GRID))
        parts.append(_text(LEFT - 8, _y(seconds) + 4, label, FAINT, "end"))
    parts.append(_line(LEFT, _y(RIGHT_SEC), right, _y(RIGHT_SEC), FAINT, "5 4"))
    parts.append(_text(LEFT + 6, _y(RIGHT_SEC) - 6, "right: within 1 ms", FAINT))
    parts.append(_text((LEFT + right) / 2, HEIGHT - 12, "time since the guest runs again", INK,
                       "middle"))
    middle = (TOP + bottom) / 2
    parts.append(f'<text transform="translate(18 {middle:.0f}) rotate(-90)" fill="{INK}" '
                 'text-anchor="middle">error of the guest\'s clock, at most</text>')
    return parts


def _draw_series(series: Series) -> list[str]:
    """One point for each pixel column: the sharpest reading in it."""
    columns: dict[int, Probe] = {}
    for probe in series.probes:
        seconds = (probe.read_ns - series.resumed_ns) / 1e9
        if probe.sent_ns < series.resumed_ns or not FIRST_SEC <= seconds <= LAST_SEC:
            continue
        column = round(_x(seconds))
        if column not in columns or probe.error_ns < columns[column].error_ns:
            columns[column] = probe
    if not columns:
        return []
    points = [(_x((probe.read_ns - series.resumed_ns) / 1e9),
               _y((abs(probe.offset_ns) + probe.error_ns) / 1e9))
              for _column, probe in sorted(columns.items())]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    last_x, last_y = points[-1]
    # Above a curve that stayed high, below one that came down.
    label_y = last_y - 10 if last_y < _y(RIGHT_SEC) else last_y + 30
    return [
        f'<polyline points="{path}" fill="none" stroke="{series.colour}" stroke-width="2" '
        'stroke-linejoin="round"/>',
        f'<circle cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3.5" '
        f'fill="{series.colour}"/>',
        _text(last_x - 4, label_y, series.label, series.colour, "end", weight="bold"),
    ]
