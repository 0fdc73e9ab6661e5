# SPDX-License-Identifier: LGPL-2.1-or-later
"""What befalls a guest, and what its clock showed meanwhile. All share one boot.

Every scenario but the baseline begins with a guest that is in step and ends with one whose
clock was watched for some seconds after it ran again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .analysis import Probe, Recovery, analyse
from .guest import Guest

BEFORE_SEC = 1.0
AFTER_SEC = 5.0
IN_STEP_SEC = 30.0
EVENT_SEC = 30.0

# virsh needs this long to be started and heard; two pauses shall be 200 ms apart.
VIRSH_SEC = 0.03
BETWEEN_PAUSES_SEC = 0.2

BOOT_ERROR_NS = 30_000_000_000


@dataclass(frozen=True)
class Claim:
    """What a scenario shows besides its recoveries."""

    name: str
    holds: bool
    detail: str = ""


@dataclass(frozen=True)
class Outcome:
    """`recoveries` has one entry for each time the guest came back."""

    scenario: str
    csv_path: Path
    probes: list[Probe]
    recoveries: tuple[Recovery, ...]
    stood_still_ns: tuple[int, ...]
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True)
class Scenario:
    name: str
    run: Callable[[Guest, Path], Outcome]


def stand_still(guest: Guest, stop: Callable[[], None], seconds: float,
                start: Callable[[], None]) -> tuple[int, int]:
    """QEMU's own stamps of the last instruction before and the first one after."""
    since = guest.qmp.count()
    stop()
    stopped = guest.qmp.wait_for("STOP", since, EVENT_SEC)
    time.sleep(seconds)
    since = guest.qmp.count()
    start()
    return stopped.wall_ns, guest.qmp.wait_for("RESUME", since, EVENT_SEC).wall_ns


def watch(guest: Guest, name: str, csv_path: Path, disturb: Callable[[], list[tuple[int, int]]],
          after_sec: float, repeat_sec: float | None = None) -> Outcome:
    sampler = guest.start_sampler(csv_path, repeat_sec)
    try:
        time.sleep(BEFORE_SEC)
        gaps = disturb()
        time.sleep(after_sec)
    finally:
        probes = sampler.stop()
    # A recovery is watched until the guest is stopped again.
    ends = [stopped for stopped, _resumed in gaps[1:]] + [None]
    recoveries = tuple(analyse(probes, resumed, end)
                       for (_stopped, resumed), end in zip(gaps, ends))
    stood_still = tuple(resumed - stopped for stopped, resumed in gaps)
    return Outcome(name, csv_path, probes, recoveries, stood_still)


def run_pause(guest: Guest, name: str, csv_path: Path, seconds: float,
              after_sec: float = AFTER_SEC) -> Outcome:
    def disturb() -> list[tuple[int, int]]:
        return [stand_still(guest, guest.domain.suspend, seconds, guest.domain.resume)]

    return watch(guest, name, csv_path, disturb, after_sec)


def _run_two_pauses(guest: Guest, csv_path: Path) -> Outcome:
    def disturb() -> list[tuple[int, int]]:
        first = stand_still(guest, guest.domain.suspend, 2, guest.domain.resume)
        left_ns = first[1] + int((BETWEEN_PAUSES_SEC - VIRSH_SEC) * 1e9) - time.time_ns()
        time.sleep(max(0.0, left_ns / 1e9))
        return [first, stand_still(guest, guest.domain.suspend, 2, guest.domain.resume)]

    guest.wait_in_step(IN_STEP_SEC)
    return watch(guest, "two-pauses", csv_path, disturb, AFTER_SEC)


def _run_save_restore(guest: Guest, csv_path: Path) -> Outcome:
    def disturb() -> list[tuple[int, int]]:
        return [stand_still(guest, guest.domain.save, 2, guest.domain.restore)]

    guest.wait_in_step(IN_STEP_SEC)
    return watch(guest, "save-restore", csv_path, disturb, AFTER_SEC)


def _run_boot(guest: Guest, csv_path: Path) -> Outcome:
    """From the start of the agent on a guest whose clock was set wrong and that knows nothing."""
    guest.stop_agent()
    guest.forget()
    guest.step_clock(-BOOT_ERROR_NS)

    def disturb() -> list[tuple[int, int]]:
        started_ns = time.time_ns()
        guest.start_agent()
        return [(started_ns, started_ns)]

    return watch(guest, "boot", csv_path, disturb, AFTER_SEC)


def _run_baseline(guest: Guest, csv_path: Path) -> Outcome:
    """The same guest without virt-time: shows that the rig sees what is to be repaired."""
    guest.stop_agent()
    return run_pause(guest, "baseline", csv_path, 5, after_sec=2)


def _in_step_pause(name: str, seconds: float) -> Scenario:
    def run(guest: Guest, csv_path: Path) -> Outcome:
        guest.wait_in_step(IN_STEP_SEC)
        return run_pause(guest, name, csv_path, seconds)

    return Scenario(name, run)


BASELINE = Scenario("baseline", _run_baseline)

# In this order: the first one starts the agent.
RECOVERIES = (
    Scenario("boot", _run_boot),
    _in_step_pause("pause-5s", 5),
    _in_step_pause("pause-60s", 60),
    Scenario("two-pauses", _run_two_pauses),
    Scenario("save-restore", _run_save_restore),
)
