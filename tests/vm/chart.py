# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lines in a picture whose axes are both logarithmic, as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 84, 24, 64, 56

INK, FAINT, GRID = "#24292f", "#57606a", "#d8dee4"
COLOURS = ("#0969da", "#cf222e", "#9a6700", "#1a7f37", "#8250df")

LABEL_HEIGHT = 17
LETTER_WIDTH = 8


@dataclass(frozen=True)
class Axis:
    label: str
    ticks: Sequence[tuple[float, str]]

    @property
    def first(self) -> float:
        return self.ticks[0][0]

    @property
    def last(self) -> float:
        return self.ticks[-1][0]

    def find_share(self, value: float) -> float:
        clamped = min(max(value, self.first), self.last)
        return math.log(clamped / self.first) / math.log(self.last / self.first)


@dataclass(frozen=True)
class Line:
    label: str
    colour: str
    points: Sequence[tuple[float, float]]  # from left to right


@dataclass(frozen=True)
class Chart:
    title: str
    subtitle: str
    x: Axis
    y: Axis
    limit: tuple[float, str] | None = None  # what is good is below

    def find_x(self, value: float) -> float:
        return LEFT + self.x.find_share(value) * (WIDTH - RIGHT - LEFT)

    def find_y(self, value: float) -> float:
        return HEIGHT - BOTTOM - self.y.find_share(value) * (HEIGHT - BOTTOM - TOP)

    def draw(self, lines: Sequence[Line]) -> str:
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="13" '
            f'role="img" aria-label="{escape(self.title)}">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            _text(LEFT, 26, self.title, INK, size=17, weight="bold"),
            _text(LEFT, 46, self.subtitle, FAINT),
            *self._draw_axes(),
        ]
        # The first one is what it is about: it is drawn last, on top.
        for line in reversed(lines):
            parts += self._draw_line(line)
        return "\n".join([*parts, *self._draw_labels(lines), "</svg>"]) + "\n"

    def _draw_axes(self) -> list[str]:
        parts = []
        bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        for value, label in self.x.ticks:
            x = self.find_x(value)
            parts.append(_rule(x, TOP, x, bottom, GRID))
            anchor = "end" if value == self.x.last else "middle"
            parts.append(_text(x, bottom + 20, label, FAINT, anchor))
        for value, label in self.y.ticks:
            y = self.find_y(value)
            parts.append(_rule(LEFT, y, right, y, GRID))
            parts.append(_text(LEFT - 8, y + 4, label, FAINT, "end"))
        if self.limit is not None:
            y = self.find_y(self.limit[0])
            parts.append(_rule(LEFT, y, right, y, FAINT, "5 4"))
            parts.append(_text(LEFT + 6, y - 6, self.limit[1], FAINT))
        parts.append(_text((LEFT + right) / 2, HEIGHT - 12, self.x.label, INK, "middle"))
        middle = (TOP + bottom) / 2
        parts.append(f'<text transform="translate(18 {middle:.0f}) rotate(-90)" fill="{INK}" '
                     f'text-anchor="middle">{escape(self.y.label)}</text>')
        return parts

    def _draw_line(self, line: Line) -> list[str]:
        path = " ".join(f"{self.find_x(x):.1f},{self.find_y(y):.1f}" for x, y in line.points)
        if not path:
            return []
        first_x, first_y = line.points[0]
        return [
            f'<polyline points="{path}" fill="none" stroke="{line.colour}" stroke-width="2" '
            'stroke-linejoin="round"/>',
            f'<circle cx="{self.find_x(first_x):.1f}" cy="{self.find_y(first_y):.1f}" r="3.5" '
            f'fill="{line.colour}"/>',
        ]

    def _draw_labels(self, lines: Sequence[Line]) -> list[str]:
        """Above the ends of their lines, from the lowest up, so that none covers another."""
        parts = []
        highest_y = float(HEIGHT)
        for end_y, line in sorted(((self._find_end(line), line) for line in lines if line.points),
                                  key=lambda one: -one[0]):
            highest_y = max(min(end_y - 7, highest_y - LABEL_HEIGHT), TOP - 4)
            x = self.find_x(line.points[-1][0])
            parts.append(_text(x, highest_y, line.label, line.colour, "end", weight="bold",
                               halo="#ffffff"))
        return parts

    def _find_end(self, line: Line) -> float:
        """The highest that the line comes where its label will stand."""
        end_x = self.find_x(line.points[-1][0])
        width = LETTER_WIDTH * len(line.label)
        return min(self.find_y(y) for x, y in line.points if self.find_x(x) >= end_x - width)


def thin(chart: Chart, points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """One point for each pixel column: the highest in it."""
    columns: dict[int, tuple[float, float]] = {}
    for x, y in points:
        column = round(chart.find_x(x))
        if column not in columns or y > columns[column][1]:
            columns[column] = (x, y)
    return [point for _column, point in sorted(columns.items())]


def _text(x: float, y: float, words: str, colour: str, anchor: str = "start", size: int = 13,
          weight: str = "normal", halo: str = "") -> str:
    edge = (f' stroke="{halo}" stroke-width="4" stroke-linejoin="round" paint-order="stroke"'
            if halo else "")
    return (f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" '
            f'font-size="{size}" font-weight="{weight}"{edge}>{escape(words)}</text>')


def _rule(x1: float, y1: float, x2: float, y2: float, colour: str, dash: str = "") -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{colour}"{dashes}/>')
