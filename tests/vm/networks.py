# SPDX-License-Identifier: LGPL-2.1-or-later
"""Guests that have a time server on their network: instead of a link, or better than their host."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from .analysis import Probe, Recovery, analyse, find_residual, shows_right
from .guest import Guest
from .hardships import Hardship, World, stand
from .hostd import TRUSTED
from .layout import RigError
from .scenarios import AFTER_SEC, Claim, Outcome, watch
from .wire import HOST_ADDRESS, OTHER_ADDRESS, NtpServer

NS_PER_SEC = 1_000_000_000
DAY_NS = 86_400 * NS_PER_SEC
AHEAD_NS = 3 * NS_PER_SEC
SETTLE_SEC = 60
NTP_AFTER_SEC = 8.0

BEFORE_LEAP_SEC = 45
LEAP_ERROR_NS = 20_000_000

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


def _run_ntp_only(world: World, csv_path: Path) -> Outcome:
    """No link; hostd answers on the network. Run on a guest without the channel."""
    guest = world.guest
    guest.start_agent(HOST_SETTINGS)
    try:
        wait_in_step(guest)
        outcome = watch(guest, "ntp-only", csv_path, lambda: stand(world, 5), NTP_AFTER_SEC)
    finally:
        guest.stop_agent()
    return outcome


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


def _run_leap_armed(world: World, csv_path: Path) -> Outcome:
    """A leap second is armed when the guest is paused: it is stepped, and the leap still comes."""
    guest = world.guest
    ahead_ns = DAY_NS - time.time_ns() % DAY_NS - BEFORE_LEAP_SEC * NS_PER_SEC
    leap_at_ns = time.time_ns() + BEFORE_LEAP_SEC * NS_PER_SEC
    with NtpServer(OTHER_ADDRESS, ahead_ns) as server:
        server.leap_at_ns = leap_at_ns
        guest.start_agent(OTHER_SETTINGS)
        try:
            wait_in_step(guest, ahead_ns)
            guest.shell.check("step-clock leap")
            left_sec = (leap_at_ns - time.time_ns()) / 1e9
            outcome = watch(guest, "leap-armed", csv_path, lambda: stand(world, 3),
                            left_sec - 3 + 2)
        finally:
            guest.stop_agent()
            guest.step_clock(-ahead_ns)
    probes = _shift(outcome.probes, ahead_ns)
    recovery: Recovery = analyse([p for p in probes if p.read_ns < leap_at_ns - NS_PER_SEC],
                                 outcome.recoveries[0].resumed_ns)
    after = [p for p in probes if leap_at_ns + NS_PER_SEC // 2 < p.sent_ns < leap_at_ns + NS_PER_SEC]
    gained_ns = find_residual(after).offset_ns if after else 0
    return replace(outcome, recoveries=(recovery,), claims=(
        Claim("leap-still-comes", abs(gained_ns - NS_PER_SEC) <= LEAP_ERROR_NS,
              f"half a second after midnight {gained_ns / 1e9:.3f} s behind a clock without it"),))


# On the guest of all other scenarios, and on one without a link.
LINKED = (Hardship("host-wrong", _run_host_wrong),)
LINKLESS = (Hardship("ntp-only", _run_ntp_only), Hardship("leap-armed", _run_leap_armed))
