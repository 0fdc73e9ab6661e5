# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disruptions at the worst moment: a daemon dies, somebody sets the clock, libvirtd restarts.

As in `scenarios`, but with the means to hurt the host's side, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from .analysis import analyse, shows_wrong
from .guest import Guest
from .hostd import TRUSTED, Hostd
from .hypervisor import Hypervisor
from .layout import RigError
from .scenarios import AFTER_SEC, IN_STEP_SEC, Claim, Outcome, stand_still, watch

HOUR_SEC = 3600
WITHOUT_HOSTD_SEC = 3.0

# The probe's port has one client, and that is the sampler: nothing can be asked meanwhile.
SETTLE_SEC = 3.0
SNAPSHOT = "before"


@dataclass(frozen=True)
class World:
    guest: Guest
    hostd: Hostd
    hypervisor: Hypervisor
    run_dir: Path  # for sockets that hostd's user shall reach
    neighbour: Guest | None = None  # on the same bridge, with a hostd of its own


@dataclass(frozen=True)
class Hardship:
    name: str
    run: Callable[[World, Path], Outcome]


def stand(world: World, seconds: float) -> list[tuple[int, int]]:
    """A pause that nothing else accompanies."""
    domain = world.guest.domain
    return [stand_still(world.guest, domain.suspend, seconds, domain.resume)]


def _run_managed_save(world: World) -> list[tuple[int, int]]:
    domain = world.guest.domain
    return [stand_still(world.guest, domain.save_managed, 2, domain.start)]


def _run_revert(world: World) -> list[tuple[int, int]]:
    """Late by the snapshot's age; what the guest did since never happened."""
    guest, domain = world.guest, world.guest.domain
    domain.take_snapshot(SNAPSHOT)
    try:
        time.sleep(SETTLE_SEC)
        return [stand_still(guest, domain.suspend, 0.5,
                            lambda: domain.revert_to_snapshot(SNAPSHOT))]
    finally:
        domain.delete_snapshot(SNAPSHOT)


def _run_hostd_killed(world: World) -> list[tuple[int, int]]:
    """Nobody tells the guest that it was resumed. Counted from the new hostd's start."""
    domain = world.guest.domain

    def resume() -> None:
        world.hostd.kill()
        domain.resume()

    stopped_ns, _resumed_ns = stand_still(world.guest, domain.suspend, 5, resume)
    time.sleep(WITHOUT_HOSTD_SEC)
    started_ns = time.time_ns()
    world.hostd.start()
    return [(stopped_ns, started_ns)]


def _run_agent_killed(world: World) -> list[tuple[int, int]]:
    """Dead when the guest stops; its supervisor starts it after the resume."""
    world.guest.shell.check("kill -9 $(cat /run/agent.child)")
    return stand(world, 5)


def _run_libvirtd_restarted(world: World) -> list[tuple[int, int]]:
    world.hypervisor.restart()
    world.hostd.wait_until_connected()
    return stand(world, 5)


def _run_unsynchronised_host(world: World) -> list[tuple[int, int]]:
    world.hostd.restart_with("host-clock=unsynchronised")
    try:
        time.sleep(SETTLE_SEC)
        gaps = stand(world, 5)
        time.sleep(AFTER_SEC)
        tracking = world.guest.query_tracking()
        if tracking["synchronised"] or tracking["reference-synchronised"]:
            raise RigError("the guest calls itself synchronised by a host that is not")
        return gaps
    finally:
        world.hostd.restart_with(TRUSTED)


def _set_clock(name: str, command: str) -> Hardship:
    """By somebody in the guest. Counted from the first reading that shows it."""
    def run(world: World, csv_path: Path) -> Outcome:
        def disturb() -> list[tuple[int, int]]:
            set_ns = time.time_ns()
            world.guest.shell.check(command)
            return [(set_ns, set_ns)]

        world.guest.wait_in_step(IN_STEP_SEC)
        n_before = world.guest.count_disruptions()
        outcome = watch(world.guest, name, csv_path, disturb, AFTER_SEC)
        wrong_ns = next((p.read_ns for p in outcome.probes if shows_wrong(p)), None)
        if wrong_ns is None:
            raise RigError("the clock was put right before a reading could show that it was set")
        records = world.guest.query_journal(n_before)
        return replace(outcome, recoveries=(analyse(outcome.probes, wrong_ns),), claims=(
            Claim("is-one-disruption",
                  len(records) == 1 and records[0]["hint"] == "clock-set",
                  "; ".join(f"{one['signs']}: {one['action']}" for one in records)),))

    return Hardship(name, run)


def make_hardship(name: str, disturb: Callable[[World], list[tuple[int, int]]]) -> Hardship:
    def run(world: World, csv_path: Path) -> Outcome:
        world.guest.wait_in_step(IN_STEP_SEC)
        return watch(world.guest, name, csv_path, lambda: disturb(world), AFTER_SEC)

    return Hardship(name, run)


HARDSHIPS = (
    make_hardship("managed-save", _run_managed_save),
    make_hardship("revert", _run_revert),
    make_hardship("hostd-killed", _run_hostd_killed),
    make_hardship("agent-killed", _run_agent_killed),
    _set_clock("set-forward", f"step-clock {HOUR_SEC}000000000"),
    _set_clock("set-backward", f"date -s @$(($(date +%s) - {HOUR_SEC}))"),
    make_hardship("host-unsynchronised", _run_unsynchronised_host),
    make_hardship("libvirtd-restarted", _run_libvirtd_restarted),
)
