# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent beside time daemons of others: who steers the clock goes on to do so, a pause is put right
as fast as without them, and nobody fights."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

from .guest import Guest
from .hardships import Hardship, World, stand
from .layout import RigError
from .neighbours import CHRONYD, Neighbour
from .scenarios import Claim, Outcome, watch
from .wire import GUEST_ADDRESS, PREFIX_BITS

START_SEC = 60
IN_STEP_SEC = 150
YIELD_SEC = 15
# The agent waits 15 s for a daemon to come back.
TAKE_OVER_SEC = 45
# Long enough for what the daemon answers to a step, and for the agent's last look at it.
AFTER_SEC = 12

# One step of the agent's; one more of whoever repairs a bad one is no fight.
MOST_SETS = 2

NETWORK = (f"ip addr add {GUEST_ADDRESS}/{PREFIX_BITS} dev eth0; ip link set lo up;"
           " ip link set eth0 up")


@dataclass(frozen=True)
class Watched:
    """What a watcher in the guest counted."""

    sets: int
    backward: int
    moved_ns: int
    rates: int


@dataclass(frozen=True)
class Beside:
    """A pause beside a daemon: what came of it, and what the watcher saw."""

    outcome: Outcome
    watched: Watched


def _wait_for(guest: Guest, what: str, command: str, timeout_sec: float) -> float:
    """Returns how long it took."""
    begun = time.monotonic()
    while True:
        status, output = guest.shell.run(command)
        if status == 0 and output.strip():
            return time.monotonic() - begun
        if time.monotonic() - begun > timeout_sec:
            raise RigError(f"{what}: not within {timeout_sec:.0f} s; {output.strip()}")
        time.sleep(0.3)


def _wait_for_role(guest: Guest, role: str, timeout_sec: float) -> float:
    return _wait_for(guest, f"role {role}",
                     f"virt-timectl tracking | grep -E '^Role *: {role}'", timeout_sec)


def _start_neighbour(guest: Guest, neighbour: Neighbour) -> float:
    """Returns how long the agent took to yield."""
    guest.shell.run(NETWORK)  # again, it fails and nothing is lost
    guest.shell.check(neighbour.prepare)
    _wait_for_role(guest, "own", START_SEC)
    guest.shell.check(f"systemctl start {neighbour.unit}", START_SEC)
    took_sec = _wait_for_role(guest, neighbour.role, YIELD_SEC)
    _wait_for(guest, f"{neighbour.name} in step", neighbour.is_in_step, IN_STEP_SEC)
    return took_sec


def _start_watcher(guest: Guest) -> None:
    guest.shell.check("watch-clock >/run/watched & echo $! >/run/watcher")
    time.sleep(1)


def _stop_watcher(guest: Guest) -> Watched:
    guest.shell.check("kill $(cat /run/watcher)")
    _wait_for(guest, "the watcher's counts", "grep rates /run/watched", 10)
    words = guest.shell.check("cat /run/watched").split()
    return Watched(*(int(word) for word in words[1::2]))


def _check_chronyd(guest: Guest) -> list[Claim]:
    told = guest.query_tracking()["clock-owner-told"]
    own_word = guest.shell.check(CHRONYD.show)
    offset = re.search(r"^System time *: ([\d.]+)", own_word, re.MULTILINE)
    leap = re.search(r"^Leap status *: (.*)", own_word, re.MULTILINE)
    off_sec = float(offset[1]) if offset else float("inf")
    return [
        Claim("chronyd-was-told", told == "yes", told),
        Claim("chronyd-knows-the-time", off_sec < 0.001 and leap is not None
              and leap[1] == "Normal",
              f"chronyc tracking: {off_sec * 1e6:.0f} us, {leap[1] if leap else 'nothing'}"),
    ]


def _judge(guest: Guest, neighbour: Neighbour, watched: Watched, took_sec: float) -> list[Claim]:
    tracking = guest.query_tracking()
    return [
        Claim("yields-when-it-comes", True, f"within {took_sec:.1f} s"),
        Claim("names-it", tracking["clock-owner"] == neighbour.process
              and tracking["role"] == neighbour.role, f"{tracking['role']}, {tracking['clock-owner']}"),
        Claim("is-stepped-once", 1 <= watched.sets <= MOST_SETS,
              f"set {watched.sets} times, by {watched.moved_ns / 1e9:+.6f} s in all; another rate "
              f"{watched.rates} times"),
        Claim("never-backward", watched.backward == 0, f"{watched.backward} times"),
    ]


def measure_alone(world: World, csv_path: Path, seconds: float) -> Outcome:
    """On a guest in which nothing but the agent has been started."""
    _wait_for_role(world.guest, "own", START_SEC)
    world.guest.wait_in_step(START_SEC)
    return watch(world.guest, "alone", csv_path, lambda: stand(world, seconds), AFTER_SEC)


def measure_beside(world: World, neighbour: Neighbour, csv_path: Path,
                   seconds: float) -> Beside:
    """On such a guest, too; the daemon is stopped again."""
    guest = world.guest
    took_sec = _start_neighbour(guest, neighbour)
    _start_watcher(guest)
    outcome = watch(guest, f"beside-{neighbour.name}", csv_path, lambda: stand(world, seconds),
                    AFTER_SEC)
    watched = _stop_watcher(guest)
    claims = _judge(guest, neighbour, watched, took_sec)
    if neighbour.process == CHRONYD.process:
        claims += _check_chronyd(guest)
    guest.shell.check(f"systemctl stop {neighbour.unit}", START_SEC)
    took_sec = _wait_for_role(guest, "own", TAKE_OVER_SEC)
    claims.append(Claim("takes-over-when-it-is-gone", True, f"after {took_sec:.1f} s"))
    return Beside(replace(outcome, claims=tuple(claims)), watched)


def make_beside(neighbour: Neighbour, seconds: float) -> Hardship:
    def run(world: World, csv_path: Path) -> Outcome:
        return measure_beside(world, neighbour, csv_path, seconds).outcome

    return Hardship(f"beside-{neighbour.name}", run)


# What tools/check runs; tools/bench coexistence pauses for longer, and beside all of them.
BESIDE = (make_beside(CHRONYD, 5),)
