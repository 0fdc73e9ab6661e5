# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens inside of a guest, where nobody else sees it: its clocksource is switched, its clock
is given another rate, it sleeps. The link stays up."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

from .analysis import RIGHT_NS, Probe, analyse, measure_rate, shows_wrong
from .guest import Guest
from .hardships import Hardship, World
from .layout import RigError
from .scenarios import AFTER_SEC, IN_STEP_SEC, Claim, Outcome, watch

CLOCKSOURCES = "/sys/devices/system/clocksource/clocksource0"
SETTLE_SEC = 5.0

# A ten-thousandth: after a second the clock is 0.2 ms off.
FOREIGN_TICK_US = 10002
TICK_US = 10000
RATE_AFTER_SEC = 3.0
RATE_ERROR_PPM = 10

ALARM = "/sys/class/rtc/rtc0/wakealarm"
SLEEP_SEC = 4
LEAST_SLEEP_NS = 2_000_000_000
REPEAT_SEC = 0.02


def _read_journal(guest: Guest) -> list[dict]:
    return json.loads(guest.shell.check("virt-timectl journal --json"))


def _find_worst(probes: list[Probe]) -> int:
    """What a reading at least shows of an error."""
    return max((abs(p.offset_ns) - p.error_ns for p in probes), default=0)


def _run_clocksource(world: World, csv_path: Path) -> Outcome:
    """Another oscillator, with another rate: the clock goes on where it was."""
    guest = world.guest
    guest.wait_in_step(IN_STEP_SEC)
    before = guest.shell.check(f"cat {CLOCKSOURCES}/current_clocksource").strip()
    others = guest.shell.check(f"cat {CLOCKSOURCES}/available_clocksource").split()
    other = next((name for name in others if name != before), None)
    if other is None:
        raise RigError(f"this guest has no clocksource but '{before}'")
    n_before = len(_read_journal(guest))

    def disturb() -> list[tuple[int, int]]:
        guest.shell.check(f"echo {other} >{CLOCKSOURCES}/current_clocksource")
        return []

    outcome = watch(guest, "clocksource", csv_path, disturb, AFTER_SEC)
    guest.shell.check(f"echo {before} >{CLOCKSOURCES}/current_clocksource")
    time.sleep(SETTLE_SEC)
    worst_ns = _find_worst(outcome.probes)
    n_steps = len([one for one in _read_journal(guest)[n_before:] if one["action"] == "stepped"])
    return replace(outcome, claims=(
        Claim("is-noticed", "sign 'clocksource'" in guest.read_log(), f"{before} to {other}"),
        Claim("is-no-disruption", n_steps == 0 and worst_ns <= RIGHT_NS,
              f"{n_steps} steps, at most {worst_ns / 1e3:.0f} us shown")))


def _run_foreign_rate(world: World, csv_path: Path) -> Outcome:
    guest = world.guest
    guest.wait_in_step(IN_STEP_SEC)
    set_ns = 0

    def disturb() -> list[tuple[int, int]]:
        nonlocal set_ns
        guest.shell.check(f"adjtimex -q -t {FOREIGN_TICK_US}")
        set_ns = time.time_ns()
        return []

    outcome = watch(guest, "foreign-rate", csv_path, disturb, RATE_AFTER_SEC + AFTER_SEC)
    probes = outcome.probes
    before = measure_rate(probes, 0, set_ns)
    after = measure_rate(probes, set_ns + int(RATE_AFTER_SEC * 1e9), probes[-1].read_ns)
    changed_ppm = after.ppm - before.ppm
    return replace(outcome, claims=(
        Claim("stays-right", _find_worst(probes) <= RIGHT_NS,
              f"at most {_find_worst(probes) / 1e3:.0f} us shown"),
        Claim("has-its-rate-back", abs(changed_ppm) <= RATE_ERROR_PPM,
              f"{changed_ppm:+.2f} ppm from before, {RATE_AFTER_SEC:g} s after it was changed; "
              f"ceiling {RATE_ERROR_PPM} ppm")))


def _run_sleep(world: World, csv_path: Path) -> Outcome:
    """To RAM, until the RTC wakes it: the kernel knows the RTC's second, and no more. QEMU's RTC
    does not wake a guest that sleeps to idle."""
    guest = world.guest
    guest.wait_in_step(IN_STEP_SEC)
    n_before = len(_read_journal(guest))

    def disturb() -> list[tuple[int, int]]:
        guest.shell.check(f"echo +{SLEEP_SEC} >{ALARM} && echo mem >/sys/power/state", 60)
        return []

    outcome = watch(guest, "sleep", csv_path, disturb, AFTER_SEC, REPEAT_SEC)
    gap = max(zip(outcome.probes, outcome.probes[1:]),
              key=lambda pair: pair[1].sent_ns - pair[0].read_ns)
    slept_ns = gap[1].sent_ns - gap[0].read_ns
    if slept_ns < LEAST_SLEEP_NS:
        raise RigError(f"the guest slept for {slept_ns / 1e9:.3f} s only")
    recovery = analyse(outcome.probes, gap[1].sent_ns)
    journal = _read_journal(guest)[n_before:]
    was_wrong = any(shows_wrong(p) for p in outcome.probes if p.sent_ns >= gap[1].sent_ns)
    return replace(outcome, recoveries=(recovery,), claims=(
        Claim("is-one-disruption", len(journal) == 1 or not was_wrong,
              "; ".join(f"{one['hint']}: {one['action']}" for one in journal)
              + f" after {slept_ns / 1e9:.1f} s of sleep"),))


SIGNS = (
    Hardship("clocksource", _run_clocksource),
    Hardship("foreign-rate", _run_foreign_rate),
    Hardship("sleep", _run_sleep),
)
