# SPDX-License-Identifier: LGPL-2.1-or-later
"""A booted guest: its domain, its shell, its clock as seen from outside."""

from __future__ import annotations

import itertools
import json
import signal
import socket
import subprocess
import time
from pathlib import Path

from .analysis import (STA_UNSYNC, Probe, find_rate, find_residual, load_probes, parse_probes,
                       shows_right)
from .domain import Domain, DomainPlan
from .layout import Layout, RigError
from .oscillator import Oscillator
from .qmp import QmpRecorder

BOOT_SEC = 180
CALIBRATION_SEC = 0.5
MOST_RATE_ERROR = 0.01  # what is within it the kernel's own second measurement has mended
MOST_BOOTS = 4
SAMPLER_RATE_HZ = 500
SETTINGS = "/etc/agent.conf"
MOST_RECORDS = 256


class GuestShell:
    """Runs commands in the guest over a virtio port; reconnects when the socket went away."""

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path
        self._socket: socket.socket | None = None
        self._ids = itertools.count(1)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def run(self, command: str, timeout_sec: float = 20) -> tuple[int, str]:
        """Exit status and output. A lost question is asked anew on a new connection once."""
        for attempt in range(2):
            try:
                return self._ask(command, timeout_sec)
            except OSError as error:
                self.close()
                if attempt == 1:
                    raise RigError(f"the guest does not run '{command}': {error}") from error
        raise AssertionError("not reached")

    def check(self, command: str, timeout_sec: float = 20) -> str:
        status, output = self.run(command, timeout_sec)
        if status != 0:
            raise RigError(f"'{command}' ended with {status} in the guest: {output.strip()}")
        return output

    def _ask(self, command: str, timeout_sec: float) -> tuple[int, str]:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.connect(str(self._path))
        self._socket.settimeout(timeout_sec)
        identity = str(next(self._ids))
        self._socket.sendall(f"{identity} {command}\n".encode())
        data = b""
        while True:
            block = self._socket.recv(65536)
            if not block:
                raise ConnectionError("hung up")
            data += block
            answer = _parse_answer(data, identity)
            if answer is not None:
                return answer


def _parse_answer(data: bytes, identity: str) -> tuple[int, str] | None:
    head, newline, body = data.partition(b"\n")
    words = head.split()
    if not newline or len(words) != 3:
        return None
    length = int(words[2])
    if len(body) < length:
        return None
    if words[0].decode() != identity:
        return _parse_answer(body[length:], identity)
    return int(words[1]), body[:length].decode(errors="replace")


class Sampler:
    """probe-host at work on one guest; one at a time, because the port has one client."""

    def __init__(self, layout: Layout, plan: DomainPlan, csv_path: Path,
                 duration_sec: float = 0, repeat_sec: float | None = None,
                 rate_hz: int = SAMPLER_RATE_HZ) -> None:
        self.csv_path = csv_path
        self._seen = 0
        command = [str(layout.probe_host), "-r", str(rate_hz), "-d", str(duration_sec)]
        if repeat_sec is not None:
            command += ["-w", str(repeat_sec)]
        command += [str(plan.probe_socket), str(csv_path)]
        with open(plan.folder / "sampler.log", "ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log,
                                             start_new_session=True)

    def peek(self) -> list[Probe]:
        """What came since the last look, while it goes on."""
        with open(self.csv_path, encoding="ascii", newline="") as csv_file:
            header = csv_file.readline()
            csv_file.seek(max(self._seen, len(header)))
            text = csv_file.read()
        end = text.rfind("\n") + 1
        self._seen = max(self._seen, len(header)) + end
        return parse_probes([header, *text[:end].splitlines()])

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> list[Probe]:
        self.end()
        return self.wait()

    def wait(self) -> list[Probe]:
        self._process.wait(timeout=60)
        return load_probes(self.csv_path)


class Guest:
    def __init__(self, layout: Layout, plan: DomainPlan) -> None:
        self._layout = layout
        self.plan = plan
        self.domain = Domain(plan)
        self.oscillator = Oscillator(plan.oscillator_page) if plan.oscillator_library else None
        self.shell = GuestShell(plan.shell_socket)
        self._is_up = False
        self._samplers: list[Sampler] = []
        self.qmp = QmpRecorder(plan.qmp_socket, self._on_resumed)

    def close(self) -> None:
        for sampler in self._samplers:
            sampler.end()
        self.qmp.close()
        self.shell.close()
        self.domain.remove()

    def boot(self) -> None:
        """Returns when the guest answers, and its QEMU runs at real-time priority. A kernel that
        was starved while it measured its clock's frequency may be off by any factor, for good: it
        is made to measure again."""
        self.domain.define()
        for _ in range(MOST_BOOTS):
            self.domain.start()
            self._wait_until_up()
            if self._keeps_time():
                break
            self.domain.destroy()
        else:
            raise RigError(f"guest '{self.domain.name}' never measures its clock's frequency right")
        self._is_up = True
        self.shell.check("true")

    def _keeps_time(self) -> bool:
        rate = find_rate(self.sample(CALIBRATION_SEC))
        if rate is None or abs(rate - 1) < MOST_RATE_ERROR:
            return rate is not None
        print(f"# a second takes guest '{self.domain.name}' {1 / rate:.3f} s; it boots again",
              flush=True)
        return False

    def _wait_until_up(self) -> None:
        self.domain.raise_priority()
        deadline = time.monotonic() + BOOT_SEC
        while not self.sample(0.2):
            if time.monotonic() > deadline or not self.domain.is_running():
                raise RigError(f"guest '{self.domain.name}' does not come up; its console: "
                               f"{self._read_log('console.log')}")

    def _on_resumed(self) -> None:
        # A restored domain has a QEMU of its own. Not earlier than this: libvirt cannot move
        # a real-time thread into its cgroups and the restore would fail.
        if self._is_up:
            self.domain.raise_priority()

    def start_sampler(self, csv_path: Path, repeat_sec: float | None = None,
                      rate_hz: int = SAMPLER_RATE_HZ) -> Sampler:
        """A guest that sleeps loses questions; `repeat_sec` later they are asked again."""
        sampler = Sampler(self._layout, self.plan, csv_path, repeat_sec=repeat_sec,
                          rate_hz=rate_hz)
        self._samplers.append(sampler)
        return sampler

    def sample(self, duration_sec: float) -> list[Probe]:
        """What the clock shows now."""
        csv_path = self.plan.folder / "now.csv"
        return Sampler(self._layout, self.plan, csv_path, duration_sec).wait()

    def is_kept(self) -> bool:
        """Whether somebody has told the kernel that its clock is synchronised."""
        probes = self.sample(0.2)
        return bool(probes) and not probes[-1].status & STA_UNSYNC

    def wait_in_step(self, timeout_sec: float) -> None:
        deadline = time.monotonic() + timeout_sec
        while True:
            probes = self.sample(0.3)
            if probes and all(shows_right(probe) for probe in probes[-20:]):
                return
            if time.monotonic() > deadline:
                last = f"{probes[-1].offset_ns / 1e6:.3f} ms" if probes else "unknown"
                raise RigError(f"guest '{self.domain.name}' is not in step after "
                               f"{timeout_sec:.0f} s: {last} late; its log: "
                               f"{self._read_log('guest.log')}")
            time.sleep(0.2)

    def start_agent(self, settings: str = "") -> None:
        self.shell.check(f"printf '{settings}' >{SETTINGS}")
        self.shell.check(f"start-agent -c {SETTINGS}")

    def stop_agent(self) -> None:
        self.shell.check("supervise stop agent")

    def count_agent_deaths(self) -> int:
        return len(self.shell.check("cat /run/agent.deaths").split())

    def query_tracking(self) -> dict:
        return json.loads(self.shell.check("virt-timectl tracking --json"))

    def query_clocks(self) -> list[dict]:
        return json.loads(self.shell.check("virt-timectl clocks --json"))

    def query_clock(self, kind: str) -> dict:
        return next(clock for clock in self.query_clocks() if clock["kind"] == kind)

    def query_journal(self, after: int = 0) -> list[dict]:
        """What befell it since the record of this number, the newest last."""
        records = json.loads(self.shell.check(f"virt-timectl journal -n {MOST_RECORDS} --json"))
        return [record for record in records if record["number"] > after]

    def count_disruptions(self) -> int:
        """The number of the newest record."""
        return max((record["number"] for record in self.query_journal()), default=0)

    def step_clock(self, by_ns: int) -> None:
        """Positive: forward. A real step, made by the guest's kernel."""
        self.shell.check(f"step-clock {by_ns}")

    def read_tai_offset(self) -> int:
        """What the guest's kernel was told, in seconds."""
        return int(self.shell.check("show-tai"))

    def kill_agent(self) -> None:
        """For good: its supervisor first."""
        self.shell.check("kill $(cat /run/agent.supervisor); kill -9 $(cat /run/agent.child)")

    def forget(self) -> None:
        """All that the agent kept, as on its first day."""
        self.shell.check("rm -rf /var/lib/virt-time/agent/*")

    def set_right(self) -> None:
        """Once, without an agent, as a well kept RTC would."""
        residual = find_residual(self.sample(0.3))
        if residual is None:
            raise RigError(f"guest '{self.domain.name}' does not answer")
        self.step_clock(residual.offset_ns)

    def read_log(self) -> str:
        """What all that ran in the guest wrote to standard error."""
        return (self.plan.folder / "guest.log").read_text(errors="replace")

    def _read_log(self, name: str) -> str:
        try:
            text = (self.plan.folder / name).read_text(errors="replace")
        except OSError as error:
            return str(error)
        return "\n".join(text.splitlines()[-20:])
