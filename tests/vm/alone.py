# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest with neither link nor network after a pause: its RTC alone brings it back. Run on a guest
without the channel; the network, from which it may have learnt better, is taken away."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from .analysis import STA_UNSYNC, Probe, shows_right
from .guest import Guest
from .hardships import Hardship, World, stand
from .layout import RigError
from .networks import HOST_SETTINGS, wait_in_step
from .scenarios import Claim, Outcome, watch

NS_PER_MS = 1_000_000

RTC = "rtc0"
NETWORK = "eth0"
LEARN_SEC = 60
# Of 16 edges one was 3.6 ms late; the least of so many is the phase.
EDGES_SEC = 8
PAUSE_SEC = 20
SHORT_PAUSE_SEC = 10
ALONE_AFTER_SEC = 6.0

# The goals are 50 ms, 1.3 s and 3.3 s, of which a second is the RTC's own.
SEEN_NS = 250 * NS_PER_MS
WITHIN_5_MS_NS = 2_500 * NS_PER_MS
WITHIN_2_MS_NS = 6_000 * NS_PER_MS
AT_ONCE_NS = 250 * NS_PER_MS
SECOND_NS = 1_000 * NS_PER_MS
# What a stopwatch may miss by: an edge that came late when it was learnt, and one now.
STOPWATCH_NS = 10 * NS_PER_MS


def wait_for(what: str, holds: Callable[[], bool]) -> None:
    """An agent that has just been started does not answer yet."""
    deadline = time.monotonic() + LEARN_SEC
    while True:
        try:
            if holds():
                return
        except RigError:
            pass
        if time.monotonic() > deadline:
            raise RigError(f"{what}: not within {LEARN_SEC} s")
        time.sleep(0.5)


def _knows_phase(guest: Guest, is_stopwatch: bool) -> bool:
    rtc = guest.query_clock("rtc")
    return (not rtc["problem"] and rtc["readings"] > 0
            and rtc["remark"].startswith("a stopwatch") == is_stopwatch)


def find_right(probes: list[Probe], since_ns: int, limit_ns: int) -> int | None:
    """How long after `since_ns` the clock was first shown to be right within the limit."""
    return next((p.read_ns - since_ns for p in probes
                 if p.sent_ns >= since_ns and shows_right(p, limit_ns)), None)


def _find_seen(probes: list[Probe], since_ns: int) -> int | None:
    """When the kernel was told, since that moment, that the clock is not right."""
    return next((p.read_ns - since_ns for p in probes
                 if p.read_ns >= since_ns and p.status & STA_UNSYNC), None)


def _claim_time(name: str, taken_ns: int | None, ceiling_ns: int) -> Claim:
    shown = "never" if taken_ns is None else f"after {taken_ns / 1e6:.1f} ms"
    return Claim(name, taken_ns is not None and taken_ns <= ceiling_ns,
                 f"{shown}, ceiling {ceiling_ns / 1e6:.0f} ms")


def _claim_record(guest: Guest, n_before: int) -> Claim:
    records = guest.query_journal(n_before)
    return Claim("is-one-disruption",
                 len(records) == 1 and records[0]["hint"] == "rtc-jump"
                 and records[0]["action"] == "stepped",
                 "; ".join(f"{one['hint']}: {one['action']}, exposure "
                           f"{one['exposure-ns'] / 1e6:.1f} ms" for one in records))


def _run_learnt(world: World, csv_path: Path) -> Outcome:
    """The phase was learnt while there was a time server; then the network went."""
    guest = world.guest
    guest.forget()
    guest.start_agent(HOST_SETTINGS)
    try:
        wait_in_step(guest)
        wait_for("the RTC's phase is not learnt", lambda: _knows_phase(guest, False))
        time.sleep(EDGES_SEC)
        guest.shell.check(f"ip link set {NETWORK} down")
        wait_for("the RTC is not followed", lambda: guest.query_tracking()["reference"] == RTC)
        # How well an edge can be told is learnt from some; until then three are waited for.
        time.sleep(EDGES_SEC)
        learnt = guest.query_journal()
        n_before = guest.count_disruptions()
        outcome = watch(guest, "rtc-learnt", csv_path, lambda: stand(world, PAUSE_SEC),
                        ALONE_AFTER_SEC)
        record = _claim_record(guest, n_before)
    finally:
        guest.shell.check(f"ip link set {NETWORK} up")
        guest.stop_agent()
    probes, resumed_ns = outcome.probes, outcome.recoveries[0].resumed_ns
    return replace(outcome, recoveries=(), claims=(
        _claim_time("is-seen", _find_seen(probes, resumed_ns), SEEN_NS),
        _claim_time("is-less-than-a-second-late-at-once",
                    find_right(probes, resumed_ns, SECOND_NS), AT_ONCE_NS),
        _claim_time("is-right-within-5-ms",
                    find_right(probes, resumed_ns, 5 * NS_PER_MS), WITHIN_5_MS_NS),
        _claim_time("is-right-within-2-ms",
                    find_right(probes, resumed_ns, 2 * NS_PER_MS), WITHIN_2_MS_NS),
        # The kernel wrote the clock into the RTC as soon as it was synchronised.
        Claim("write-of-the-kernel-is-no-sign", not any("rtc" in one["signs"] for one in learnt),
              "; ".join(one["signs"] for one in learnt) or "no disruption before the pause"),
        record,
    ))


def _run_never_learnt(world: World, csv_path: Path) -> Outcome:
    """Nobody ever said what time it is: the clock is put back to what it was."""
    guest = world.guest
    guest.forget()
    guest.set_right()
    guest.start_agent()
    try:
        wait_for("the RTC is not watched", lambda: _knows_phase(guest, True))
        time.sleep(EDGES_SEC)
        n_before = guest.count_disruptions()
        outcome = watch(guest, "rtc-never-learnt", csv_path,
                        lambda: stand(world, SHORT_PAUSE_SEC), ALONE_AFTER_SEC)
        record = _claim_record(guest, n_before)
        tracking = guest.query_tracking()
    finally:
        guest.stop_agent()
    probes, resumed_ns = outcome.probes, outcome.recoveries[0].resumed_ns
    return replace(outcome, recoveries=(), claims=(
        _claim_time("is-less-than-a-second-late-at-once",
                    find_right(probes, resumed_ns, SECOND_NS), AT_ONCE_NS),
        _claim_time("is-what-it-was-after-an-edge",
                    find_right(probes, resumed_ns, STOPWATCH_NS), WITHIN_5_MS_NS),
        Claim("does-not-call-itself-synchronised", not tracking["synchronised"],
              f"synchronised {tracking['synchronised']}"),
        record,
    ))


ALONE = (Hardship("rtc-learnt", _run_learnt), Hardship("rtc-never-learnt", _run_never_learnt))
