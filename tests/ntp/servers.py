# SPDX-License-Identifier: LGPL-2.1-or-later
"""The servers that 'tools/bench ntp' compares, and the load that it puts on them."""

from __future__ import annotations

import json
import os
import subprocess
from array import array
from pathlib import Path

from ntp import clients
from ntp.check import BUILD_DIR
from ntp.place import HOST_ADDRESS, Place

SERVER_CORE, LOAD_CORE = "0", "1"
# Each has a port of its own, so that all can stand at the same time and be asked in turns.
PORTS = {"hostd": 123, "chronyd": 1123, "echo": 2123}
# Other work of the machine gets what these leave over, on either core.
NICE = -20
URGENT = ("chrt", "-f", "1")
UNLIMITED = "listen=wire\nallow=all\nntp-interval=0s"


def prefer(pid: int) -> None:
    """The kernel shares a core out among sessions first (autogroup), then among their threads."""
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists():
        group.write_text(str(NICE), encoding="utf-8")
    for task in Path(f"/proc/{pid}/task").iterdir():
        if os.sched_getscheduler(int(task.name)) == os.SCHED_OTHER:
            os.setpriority(os.PRIO_PROCESS, int(task.name), NICE)


def start_load(place: Place, to: str, *arguments: str, urgent: bool = False) -> subprocess.Popen:
    program = subprocess.Popen(
        place.command(place.guest, "taskset", "-c", LOAD_CORE, *(URGENT if urgent else ()),
                      str(BUILD_DIR / "tests/ntp/ntp-load"), "--to", to, *arguments),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True)
    prefer(program.pid)
    return program


def load(place: Place, to: str, *arguments: str, urgent: bool = False) -> dict:
    """`urgent`: ahead of whatever else the load's core does, however busy it is."""
    with start_load(place, to, *arguments, urgent=urgent) as program:
        answer, _ = program.communicate(timeout=120)
    return json.loads(answer)


class Samples:
    """What several runs of the load measured of one server, as one."""

    def __init__(self, place: Place, name: str) -> None:
        self.prefix = str(place.folder / f"{name}.samples")

    def quantiles_us(self, what: str, *parts: float) -> list[float]:
        values = array("i")
        values.frombytes(Path(f"{self.prefix}.{what}").read_bytes())
        ordered = sorted(values)
        return [ordered[min(int(len(ordered) * part), len(ordered) - 1)] / 1000
                for part in parts]

    def size_quantiles_us(self, what: str, *parts: float) -> list[float]:
        """Of errors: how large they are, whichever way."""
        values = array("i")
        values.frombytes(Path(f"{self.prefix}.{what}").read_bytes())
        ordered = sorted(abs(value) for value in values)
        return [ordered[min(int(len(ordered) * part), len(ordered) - 1)] / 1000
                for part in parts]


class Server:
    """Runs from now on, pinned and preferred."""

    def __init__(self, place: Place, name: str, settings: str = UNLIMITED,
                 uri: str = "test:///default") -> None:
        self._place = place
        self.name = name
        self.address = f"{HOST_ADDRESS}:{PORTS[name]}"
        self.log = f"{name}.log"
        self._program = place.start(place.host, self.log, "taskset", "-c", SERVER_CORE,
                                    *self._command(settings, uri),
                                    environment=clients.ENVIRONMENT)
        # What ip, setpriv and taskset execute keeps their process number.
        self.pid = self._program.pid
        clients.wait_for(lambda: self._answers() or None)
        prefer(self.pid)

    def _answers(self) -> bool:
        return load(self._place, self.address, "--rate", "5", "--sleep", "--seconds", "0.5")["received"] > 0

    def _command(self, settings: str, uri: str) -> list[str]:
        place = self._place
        if self.name == "echo":
            return [str(BUILD_DIR / "tests/ntp/ntp-echo"), self.address]
        if self.name == "chronyd":
            path = place.write("chronyd.conf", "\n".join((
                "local stratum 10", "allow all", f"port {PORTS['chronyd']}", "user root",
                "cmdport 0", "bindcmdaddress /", f"pidfile {place.folder}/chronyd.pid", "")))
            return [str(clients.ROOT / "usr/sbin/chronyd"), "-x", "-d", "-f", path]
        path = place.write("hostd.conf", "\n".join((
            "[hostd]", f"uri={uri}", "host-clock=trusted", "opener-socket=",
            f"control-socket={place.folder}/hostd.sock", settings, "")))
        return [str(BUILD_DIR / "hostd/virt-time-hostd"), "-f", "--config", path]

    def read_cpu_ns(self) -> int:
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)

    def read_memory_kib(self) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) for line in text.splitlines()
                    if line.startswith("VmRSS:"))

    def ask(self, *command: str) -> object:
        answer = self._place.ask(self._place.host, str(BUILD_DIR / "ctl/virt-timectl"), *command,
                                 "--json", "--socket", f"{self._place.folder}/hostd.sock")
        return json.loads(answer)

    def is_connected(self) -> bool:
        """To libvirt, whose test driver has a guest."""
        return bool(self.ask("guests"))

    def end(self) -> None:
        self._place.end(self._program)
