# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that have a time server on their network: instead of a link, or better than their host."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from .analysis import Probe, Recovery, analyse, find_residual, shows_right
from .guest import Guest
from .hardships import Hardship, World, stand
from .hostd import TRUSTED
from .layout import RigError
from .scenarios import AFTER_SEC, Claim, Outcome, watch
from .wire import HOST_ADDRESS, OTHER_ADDRESS, UNIX_TO_NTP_SEC, NtpServer

NS_PER_SEC = 1_000_000_000
AHEAD_NS = 3 * NS_PER_SEC
SETTLE_SEC = 60
NTP_AFTER_SEC = 8.0
STAMP_LOOKS = 4

BEFORE_LEAP_SEC = 45
LEAP_ERROR_NS = 20_000_000
ARM_SEC = 10
STA_INS = 0x10

# As tzdata installs it, without the older ones: from 1 July 2015 and 1 January 2017 on.
LEAP_LIST_PATH = "/run/leap-seconds.list"
LEAP_LINES = "3644697600 36\\n3692217600 37\\n"
LISTED_SEC = 37

HOST_SETTINGS = f"[server host]\\naddress={HOST_ADDRESS}\\nlocal=yes\\n"
OTHER_SETTINGS = f"[server other]\\naddress={OTHER_ADDRESS}\\nlocal=yes\\n"


def _shift(probes: list[Probe], ahead_ns: int) -> list[Probe]:
    """As seen from a clock that is so far ahead of this host's."""
    return [replace(probe, offset_ns=probe.offset_ns + ahead_ns) for probe in probes]


def wait_in_step(guest: Guest, ahead_ns: int = 0) -> None:
    deadline = time.monotonic() + SETTLE_SEC
    while True:
        probes = _shift(guest.sample(0.3), ahead_ns)
        if probes and all(shows_right(probe) for probe in probes[-20:]):
            return
        if time.monotonic() > deadline:
            residual = find_residual(probes)
            raise RigError(f"not in step with the server: {residual}")
        time.sleep(0.5)


def _restart_agent(guest: Guest, settings: str = "") -> None:
    guest.stop_agent()
    guest.start_agent(settings)


def _find_stamper(guest: Guest) -> str:
    """Of the last reply; the next one comes within a second."""
    time.sleep(1)
    return json.loads(guest.shell.check("virt-timectl ntpdata --json"))[0]["rx-timestamping"]


def _run_ntp_only(world: World, csv_path: Path) -> Outcome:
    """No link; hostd answers on the network. Run on a guest without the channel."""
    guest = world.guest
    guest.start_agent(HOST_SETTINGS)
    try:
        wait_in_step(guest)
        outcome = watch(guest, "ntp-only", csv_path, lambda: stand(world, 5), NTP_AFTER_SEC)
        stampers = {_find_stamper(guest) for _look in range(STAMP_LOOKS)}
    finally:
        guest.stop_agent()
    return replace(outcome, claims=(
        Claim("kernel-stamps-the-replies", stampers == {"kernel"}, " ".join(sorted(stampers))),))


def _run_host_wrong(world: World, csv_path: Path) -> Outcome:
    """A host 3 s behind true time, which knows that it is not synchronised, and a server that is."""
    guest = world.guest
    world.hostd.restart_with("host-clock=unsynchronised")
    try:
        with NtpServer(OTHER_ADDRESS, AHEAD_NS):
            _restart_agent(guest, OTHER_SETTINGS)
            wait_in_step(guest, AHEAD_NS)
            outcome = watch(guest, "host-wrong", csv_path, lambda: stand(world, 5), AFTER_SEC)
            tracking = guest.query_tracking()
    finally:
        world.hostd.restart_with(TRUSTED)
        _restart_agent(guest)
    probes = _shift(outcome.probes, AHEAD_NS)
    recoveries = tuple(analyse(probes, recovery.resumed_ns) for recovery in outcome.recoveries)
    return replace(outcome, recoveries=recoveries, claims=(
        Claim("follows-the-server", tracking["reference"] == "other" and tracking["synchronised"],
              f"reference '{tracking['reference']}', synchronised {tracking['synchronised']}"),))


def _find_end_of_month(wall_ns: int) -> int:
    """Of the month of UTC in which it lies."""
    at = datetime.fromtimestamp(wall_ns // NS_PER_SEC, timezone.utc)
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
    return int(datetime(year, month, 1, tzinfo=timezone.utc).timestamp()) * NS_PER_SEC


def _wait_until(guest: Guest, holds: Callable[[int], object], timeout_sec: float) -> bool:
    """By the status that the guest's kernel shows."""
    deadline = time.monotonic() + timeout_sec
    while time.monotonic() < deadline:
        probes = guest.sample(0.2)
        if probes and holds(probes[-1].status):
            return True
        time.sleep(0.5)
    return False


def _wait_for_tai(guest: Guest, timeout_sec: float) -> int:
    """What the guest's kernel was told at last."""
    deadline = time.monotonic() + timeout_sec
    while True:
        tai_sec = guest.read_tai_offset()
        if tai_sec != 0 or time.monotonic() > deadline:
            return tai_sec
        time.sleep(0.2)


def _run_leap_armed(world: World, csv_path: Path) -> Outcome:
    """A server announces a leap second. The guest is paused while it is armed: it is stepped, and
    the leap still comes, for TAI, too."""
    guest = world.guest
    leap_at_ns = time.time_ns() + BEFORE_LEAP_SEC * NS_PER_SEC
    ahead_ns = _find_end_of_month(leap_at_ns) - leap_at_ns
    valid_until_sec = (leap_at_ns + ahead_ns) // NS_PER_SEC + UNIX_TO_NTP_SEC + 86_400
    guest.shell.check(f"printf '{LEAP_LINES}#@ {valid_until_sec}\\n' >{LEAP_LIST_PATH}")
    with NtpServer(OTHER_ADDRESS, ahead_ns) as server:
        server.leap_at_ns = leap_at_ns
        guest.start_agent(f"[agent]\\nleap-seconds={LEAP_LIST_PATH}\\n{OTHER_SETTINGS}")
        try:
            wait_in_step(guest, ahead_ns)
            is_armed = _wait_until(guest, lambda status: status & STA_INS, ARM_SEC)
            tai_before_sec = _wait_for_tai(guest, ARM_SEC)
            left_sec = (leap_at_ns - time.time_ns()) / 1e9
            outcome = watch(guest, "leap-armed", csv_path, lambda: stand(world, 3),
                            left_sec - 3 + 2)
            tai_after_sec = guest.read_tai_offset()
            is_disarmed = _wait_until(guest, lambda status: not status & STA_INS, ARM_SEC)
        finally:
            guest.stop_agent()
            guest.step_clock(-ahead_ns)
    probes = _shift(outcome.probes, ahead_ns)
    recovery: Recovery = analyse([p for p in probes if p.read_ns < leap_at_ns - NS_PER_SEC],
                                 outcome.recoveries[0].resumed_ns)
    after = [p for p in probes if leap_at_ns + NS_PER_SEC // 2 < p.sent_ns < leap_at_ns + NS_PER_SEC]
    gained_ns = find_residual(after).offset_ns if after else 0
    return replace(outcome, recoveries=(recovery,), claims=(
        Claim("is-armed-as-announced", is_armed),
        Claim("tai-is-told", tai_before_sec == LISTED_SEC,
              f"{tai_before_sec} s, listed {LISTED_SEC}"),
        Claim("leap-still-comes", abs(gained_ns - NS_PER_SEC) <= LEAP_ERROR_NS,
              f"half a second after midnight {gained_ns / 1e9:.3f} s behind a clock without it"),
        Claim("tai-goes-on", tai_after_sec == LISTED_SEC + 1, f"{tai_after_sec} s afterwards"),
        Claim("is-disarmed", is_disarmed)))


# On the guest of all other scenarios, and on one without a link.
LINKED = (Hardship("host-wrong", _run_host_wrong),)
LINKLESS = (Hardship("ntp-only", _run_ntp_only), Hardship("leap-armed", _run_leap_armed))
