# SPDX-License-Identifier: LGPL-2.1-or-later
"""From probes to figures. Pure: no clock, no process, only numbers.

Offsets are host minus guest: positive means that the guest is late. What a probe tells is an
interval, offset +- half its round trip; "right" means that the whole interval lies within the
limit, not merely that it does not contradict it.
"""

from __future__ import annotations

import csv
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

RIGHT_NS = 1_000_000

# After the first step, the probes that count for what it left, and the round trip up to which
# one is sharp. A noisy machine has few of those: then the best tenth is taken.
RESIDUAL_WINDOW_NS = 250_000_000
SHARP_NS = 200_000
LEAST_SHARP = 5

# So long after the resume what the first step left is gone.
SETTLED_AFTER_NS = 2_000_000_000

# What the kernel adds to the clock at each of 100 ticks a second, when nobody says otherwise.
TICK_US = 10_000

STA_UNSYNC = 0x0040  # linux/timex.h


@dataclass(frozen=True, slots=True)
class Probe:
    sent_ns: int
    read_ns: int
    offset_ns: int
    error_ns: int
    maxerror_us: int
    status: int
    guest_ns: int = 0
    raw_ns: int = 0
    base_rate_ppm: float = 0  # of frequency and tick together
    tick_us: int = TICK_US

    @property
    def low_ns(self) -> int:
        return self.offset_ns - self.error_ns

    @property
    def high_ns(self) -> int:
        return self.offset_ns + self.error_ns


@dataclass(frozen=True)
class Residual:
    """What a clock is off by: |true offset - offset_ns| <= error_ns."""

    offset_ns: int
    error_ns: int
    n_probes: int

    @property
    def size_ns(self) -> int:
        return abs(self.offset_ns)


@dataclass(frozen=True)
class Recovery:
    resumed_ns: int
    echo_ns: int | None      # until the first answer at all: the floor
    stale_ns: int | None     # what that answer showed
    exposure_ns: int | None  # until the first reading shown right; None: not within the data
    residual: Residual | None
    lie_ns: int              # run time with an error greater than the published bound
    worst_after_ns: int      # greatest error shown after the first right reading
    settled: Residual | None = None  # the error 2 s after the resume


def load_probes(path: Path) -> list[Probe]:
    with open(path, encoding="ascii", newline="") as lines:
        return parse_probes(lines)


def parse_probes(lines: Iterable[str]) -> list[Probe]:
    """The first line names the columns."""
    return [
        Probe(int(row["host_send_ns"]), int(row["host_recv_ns"]), int(row["offset_ns"]),
              int(row["error_ns"]), int(row["maxerror_us"]), int(row["status"]),
              int(row["guest_ns"]), int(row["guest_raw_ns"]),
              int(row["frequency_scaled_ppm"]) / 65536 +
              (int(row["tick_us"]) - TICK_US) * 1e6 / TICK_US, int(row["tick_us"]))
        for row in csv.DictReader(lines)
    ]


def shows_right(probe: Probe, limit_ns: int = RIGHT_NS) -> bool:
    return abs(probe.offset_ns) + probe.error_ns <= limit_ns


def shows_wrong(probe: Probe, limit_ns: int = RIGHT_NS) -> bool:
    """No reading of a right clock could say this."""
    return abs(probe.offset_ns) - probe.error_ns > limit_ns


def shows_lie(probe: Probe) -> bool:
    """The true error is certainly greater than the bound the guest's kernel publishes."""
    if probe.status & STA_UNSYNC:
        return False
    return abs(probe.offset_ns) - probe.error_ns > probe.maxerror_us * 1000


def analyse(probes: Sequence[Probe], resumed_ns: int, until_ns: int | None = None) -> Recovery:
    """`resumed_ns`: when QEMU let the guest run. `until_ns`: when something else began."""
    after = [probe for probe in probes
             if probe.read_ns >= resumed_ns and (until_ns is None or probe.read_ns < until_ns)]
    # The question that stood open over the pause may have been answered before it.
    fresh = [probe for probe in after if probe.sent_ns >= resumed_ns]
    right = next((probe for probe in after if shows_right(probe)), None)
    later = [probe for probe in after if right is not None and probe.read_ns >= right.read_ns]
    return Recovery(
        resumed_ns=resumed_ns,
        echo_ns=after[0].read_ns - resumed_ns if after else None,
        stale_ns=fresh[0].offset_ns if fresh else None,
        exposure_ns=right.read_ns - resumed_ns if right is not None else None,
        residual=find_residual(later),
        lie_ns=measure_lie(after, resumed_ns),
        worst_after_ns=max((abs(p.offset_ns) - p.error_ns for p in later), default=0),
        settled=find_residual([probe for probe in later
                               if probe.sent_ns >= resumed_ns + SETTLED_AFTER_NS]),
    )


def find_rate(probes: Sequence[Probe]) -> float | None:
    """How fast MONOTONIC_RAW runs in the guest: 1 is right."""
    if len(probes) < 2 or probes[-1].sent_ns == probes[0].sent_ns:
        return None
    first, last = probes[0], probes[-1]
    middle_ns = (last.sent_ns + last.read_ns - first.sent_ns - first.read_ns) / 2
    return (last.raw_ns - first.raw_ns) / middle_ns


def find_residual(probes: Sequence[Probe]) -> Residual | None:
    """The error of the clock over the first 250 ms of `probes`."""
    if not probes:
        return None
    window = [p for p in probes if p.read_ns <= probes[0].read_ns + RESIDUAL_WINDOW_NS]
    sharp = [p for p in window if 2 * p.error_ns <= SHARP_NS]
    if len(sharp) < LEAST_SHARP:
        count = max(LEAST_SHARP, len(window) // 10)
        sharp = sorted(window, key=lambda p: p.error_ns)[:count]
    low_ns = max(p.low_ns for p in sharp)
    high_ns = min(p.high_ns for p in sharp)
    if low_ns <= high_ns:
        return Residual((low_ns + high_ns) // 2, (high_ns - low_ns + 1) // 2, len(sharp))
    # The clock moved meanwhile: no one offset fits all probes.
    middle_ns = int(statistics.median(p.offset_ns for p in sharp))
    spread_ns = max(abs(p.offset_ns - middle_ns) + p.error_ns for p in sharp)
    return Residual(middle_ns, spread_ns, len(sharp))


def measure_lie(after: Sequence[Probe], resumed_ns: int) -> int:
    """A reading stands for the time since the one before it."""
    lie_ns = 0
    since_ns = resumed_ns
    for probe in after:
        if shows_lie(probe):
            lie_ns += probe.read_ns - since_ns
        since_ns = probe.read_ns
    return lie_ns


@dataclass(frozen=True)
class Rate:
    """How fast a clock ran against the oscillator, and how fast its base rate would have it."""

    ppm: float
    base_ppm: float

    @property
    def beyond_base_ppm(self) -> float:
        return self.ppm - self.base_ppm

    def __str__(self) -> str:
        return f"rate {self.ppm:+.2f} ppm, base {self.base_ppm:+.2f} ppm"


def measure_rate(probes: Sequence[Probe], since_ns: int, until_ns: int) -> Rate:
    """Of CLOCK_REALTIME against CLOCK_MONOTONIC_RAW, both as the guest read them."""
    window = [p for p in probes if since_ns <= p.sent_ns and p.read_ns <= until_ns]
    if len(window) < 2:
        raise ValueError("no two readings to tell a rate by")
    first, last = window[0], window[-1]
    run_ns = last.raw_ns - first.raw_ns
    gained_ns = (last.guest_ns - first.guest_ns) - run_ns
    return Rate(gained_ns / run_ns * 1e6, last.base_rate_ppm)


def offset_at(probes: Sequence[Probe], wall_ns: int) -> Probe | None:
    """The reading nearest to a moment of the host's clock."""
    if not probes:
        return None
    return min(probes, key=lambda p: abs((p.sent_ns + p.read_ns) // 2 - wall_ns))
