# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a figure of a recovery alone does not tell: a pause at the worst place, a clock that must be
left alone, a correction that its daemon did not live to end, a disk that hangs, and rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from .analysis import measure_rate
from .guest import Guest
from .hardships import Hardship, World, make_hardship, stand
from .hostd import TRUSTED
from .layout import RigError
from .relay import Relay
from .rest import LIMITS, Rest, measure_rest
from .scenarios import AFTER_SEC, IN_STEP_SEC, Claim, Outcome, stand_still, watch

REPLY_SEC = 10
PAUSE_SEC = 3

SLEWED_NS = 850_000
# After a second at most the agent slews, and for 1.7 s.
SLEW_BEGINS_SEC = 1.4
SLEW_SEEN_SEC = 0.15
SLEW_ENDS_SEC = 3.0
RATE_SEC = 6.0
SLEWING_PPM = 100
BASE_RATE_PPM = 10

OBSERVED_SEC = 3.0
LATE_NS = 50_000_000

MOUNT = "/var/lib/virt-time"


def _reply_in_flight(name: str, stop: Callable[[Guest], None],
                     start: Callable[[Guest], None]) -> Hardship:
    """The reply was stamped before the pause and is read after it: it says that all is well."""
    def disturb(world: World) -> list[tuple[int, int]]:
        guest = world.guest
        with Relay(world.run_dir / "relay.socket") as relay:
            world.hostd.restart_with(TRUSTED, relay.socket)
            try:
                time.sleep(AFTER_SEC)
                has_stopped = threading.Event()

                def hold() -> None:
                    stop(guest)
                    has_stopped.set()

                def wait_until_stopped() -> None:
                    relay.arm(hold)
                    if not has_stopped.wait(REPLY_SEC):
                        raise RigError("no reply came by that could be held")

                gap = stand_still(guest, wait_until_stopped, PAUSE_SEC, lambda: start(guest))
                time.sleep(AFTER_SEC)
                return [gap]
            finally:
                world.hostd.restart_with(TRUSTED)

    return make_hardship(name, disturb)


def _run_slew_killed(world: World, csv_path: Path) -> Outcome:
    """Its agent dies in the middle of a slew, and nobody starts it again."""
    guest = world.guest
    killed_ns = 0

    def disturb() -> list[tuple[int, int]]:
        nonlocal killed_ns
        guest.step_clock(-SLEWED_NS)
        time.sleep(SLEW_BEGINS_SEC)
        guest.kill_agent()
        killed_ns = time.time_ns()
        return []

    guest.wait_in_step(IN_STEP_SEC)
    outcome = watch(guest, "slew-killed", csv_path, disturb, SLEW_ENDS_SEC + RATE_SEC)
    probes = outcome.probes
    slewing = measure_rate(probes, killed_ns - int(SLEW_SEEN_SEC * 1e9), killed_ns)
    ended_ns = killed_ns + int(SLEW_ENDS_SEC * 1e9)
    after = measure_rate(probes, ended_ns, ended_ns + int(RATE_SEC * 1e9))
    guest.start_agent()
    return replace(outcome, claims=(
        Claim("was-slewing", abs(slewing.beyond_base_ppm) >= SLEWING_PPM, f"{slewing}"),
        Claim("ends-by-itself", abs(after.beyond_base_ppm) <= BASE_RATE_PPM,
              f"{after}, {SLEW_ENDS_SEC:g} s after the kill; ceiling {BASE_RATE_PPM} ppm"),
    ))


def _run_observed(world: World, csv_path: Path) -> Outcome:
    """A guest that must not have true time is left as it is, and told when that ends."""
    guest = world.guest
    guest.wait_in_step(IN_STEP_SEC)
    guest.domain.set_mode("observe")
    try:
        time.sleep(1)
        outcome = watch(guest, "observed", csv_path, lambda: stand(world, 5), OBSERVED_SEC)
        tracking = guest.query_tracking()
    finally:
        guest.domain.set_mode("")
    recovery = outcome.recoveries[0]
    late_ns = outcome.probes[-1].offset_ns
    error_ns = late_ns - outcome.stood_still_ns[0]
    guest.wait_in_step(IN_STEP_SEC)
    return replace(outcome, recoveries=(), claims=(
        Claim("left-alone", recovery.exposure_ns is None and abs(error_ns) <= LATE_NS,
              f"late by {late_ns / 1e9:.3f} s after a pause of "
              f"{outcome.stood_still_ns[0] / 1e9:.3f} s"),
        Claim("says-so", tracking["mode"] == "observe" and not tracking["synchronised"],
              f"mode {tracking['mode']}, synchronised {tracking['synchronised']}"),
    ))


def _run_frozen_state(world: World, csv_path: Path) -> Outcome:
    """The agent's folder lies on a disk that hangs."""
    shell = world.guest.shell
    world.guest.stop_agent()
    shell.check(f"[ -e /etc/mtab ] || ln -s /proc/mounts /etc/mtab; mke2fs -F /dev/vda 8192 && "
                f"mount -t ext4 /dev/vda {MOUNT} && install-users")
    world.guest.start_agent()
    try:
        world.guest.wait_in_step(IN_STEP_SEC)
        shell.check(f"fsfreeze --freeze {MOUNT}")
        try:
            outcome = watch(world.guest, "frozen-state", csv_path, lambda: stand(world, 5),
                            AFTER_SEC)
        finally:
            shell.check(f"fsfreeze --unfreeze {MOUNT}")
        time.sleep(2)
        kept = shell.check("virt-timectl journal --json")
        was_kept = shell.check(f"tail -n 1 {MOUNT}/agent/journal.jsonl")
    finally:
        world.guest.stop_agent()
        shell.check(f"umount {MOUNT} && install-users")
        world.guest.start_agent()
    return replace(outcome, claims=(
        Claim("is-kept-afterwards", bool(kept.strip()) and '"resumed"' in was_kept,
              was_kept.strip()[:120]),))


def _run_at_rest(world: World, csv_path: Path) -> Outcome:
    world.guest.wait_in_step(IN_STEP_SEC)
    rests = measure_rest(world.guest, world.hostd.find_pid())
    csv_path.write_text(Rest.HEADER + "".join(rest.to_csv() for rest in rests), encoding="ascii")
    claims = tuple(Claim(f"{rest.name}-{key}", value <= LIMITS[rest.name][key],
                         f"{value:g}, ceiling {LIMITS[rest.name][key]:g}")
                   for rest in rests for key, value in rest.figures.items())
    return Outcome("at-rest", csv_path, [], (), (), claims)


ODDITIES = (
    _reply_in_flight("reply-in-flight", lambda guest: guest.domain.suspend(),
                     lambda guest: guest.domain.resume()),
    _reply_in_flight("reply-in-flight-saved", lambda guest: guest.domain.save(),
                     lambda guest: guest.domain.restore()),
    Hardship("slew-killed", _run_slew_killed),
    Hardship("observed", _run_observed),
    Hardship("frozen-state", _run_frozen_state),
    Hardship("at-rest", _run_at_rest),
)
