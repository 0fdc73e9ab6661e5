# SPDX-License-Identifier: LGPL-2.1-or-later
"""How an error comes and goes: for what puts a clock wrong little by little. Pure, as `analysis`."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .analysis import Probe, Residual, find_residual

NS_PER_SEC = 1_000_000_000

# As long as one residual is measured over.
BIN_NS = 250_000_000

# Of the probes that tell a rate: those whose round trip was the least.
SHARPEST_SHARE = 0.2
LEAST_SHARPEST = 20


@dataclass(frozen=True)
class Point:
    """The clock's error over a quarter of a second."""

    at_ns: int
    residual: Residual

    @property
    def offset_ns(self) -> int:
        return self.residual.offset_ns


@dataclass(frozen=True)
class Settling:
    peak_ns: int
    # From the beginning until the error stayed below the limit; None: it never did for long enough.
    back_ns: int | None
    watched_ns: int


def trace(probes: Iterable[Probe]) -> list[Point]:
    bins: dict[int, list[Probe]] = {}
    for probe in probes:
        bins.setdefault(probe.sent_ns // BIN_NS, []).append(probe)
    points = []
    for number, members in sorted(bins.items()):
        residual = find_residual(members)
        if residual is not None:
            points.append(Point(number * BIN_NS, residual))
    return points


def settle(points: Sequence[Point], since_ns: int, limit_ns: int, hold_ns: int) -> Settling:
    after = [point for point in points if point.at_ns + BIN_NS > since_ns]
    if not after:
        raise ValueError("nothing was seen of the clock")
    end_ns = after[-1].at_ns + BIN_NS
    last_wrong = next((p for p in reversed(after) if abs(p.offset_ns) > limit_ns), None)
    back_at_ns = since_ns if last_wrong is None else last_wrong.at_ns + BIN_NS
    return Settling(
        peak_ns=max(abs(point.offset_ns) for point in after),
        back_ns=back_at_ns - since_ns if end_ns - back_at_ns >= hold_ns else None,
        watched_ns=end_ns - since_ns,
    )


def measure_oscillator(probes: Sequence[Probe], since_ns: int, until_ns: int) -> float:
    """How fast the guest's CLOCK_MONOTONIC_RAW ran against the host's clock, in ppm."""
    window = [p for p in probes if since_ns <= p.sent_ns and p.read_ns <= until_ns]
    if len(window) < LEAST_SHARPEST:
        raise ValueError("too few readings to tell a rate by")
    count = max(LEAST_SHARPEST, int(len(window) * SHARPEST_SHARE))
    sharp = sorted(window, key=lambda p: p.error_ns)[:count]
    host = [(p.sent_ns + p.read_ns) // 2 - window[0].sent_ns for p in sharp]
    gained = [p.raw_ns - window[0].raw_ns - at_ns for p, at_ns in zip(sharp, host)]
    return statistics.linear_regression(host, gained).slope * 1e6
