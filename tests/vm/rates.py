# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest whose oscillator runs at another rate from one instant to the next, as on another host."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from .guest import Guest
from .hardships import Hardship, World
from .layout import RigError
from .scenarios import IN_STEP_SEC, Claim, Outcome, watch
from .settling import NS_PER_SEC, measure_oscillator, settle, trace

JUMP_PPM = 200.0
# How well readings from outside tell a rate over some seconds.
JUMP_ERROR_PPM = 10.0

SETTLE_SEC = 8.0
BEFORE_SEC = 8.0
AFTER_SEC = 20.0

# A tick and its answer, five times.
BACK_LIMIT_NS = 500_000
BACK_SEC = 5.0
HOLD_SEC = 10.0
PEAK_LIMIT_NS = 2_000_000


def _run_rate_jump(world: World, csv_path: Path) -> Outcome:
    guest = world.guest
    guest.wait_in_step(IN_STEP_SEC)
    time.sleep(SETTLE_SEC)
    n_before = guest.count_disruptions()
    jumped_ns = 0

    def disturb() -> list[tuple[int, int]]:
        nonlocal jumped_ns
        time.sleep(BEFORE_SEC)
        jumped_ns = _jump(guest, JUMP_PPM)
        return []

    outcome = watch(guest, "rate-jump", csv_path, disturb, AFTER_SEC)
    probes = outcome.probes
    jump_ppm = (measure_oscillator(probes, jumped_ns, probes[-1].read_ns)
                - measure_oscillator(probes, 0, jumped_ns))
    settling = settle(trace(probes), jumped_ns, BACK_LIMIT_NS, int(HOLD_SEC * NS_PER_SEC))
    back = "never" if settling.back_ns is None else f"{settling.back_ns / 1e9:.2f} s"
    journal = guest.query_journal(n_before)
    return replace(outcome, claims=(
        Claim("oscillator-jumps-as-told", abs(jump_ppm - JUMP_PPM) <= JUMP_ERROR_PPM,
              f"{jump_ppm:+.1f} ppm seen from outside, {JUMP_PPM:+g} ppm told"),
        Claim("is-back-in-time",
              settling.back_ns is not None and settling.back_ns <= BACK_SEC * NS_PER_SEC,
              f"within {BACK_LIMIT_NS / 1e3:g} us for good after {back}, ceiling {BACK_SEC:g} s"),
        Claim("stays-near", settling.peak_ns <= PEAK_LIMIT_NS,
              f"at most {settling.peak_ns / 1e3:.0f} us, ceiling {PEAK_LIMIT_NS / 1e3:g} us"),
        Claim("is-no-disruption", not journal,
              "; ".join(f"{one['hint']}: {one['action']}" for one in journal) or "none counted"),
    ))


def _jump(guest: Guest, by_ppm: float) -> int:
    if guest.oscillator is None:
        raise RigError("this guest has no oscillator of its own")
    return guest.oscillator.jump(by_ppm)


RATES = (Hardship("rate-jump", _run_rate_jump),)
