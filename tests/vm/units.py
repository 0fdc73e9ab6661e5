# SPDX-License-Identifier: LGPL-2.1-or-later
"""Both daemons as their units start them, on a guest with systemd: users, capabilities, filters,
restarts, the descriptor store. hostd there follows libvirt's test driver."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

from .guest import Guest
from .hardships import Hardship, World, stand
from .layout import RigError
from .scenarios import AFTER_SEC, IN_STEP_SEC, Claim, Outcome, watch

AGENT = "virt-time-agent"
HOSTD = "virt-time-hostd"
UNITS = f"{AGENT}.service {HOSTD}.service virt-time-opener.service virt-time-opener.socket"

# Bits of linux/capability.h.
NET_BIND_SERVICE, IPC_LOCK, SYS_NICE, SYS_TIME = 10, 14, 23, 25
RIGHTS = {
    AGENT: ("virttime-agent", {IPC_LOCK, SYS_NICE, SYS_TIME}),
    HOSTD: ("virttime-host", {NET_BIND_SERVICE}),
}
BY_FILTER = 2  # 'Seccomp:' of proc(5)

START_SEC = 60
# The unit's 100 ms, and the start of a program under emulation.
RESTART_SEC = 15
KEPT = "links of an earlier start: 1"


def wait_for(guest: Guest, what: str, command: str, timeout_sec: float) -> str:
    """Until `command` succeeds; returns what it printed."""
    deadline = time.monotonic() + timeout_sec
    while True:
        status, output = guest.shell.run(command)
        if status == 0:
            return output
        if time.monotonic() > deadline:
            raise RigError(f"{what}: not within {timeout_sec:.0f} s; {output.strip()}")
        time.sleep(0.2)


def show(guest: Guest, unit: str, key: str) -> str:
    return guest.shell.check(f"systemctl show --value -p {key} {unit}").strip()


def _check_rights(guest: Guest, daemon: str) -> Claim:
    user, rights = RIGHTS[daemon]
    pid = show(guest, daemon, "MainPID")
    status = dict(re.findall(r"(\w+):\t(.*)", guest.shell.check(f"cat /proc/{pid}/status")))
    user_id = guest.shell.check(f"id -u {user}").strip()
    wanted = f"{sum(1 << bit for bit in rights):016x}"
    holds = (status["Uid"].split() == [user_id] * 4 and status["NoNewPrivs"] == "1"
             and int(status["Seccomp"]) == BY_FILTER
             and all(status[key] == wanted for key in ("CapEff", "CapPrm", "CapBnd")))
    return Claim(f"{daemon}-has-no-more-rights", holds,
                 f"user {status['Uid'].split()[0]}, capabilities {status['CapEff']} of "
                 f"{status['CapBnd']}, filters {status.get('Seccomp_filters', '?')}")


def _check_restart_of_agent(guest: Guest) -> Claim:
    before = show(guest, AGENT, "MainPID")
    guest.shell.check(f"kill -9 {before}")
    wait_for(guest, "the agent again",
              f"systemctl is-active -q {AGENT} && [ $(systemctl show --value -p MainPID {AGENT}) "
              f"!= {before} ] && virt-timectl tracking", RESTART_SEC)
    guest.wait_in_step(IN_STEP_SEC)
    n_restarts = show(guest, AGENT, "NRestarts")
    return Claim("agent-comes-back-from-a-kill", n_restarts == "1", f"{n_restarts} restarts")


def _check_kept_links(guest: Guest) -> list[Claim]:
    store = f"systemctl show --value -p NFileDescriptorStore {HOSTD}"
    wait_for(guest, "a link in the descriptor store", f"[ $({store}) = 1 ]", START_SEC)
    guest.shell.check(f"systemctl restart {HOSTD}", START_SEC)
    said = guest.shell.check(f"journalctl -o cat --no-pager -u {HOSTD}")
    wait_for(guest, "libvirt again", "virt-timectl guests | grep -q '^Libvirt *: connected'",
              START_SEC)
    return [Claim("hostd-keeps-its-links", KEPT in said, _last(said))]


def _check_udev(guest: Guest) -> Claim:
    """What udev tells reaches the agent behind its sandbox; the processor stays where it is."""
    guest.shell.check("echo offline >/sys/devices/system/cpu/cpu0/uevent")
    said = wait_for(guest, "udev's word", f"journalctl -o cat --no-pager -u {AGENT} | "
                    "grep \"sign 'cpu-hotplug'\"", START_SEC)
    return Claim("agent-hears-udev", True, _last(said))


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def _check_units(guest: Guest) -> list[Claim]:
    wait_for(guest, "both daemons", f"systemctl is-active {AGENT} {HOSTD}", START_SEC)
    states = guest.shell.run(f"systemctl is-enabled {AGENT} {HOSTD} virt-time-opener.socket")
    claims = [Claim("are-enabled", states[0] == 0, " ".join(states[1].split()))]
    claims += [_check_rights(guest, daemon) for daemon in RIGHTS]
    claims += _check_kept_links(guest)
    claims.append(_check_restart_of_agent(guest))
    claims.append(_check_udev(guest))
    failed = guest.shell.check("systemctl --failed --plain --no-legend --no-pager").strip()
    claims.append(Claim("none-failed", failed == "", failed.replace("\n", "; ")))
    return claims


def _check_complaints(guest: Guest) -> Claim:
    """What a filter refused somebody would have complained of."""
    units = "".join(f" -u {unit}" for unit in UNITS.split())
    said = guest.shell.check(f"journalctl -p warning -o cat --no-pager -q{units}").strip()
    # systemd's own word on the kill above
    own = [line for line in said.splitlines() if "killed" not in line and "signal" not in line]
    return Claim("nobody-complains", not own, "; ".join(own)[:300])


def _run(world: World, csv_path: Path) -> Outcome:
    guest = world.guest
    guest.wait_in_step(START_SEC)
    claims = _check_units(guest)
    outcome = watch(guest, "units", csv_path, lambda: stand(world, 5), AFTER_SEC)
    claims.append(_check_complaints(guest))
    return replace(outcome, claims=tuple(claims))


SYSTEM = (Hardship("units", _run),)
