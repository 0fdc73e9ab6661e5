# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the administrator does with systemctl, on the guest with systemd: disable, enable, restart,
reload, and settings that are wrong."""

from __future__ import annotations

import time
from pathlib import Path

from .guest import Guest
from .hardships import Hardship, World
from .scenarios import IN_STEP_SEC, Claim, Outcome
from .units import AGENT, wait_for, show

FOLDER = "/usr/local/etc/virt-time/agent.conf.d"
START_SEC = 60
SETTLE_SEC = 3


def _is(guest: Guest, what: str) -> str:
    """In systemctl's own words."""
    return guest.shell.run(f"systemctl is-{what} {AGENT}", START_SEC)[1].strip()


def _check_disable(guest: Guest) -> list[Claim]:
    guest.shell.check(f"systemctl disable --now {AGENT}", START_SEC)
    words = [_is(guest, "enabled"), _is(guest, "active")]
    status, text = guest.shell.run("virt-timectl tracking")
    return [Claim("disable-now-ends-it", words == ["disabled", "inactive"], ", ".join(words)),
            Claim("error-says-what-to-do", status == 1 and "systemctl start" in text,
                  f"{status}: {text.strip()}")]


def _check_enable(guest: Guest) -> list[Claim]:
    guest.shell.check(f"systemctl enable --now {AGENT}", START_SEC)
    words = [_is(guest, "enabled"), _is(guest, "active")]
    guest.wait_in_step(IN_STEP_SEC)
    return [Claim("enable-now-begins-it", words == ["enabled", "active"], ", ".join(words))]


def _check_restart(guest: Guest) -> list[Claim]:
    before = show(guest, AGENT, "MainPID")
    guest.shell.check(f"systemctl restart {AGENT}", START_SEC)
    after = show(guest, AGENT, "MainPID")
    guest.wait_in_step(IN_STEP_SEC)
    probes = guest.sample(1.0)
    worst_us = max(abs(p.offset_ns) - p.error_ns for p in probes) / 1e3
    return [Claim("restart-begins-another", before != after != "0", f"{before}, then {after}"),
            Claim("restart-leaves-the-clock-right", worst_us <= 1000,
                  f"at most {worst_us:.0f} us shown")]


def _check_reload(guest: Guest) -> list[Claim]:
    """A server more, without a restart."""
    before = show(guest, AGENT, "MainPID")
    guest.shell.check(f"mkdir -p {FOLDER} && printf '[server office]\\naddress=198.18.77.1\\n"
                      f"local=yes\\n' >{FOLDER}/office.conf")
    guest.shell.check(f"systemctl reload {AGENT}", START_SEC)
    sources = wait_for(guest, "the new server", "virt-timectl sources | grep office", START_SEC)
    after = show(guest, AGENT, "MainPID")
    guest.shell.check(f"rm {FOLDER}/office.conf && systemctl reload {AGENT}", START_SEC)
    time.sleep(SETTLE_SEC)
    gone = "office" not in guest.shell.check("virt-timectl sources")
    return [Claim("reload-adds-a-server", before == after, sources.strip()),
            Claim("reload-takes-it-away-again", gone)]


def _check_wrong_settings(guest: Guest) -> list[Claim]:
    """Refused with file, line and reason, and the agent goes on."""
    before = show(guest, AGENT, "MainPID")
    guest.shell.check(f"printf '[agent]\\nmoed=auto\\n' >{FOLDER}/wrong.conf")
    status, text = guest.shell.run("virt-timectl reload", START_SEC)
    guest.shell.check(f"rm {FOLDER}/wrong.conf && systemctl reload {AGENT}", START_SEC)
    words = ("wrong.conf", "2", "moed")
    after = show(guest, AGENT, "MainPID")
    return [Claim("wrong-settings-are-refused", status == 1 and before == after
                  and all(word in text for word in words), f"{status}: {text.strip()}")]


def _run(world: World, csv_path: Path) -> Outcome:
    guest = world.guest
    guest.wait_in_step(START_SEC)
    claims = _check_disable(guest) + _check_enable(guest) + _check_restart(guest)
    claims += _check_reload(guest) + _check_wrong_settings(guest)
    return Outcome("administrators-units", csv_path, [], (), (), tuple(claims))


DAY_UNITS = (Hardship("administrators-units", _run),)
