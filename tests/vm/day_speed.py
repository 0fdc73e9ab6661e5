# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long virt-timectl takes to answer, and what watching costs: on this machine, where programs
are not emulated, against an agent that only observes."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import time
from pathlib import Path

from .day_upstreams import ADDRESSES, Upstreams
from .layout import Layout, RigError
from .scenarios import Claim

N_RUNS = 21
ANSWER_MS = 20.0
WATCH_SEC = 6.0
WATCH_PERCENT = 1.0
START_SEC = 10

COMMANDS = ("tracking", "sources", "ntpdata")


def _time_run(command: list[str]) -> float:
    """In milliseconds."""
    begun = time.perf_counter()
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            check=False)
    if result.returncode != 0:
        raise RigError(f"'{' '.join(command)}' failed: {result.stderr.strip()}")
    return (time.perf_counter() - begun) * 1e3


def _time_connect(path: Path) -> float:
    begun = time.perf_counter()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(str(path))
    return (time.perf_counter() - begun) * 1e3


def _median(measure, *arguments) -> float:
    return statistics.median(measure(*arguments) for _ in range(N_RUNS))


def _measure_watch(command: list[str]) -> float:
    """CPU of all of it, the start included, in percent of the time."""
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=nowhere)
    begun = time.perf_counter()
    time.sleep(WATCH_SEC)
    process.terminate()
    _pid, _status, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return (usage.ru_utime + usage.ru_stime) / (time.perf_counter() - begun) * 100


def check_speed(upstreams: Upstreams) -> list[Claim]:
    layout = Layout.from_environment()
    path = upstreams.folder / "agent.socket"
    state = upstreams.folder / "agent"
    state.mkdir()
    # Nothing of this machine is touched: no clock, no RTC.
    settings = upstreams.write("agent.conf", "\n".join((
        "[agent]", "mode=monitor", "rtc-watch=off", f"control-socket={path}",
        "[server alpha]", f"address={ADDRESSES['alpha']}", "local=yes",
        "[server beta]", f"address={ADDRESSES['beta']}", "local=yes", "")))
    program = upstreams.start(upstreams.find_namespace("gamma"), "agent.log", str(layout.agent),
                              "-f", "--config", settings,
                              environment={"STATE_DIRECTORY": str(state)})
    try:
        return _check_speed(layout, path, upstreams)
    finally:
        upstreams.end(program)


def _check_speed(layout: Layout, path: Path, upstreams: Upstreams) -> list[Claim]:
    deadline = time.monotonic() + START_SEC
    while not path.exists():
        if time.monotonic() > deadline:
            raise RigError(f"no agent on this machine: {upstreams.read('agent.log')}")
        time.sleep(0.1)
    time.sleep(1)
    ctl = [str(layout.ctl), "--socket", str(path)]
    connect_ms = _median(_time_connect, path)
    spawn_ms = _median(_time_run, ["true"])
    answers_ms = {name: _median(_time_run, [*ctl, name]) for name in COMMANDS}
    slowest = max(answers_ms, key=lambda name: answers_ms[name])
    said = ", ".join(f"{name} {value:.1f} ms" for name, value in answers_ms.items())
    percent = _measure_watch([*ctl, "sources", "--watch"])
    return [
        Claim("answers-at-once", answers_ms[slowest] <= ANSWER_MS,
              f"{said}, ceiling {ANSWER_MS:g} ms; {answers_ms[slowest] / spawn_ms:.1f} times a "
              f"program that does nothing ({spawn_ms:.1f} ms), "
              f"{answers_ms[slowest] / connect_ms:.0f} times a bare connect ({connect_ms:.2f} ms)"),
        Claim("watching-costs-little", percent <= WATCH_PERCENT,
              f"{percent:.2f} % of a processor, ceiling {WATCH_PERCENT:g} %"),
    ]
