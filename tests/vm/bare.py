# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent where there is next to nothing: no link, no bus, no udevd, no folder for its control
socket; a server by its number. How it waits is looked up, too."""

from __future__ import annotations

from pathlib import Path

from .guest import Guest
from .hardships import Hardship, World
from .scenarios import Claim, Outcome
from .wire import HOST_ADDRESS

SETTINGS = (f"[agent]\\ncontrol-socket=/nonexistent/control\\n"
            f"[server host]\\naddress={HOST_ADDRESS}\\nlocal=yes\\n")

BEHIND_NS = 2_000_000_000
IN_STEP_SEC = 30.0

# x86-64's numbers of poll and ppoll, as /proc/PID/syscall begins with them.
POLLS = ("7", "271")
LOOKS = 20

# GLib's own, and who writes the journal: they touch no time.
WORKERS = {"gmain", "gdbus", "pool-", "state-folder"}


def _find_waits(guest: Guest, pid: str) -> set[str]:
    """What the main thread sleeps in, at each of some looks."""
    looks = guest.shell.check(
        f"i=0; while [ $i -lt {LOOKS} ]; do cut -d' ' -f1 /proc/{pid}/syscall; usleep 50000;"
        " i=$((i+1)); done")
    return set(looks.split()) - {"running"}


def _find_others(guest: Guest, pid: str) -> list[str]:
    """All threads but the main one."""
    names = guest.shell.check(
        f"for task in /proc/{pid}/task/*; do [ ${{task##*/}} = {pid} ] || cat $task/comm; done")
    return names.splitlines()


def _run_bare(world: World, csv_path: Path) -> Outcome:
    guest = world.guest
    guest.step_clock(-BEHIND_NS)
    guest.start_agent(SETTINGS)
    try:
        guest.wait_in_step(IN_STEP_SEC)
        pid = guest.shell.check("cat /run/agent.child").strip()
        waits = _find_waits(guest, pid)
        files = guest.shell.check(f"ls -l /proc/{pid}/fd")
        others = _find_others(guest, pid)
        n_deaths = guest.count_agent_deaths()
    finally:
        guest.stop_agent()
    return Outcome("bare", csv_path, [], (), (), (
        Claim("is-put-right", n_deaths == 0, f"{n_deaths} deaths"),
        Claim("waits-by-poll", bool(waits) and waits <= set(POLLS)
              and "eventpoll" not in files, f"system calls {' '.join(sorted(waits))}"),
        Claim("hears-signals-by-signalfd", "signalfd" in files),
        Claim("is-one-thread", all(any(name.startswith(worker) for worker in WORKERS)
                                   for name in others), f"beside it {others}"),
    ))


BARE = (Hardship("bare", _run_bare),)
