# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens inside of a guest, where nobody else sees it: its clocksource is switched, its clock
is given another rate, it sleeps. The link stays up."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from .analysis import RIGHT_NS, Probe, analyse
from .hardships import Hardship, World
from .layout import RigError
from .scenarios import AFTER_SEC, IN_STEP_SEC, Claim, Outcome, watch

CLOCKSOURCES = "/sys/devices/system/clocksource/clocksource0"
SETTLE_SEC = 5.0

# Two ten-thousandths: after a second the clock is 0.2 ms off.
FOREIGN_TICK_US = 10002
# A second, and what comes between. What it has made of the phase is trimmed off by the rate, which
# is what it was again in the last second.
RATE_BACK_SEC = 1.5
LAST_NS = 1_000_000_000
RATE_ERROR_PPM = 100  # its own is still being learnt

ALARM = "/sys/class/rtc/rtc0/wakealarm"
SLEEP_SEC = 4
# On a busy machine the alarm may be due before the guest has lain down.
SLEEP_ATTEMPTS = 3
LEAST_SLEEP_NS = 2_000_000_000
REPEAT_SEC = 0.02


def find_worst(probes: list[Probe]) -> int:
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
    n_before = guest.count_disruptions()

    def disturb() -> list[tuple[int, int]]:
        guest.shell.check(f"echo {other} >{CLOCKSOURCES}/current_clocksource")
        return []

    outcome = watch(guest, "clocksource", csv_path, disturb, AFTER_SEC)
    guest.shell.check(f"echo {before} >{CLOCKSOURCES}/current_clocksource")
    time.sleep(SETTLE_SEC)
    worst_ns = find_worst(outcome.probes)
    n_steps = sum(one["action"] == "stepped" for one in guest.query_journal(n_before))
    return replace(outcome, claims=(
        Claim("is-noticed", "sign 'clocksource'" in guest.read_log(), f"{before} to {other}"),
        Claim("is-no-disruption", n_steps == 0 and worst_ns <= RIGHT_NS,
              f"{n_steps} steps, at most {worst_ns / 1e3:.0f} us shown")))


def _run_foreign_rate(world: World, csv_path: Path) -> Outcome:
    """The kernel's rate is judged, not how fast the clock runs: it is slewed right meanwhile."""
    guest = world.guest
    guest.wait_in_step(IN_STEP_SEC)
    time.sleep(SETTLE_SEC)

    def disturb() -> list[tuple[int, int]]:
        guest.shell.check(f"adjtimex -q -t {FOREIGN_TICK_US}")
        return []

    outcome = watch(guest, "foreign-rate", csv_path, disturb, AFTER_SEC)
    probes = outcome.probes
    foreign = [p for p in probes if p.tick_us == FOREIGN_TICK_US]
    # It may be taken back before a reading shows that it was set.
    lasted_sec = (foreign[-1].read_ns - foreign[0].sent_ns) / 1e9 if foreign else 0
    last = [p for p in probes if p.sent_ns >= probes[-1].read_ns - LAST_NS]
    changed_ppm = max(abs(p.base_rate_ppm - probes[0].base_rate_ppm) for p in last)
    return replace(outcome, claims=(
        Claim("stays-right", find_worst(probes) <= RIGHT_NS,
              f"at most {find_worst(probes) / 1e3:.0f} us shown"),
        Claim("has-its-rate-back",
              lasted_sec <= RATE_BACK_SEC and changed_ppm <= RATE_ERROR_PPM,
              f"after {lasted_sec:.3f} s, ceiling {RATE_BACK_SEC:g} s; at last "
              f"{changed_ppm:.1f} ppm from before, ceiling {RATE_ERROR_PPM} ppm")))


def _run_sleep(world: World, csv_path: Path) -> Outcome:
    """To RAM, until the RTC wakes it: the kernel knows the RTC's second, and no more. QEMU's RTC
    does not wake a guest that sleeps to idle."""
    guest = world.guest
    guest.wait_in_step(IN_STEP_SEC)
    n_before = guest.count_disruptions()

    def disturb() -> list[tuple[int, int]]:
        guest.shell.check(f"echo +{SLEEP_SEC} >{ALARM} && echo mem >/sys/power/state", 60)
        return []

    for _attempt in range(SLEEP_ATTEMPTS):
        outcome = watch(guest, "sleep", csv_path, disturb, AFTER_SEC, REPEAT_SEC)
        gap = max(zip(outcome.probes, outcome.probes[1:]),
                  key=lambda pair: pair[1].sent_ns - pair[0].read_ns)
        slept_ns = gap[1].sent_ns - gap[0].read_ns
        if slept_ns >= LEAST_SLEEP_NS:
            break
        guest.wait_in_step(IN_STEP_SEC)
        n_before = guest.count_disruptions()
    else:
        raise RigError(f"the guest slept for {slept_ns / 1e9:.3f} s only")
    recovery = analyse(outcome.probes, gap[1].sent_ns)
    journal = guest.query_journal(n_before)
    return replace(outcome, recoveries=(recovery,), claims=(
        Claim("is-one-disruption", len(journal) == 1,
              "; ".join(f"{one['hint']}: {one['action']}" for one in journal)
              + f" after {slept_ns / 1e9:.1f} s of sleep"),))


SIGNS = (
    Hardship("clocksource", _run_clocksource),
    Hardship("foreign-rate", _run_foreign_rate),
    Hardship("sleep", _run_sleep),
)
