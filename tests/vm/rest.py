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
# link. The processor's is five times the goal, since another machine's load is in it. Private is what is not a page of a file: in the guest nobody else maps GLib, so that the
# kernel calls all of it private.
LIMITS = {
    AGENT: {"resident-kib": 10240, "private-kib": 3072, "wake-ups": 2.3, "cpu-percent": 1.0},
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
    """What the agent's threads have done since they began."""

    wake_ups: int
    run_ns: int
    uptime_sec: float


def _look(guest: Guest) -> _Look:
    read = ("p=/proc/$(cat /run/agent.child); "
            "cat $p/task/*/status | grep ^voluntary; cat $p/task/*/schedstat; cat /proc/uptime")
    *lines, uptime = guest.shell.check(read).strip().splitlines()
    return _Look(sum(int(line.split()[1]) for line in lines if line.startswith("voluntary")),
                 sum(int(line.split()[0]) for line in lines if line[0].isdigit()),
                 float(uptime.split()[0]))


def measure_wake_ups(guest: Guest, seconds: float) -> float:
    """A second, of all of the agent's threads."""
    before = _look(guest)
    time.sleep(seconds)
    after = _look(guest)
    return (after.wake_ups - before.wake_ups) / (after.uptime_sec - before.uptime_sec)


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
            "wake-ups": round((after.wake_ups - before.wake_ups) / seconds, 2),
            "cpu-percent": round((after.run_ns - before.run_ns) / seconds / 1e7, 2),
        }),
        Rest(HOSTD, {"private-kib": _kib(host_rollup, "Private_Clean", "Private_Dirty")}),
    ]
