# SPDX-License-Identifier: LGPL-2.1-or-later
"""What befalls a clock that somebody keeps, and how it does until it is right again for good."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .analysis import RIGHT_NS, Probe, shows_right, shows_wrong
from .guest import Guest, Sampler
from .layout import RigError
from .scenarios import stand_still
from .settling import NS_PER_SEC, Settling, measure_oscillator, settle, trace

# An error below this, for as long as that, is over.
LIMIT_NS = 500_000
HOLD_SEC = 30.0
PAUSE_HOLD_SEC = 20.0

BEFORE_SEC = 10.0
LOOK_SEC = 3.0
PAUSE_SEC = 60.0

# Enough for what takes seconds; what takes milliseconds is looked at as often as the rig can.
CALM_RATE_HZ = 100


@dataclass(frozen=True)
class Measured:
    """One event under one contender. What is None was not seen."""

    peak_ns: int | None = None     # greatest error afterwards
    back_ns: int | None = None     # until it was right for good
    watched_ns: int | None = None  # since the event
    rms_ns: int | None = None      # of a clock at rest
    probe_ns: int | None = None    # what a quarter of a second tells no better than
    jump_ppm: float | None = None  # of the oscillator, seen from outside
    began_ns: int | None = None    # the host's time of the event


@dataclass(frozen=True)
class Event:
    name: str
    # Guest, samples, seconds of patience.
    run: Callable[[Guest, Path, float], Measured]
    # What it takes besides the patience, at most.
    extra_sec: float


@dataclass(frozen=True)
class Verdict:
    is_over: bool   # nothing more can be learnt
    is_right: bool  # at the moment


def _watch(sampler: Sampler, judge: Callable[[list[Probe]], Verdict], patience_sec: float,
           hold_sec: float) -> None:
    """Until it is over, or the patience is at an end; not while it only has to be seen to last."""
    begun = time.monotonic()
    probes: list[Probe] = []
    verdict = Verdict(False, False)
    while not verdict.is_over:
        passed_sec = time.monotonic() - begun
        if passed_sec > patience_sec + (hold_sec if verdict.is_right else 0):
            return
        time.sleep(LOOK_SEC)
        probes += sampler.peek()
        if probes:
            verdict = judge(probes)


def make_jump(by_ppm: float) -> Event:
    def run(guest: Guest, csv_path: Path, patience_sec: float) -> Measured:
        if guest.oscillator is None:
            raise RigError("this guest has no oscillator of its own")
        sampler = guest.start_sampler(csv_path, rate_hz=CALM_RATE_HZ)
        try:
            time.sleep(BEFORE_SEC)
            jumped_ns = guest.oscillator.jump(by_ppm)

            def judge(probes: list[Probe]) -> Verdict:
                recent = [p for p in probes if p.sent_ns >= jumped_ns]
                if not recent:
                    return Verdict(False, False)
                is_over = _settle(recent, jumped_ns).back_ns is not None
                return Verdict(is_over, abs(recent[-1].offset_ns) <= LIMIT_NS)

            _watch(sampler, judge, patience_sec, HOLD_SEC)
        finally:
            probes = sampler.stop()
        jump_ppm = (measure_oscillator(probes, jumped_ns, probes[-1].read_ns)
                    - measure_oscillator(probes, 0, jumped_ns))
        settling = _settle([p for p in probes if p.sent_ns >= jumped_ns], jumped_ns)
        return Measured(settling.peak_ns, settling.back_ns, settling.watched_ns,
                        jump_ppm=jump_ppm, began_ns=jumped_ns)

    return Event(f"jump{by_ppm:+g}ppm", run, BEFORE_SEC + HOLD_SEC)


def _settle(probes: list[Probe], since_ns: int) -> Settling:
    return settle(trace(probes), since_ns, LIMIT_NS, int(HOLD_SEC * NS_PER_SEC))


def find_return(probes: list[Probe], resumed_ns: int) -> int | None:
    """From the resume until a reading shows the clock right after which none shows it wrong."""
    after = [p for p in probes if p.read_ns >= resumed_ns]
    wrong = [number for number, probe in enumerate(after) if shows_wrong(probe)]
    later = after[wrong[-1] + 1:] if wrong else after
    right = next((p for p in later if shows_right(p)), None)
    if right is None or after[-1].read_ns - right.read_ns < PAUSE_HOLD_SEC * NS_PER_SEC:
        return None
    return right.read_ns - resumed_ns


def _run_pause(guest: Guest, csv_path: Path, patience_sec: float) -> Measured:
    sampler = guest.start_sampler(csv_path)
    try:
        time.sleep(BEFORE_SEC)
        _stopped_ns, resumed_ns = stand_still(guest, guest.domain.suspend, PAUSE_SEC,
                                              guest.domain.resume)
        _watch(sampler, lambda probes: Verdict(find_return(probes, resumed_ns) is not None,
                                               shows_right(probes[-1])),
               patience_sec, PAUSE_HOLD_SEC)
    finally:
        probes = sampler.stop()
    after = [p for p in probes if p.sent_ns >= resumed_ns]
    return Measured(max(abs(p.offset_ns) - p.error_ns for p in after),
                    find_return(probes, resumed_ns), after[-1].read_ns - resumed_ns,
                    began_ns=resumed_ns)


def make_rest(rest_sec: float) -> Event:
    """Nothing befalls it."""
    def run(guest: Guest, csv_path: Path, _patience_sec: float) -> Measured:
        sampler = guest.start_sampler(csv_path, rate_hz=CALM_RATE_HZ)
        try:
            time.sleep(rest_sec)
        finally:
            probes = sampler.stop()
        points = trace(probes)
        return Measured(
            peak_ns=max(abs(point.offset_ns) for point in points),
            watched_ns=probes[-1].read_ns - probes[0].sent_ns,
            rms_ns=int(statistics.fmean(point.offset_ns**2 for point in points)**0.5),
            probe_ns=int(statistics.median(point.residual.error_ns for point in points)))

    return Event("rest", run, rest_sec)


JUMPS = tuple(make_jump(by_ppm) for by_ppm in (200, -100, 50))
PAUSE = Event("pause-60s", _run_pause, BEFORE_SEC + PAUSE_SEC + PAUSE_HOLD_SEC)
