# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the daemons cost while nothing happens: memory, wake-ups, processor."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from .guest import Guest

REST_SEC = 20

AGENT = "agent"
HOSTD = "hostd"

# In KiB, wake-ups each second, processor time in parts of a hundred. One guest; the agent with a
# link. The processor's is five times the goal, since another machine's load is in it; the goal of
# the wake-ups is 2.3, and here trims of the recoveries just before are ended, too. Private is what
# is not a page of a file: in the guest nobody else maps GLib, so that the kernel calls all of it
# private.
LIMITS = {
    AGENT: {"resident-kib": 10240, "private-kib": 3072, "wake-ups": 3.0, "cpu-percent": 1.0},
    HOSTD: {"private-kib": 6144 + 64},
}


@dataclass(frozen=True)
class Rest:
    HEADER: ClassVar[str] = "daemon,figure,value\n"

    name: str
    figures: dict[str, float]

    def to_csv(self) -> str:
        return "".join(f"{self.name},{key},{value:g}\n" for key, value in self.figures.items())


def _kib(rollup: str, *keys: str) -> float:
    return sum(int(value) for key in keys
               for value in re.findall(rf"^{key}:\s+(\d+) kB", rollup, re.MULTILINE))


@dataclass(frozen=True)
class _Look:
    """What each of the agent's threads has done since it began."""

    wake_ups: dict[str, int]
    run_ns: dict[str, int]
    uptime_sec: float


def _look(guest: Guest) -> _Look:
    read = ("for t in /proc/$(cat /run/agent.child)/task/*; do echo ${t##*/} "
            "$(grep ^voluntary $t/status) $(cat $t/schedstat); done 2>/dev/null; cat /proc/uptime")
    *lines, uptime = guest.shell.check(read).strip().splitlines()
    threads = [line.split() for line in lines]
    # One that ended meanwhile has no more to say than its number.
    threads = [thread for thread in threads if len(thread) == 6]
    return _Look({thread[0]: int(thread[2]) for thread in threads},
                 {thread[0]: int(thread[3]) for thread in threads}, float(uptime.split()[0]))


def _add_up(before: dict[str, int], after: dict[str, int]) -> int:
    """Of the threads that are there; what one did that has ended is left out."""
    return sum(value - before.get(thread, 0) for thread, value in after.items())


def measure_wake_ups(guest: Guest, seconds: float) -> float:
    """A second, of all of the agent's threads."""
    before = _look(guest)
    time.sleep(seconds)
    after = _look(guest)
    return _add_up(before.wake_ups, after.wake_ups) / (after.uptime_sec - before.uptime_sec)


def measure_rest(guest: Guest, hostd_pid: int) -> list[Rest]:
    before = _look(guest)
    time.sleep(REST_SEC)
    after = _look(guest)
    seconds = after.uptime_sec - before.uptime_sec
    rollup = guest.shell.check("cat /proc/$(cat /run/agent.child)/smaps_rollup")
    host_rollup = Path(f"/proc/{hostd_pid}/smaps_rollup").read_text(encoding="ascii")
    return [
        Rest(AGENT, {
            "resident-kib": _kib(rollup, "Rss"),
            "private-kib": _kib(rollup, "Anonymous"),
            "wake-ups": round(_add_up(before.wake_ups, after.wake_ups) / seconds, 2),
            "cpu-percent": round(_add_up(before.run_ns, after.run_ns) / seconds / 1e7, 2),
        }),
        Rest(HOSTD, {"private-kib": _kib(host_rollup, "Private_Clean", "Private_Dirty")}),
    ]
