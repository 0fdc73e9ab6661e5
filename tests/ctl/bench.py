# SPDX-License-Identifier: LGPL-2.1-or-later
"""
What virt-timectl costs: how long each command takes from start to end, and how much of a processor
a live view does. Both daemons run on loopback; the agent only measures, and may not do more.
"""
import argparse
import os
import resource
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

BUILD_DIR = Path(os.environ.get("VT_BUILD_DIR", "build")).resolve()
TIMECTL = str(BUILD_DIR / "ctl" / "virt-timectl")
GOAL_MS = 20
GOAL_PERCENT = 1
NTP_PORT = 11123
AGENT = ("tracking", "sources", "sourcestats", "selectdata", "ntpdata", "clocks", "activity",
         "journal")
HOST = ("guests", "clients", "serverstats")


class Daemons:
    """Both, in a folder of their own, until the end of the 'with'."""

    def __init__(self, folder: Path) -> None:
        self.sockets = {side: str(folder / f"{side}.socket") for side in ("agent", "host")}
        (folder / "hostd.conf").write_text(
            "[hostd]\nuri=test:///default\nhost-clock=trusted\nopener-socket=\n"
            f"control-socket={self.sockets['host']}\nntp-port={NTP_PORT}\n", encoding="utf-8")
        (folder / "agent.conf").write_text(
            f"[agent]\nmode=monitor\ncontrol-socket={self.sockets['agent']}\n"
            f"[server host]\naddress=127.0.0.1\nport={NTP_PORT}\nlocal=yes\n", encoding="utf-8")
        environment = dict(os.environ, STATE_DIRECTORY=str(folder))
        self._processes = [
            subprocess.Popen([*before, str(BUILD_DIR / program), "-f", "-c", str(folder / name)],
                             env=environment, stderr=subprocess.DEVNULL)
            for before, program, name in (
                ([], "hostd/virt-time-hostd", "hostd.conf"),
                (["setpriv", "--bounding-set=-all", "--inh-caps=-all"],
                 "agent/virt-time-agent", "agent.conf"))]

    def __enter__(self) -> "Daemons":
        subprocess.run([TIMECTL, "waitsync", "--against-host", "--timeout", "5s", "--socket",
                        self.sockets["agent"]], capture_output=True, check=False)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
            process.wait()


def measure_command(words: list[str], n_times: int) -> list[float]:
    """Milliseconds, sorted."""
    times = []
    for _ in range(n_times):
        begun = time.perf_counter()
        subprocess.run([TIMECTL, *words], stdout=subprocess.DEVNULL, check=True)
        times.append((time.perf_counter() - begun) * 1e3)
    return sorted(times)


def measure_watch(words: list[str], seconds: float) -> float:
    """Percent of one processor."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen([TIMECTL, *words, "--watch"], stdout=subprocess.DEVNULL)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent / seconds * 100


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/bench operator", description=__doc__)
    parser.add_argument("--runs", type=int, default=50, help="of each command (default: 50)")
    parser.add_argument("--seconds", type=float, default=30,
                        help="of the live view (default: 30)")
    options = parser.parse_args()
    is_good = True
    with tempfile.TemporaryDirectory() as folder, Daemons(Path(folder)) as daemons:
        print(f"{'command':12}  median   worst   of {options.runs} runs; goal {GOAL_MS} ms")
        for side, commands in (("agent", AGENT), ("host", HOST)):
            for command in commands:
                times = measure_command([command, "--socket", daemons.sockets[side]],
                                        options.runs)
                is_good &= statistics.median(times) <= GOAL_MS
                print(f"{command:12}  {statistics.median(times):4.1f} ms {times[-1]:4.1f} ms")
        percent = measure_watch(["sources", "--socket", daemons.sockets["agent"]],
                                options.seconds)
        is_good &= percent < GOAL_PERCENT
        print(f"sources --watch: {percent:.2f} % of one processor; goal {GOAL_PERCENT} %")
    return 0 if is_good else 1


raise SystemExit(main())
