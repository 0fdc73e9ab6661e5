# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two network namespaces joined by a wire, and programs in them that cannot set the clock."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

# No client of a test may move the clock of the machine it runs on, whatever it tries.
NO_CLOCK = ["setpriv", "--bounding-set", "-sys_time", "--inh-caps", "-sys_time",
            "--no-new-privs"]
CAP_SYS_TIME = 25

HOST_ADDRESS = "192.0.2.1"
GUEST_ADDRESS = "192.0.2.2"
STRANGER_ADDRESS = "198.51.100.2"
HOST_ADDRESS_V6 = "2001:db8::1"
GUEST_ADDRESS_V6 = "2001:db8::2"


def run(*command: str, check: bool = True) -> str:
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=check, timeout=60).stdout


@dataclass
class Programs:
    """Use as a context: a folder for files, and programs in network namespaces. Those that are left
    over end with it."""

    folder: Path = field(init=False)
    _programs: list[subprocess.Popen] = field(default_factory=list)
    _temporary: tempfile.TemporaryDirectory = field(init=False)

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory(prefix="vt-ntp-")
        self.folder = Path(self._temporary.name)
        # chronyd wants the folder of its socket closed to others.
        self.folder.chmod(0o700)
        try:
            self.lay_out()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for program in reversed(self._programs):
            self.end(program)
        for name in self.list_namespaces():
            run("ip", "netns", "del", name, check=False)
        self._temporary.cleanup()

    def lay_out(self) -> None:
        """Makes the namespaces and what joins them."""
        raise NotImplementedError

    def list_namespaces(self) -> list[str]:
        """Clients run in the last one."""
        raise NotImplementedError

    def command(self, namespace: str, *command: str) -> list[str]:
        return ["ip", "netns", "exec", namespace, *NO_CLOCK, *command]

    def start(self, namespace: str, log: str, *command: str,
              environment: dict[str, str] | None = None) -> subprocess.Popen:
        with open(self.folder / log, "w", encoding="utf-8") as output:
            program = subprocess.Popen(self.command(namespace, *command),
                                       stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, start_new_session=True,
                                       env={**os.environ, **(environment or {})})
        self._programs.append(program)
        return program

    def end(self, program: subprocess.Popen) -> None:
        """With all that it started: each has a session of its own."""
        if program.poll() is None:
            os.killpg(program.pid, signal.SIGTERM)
            try:
                program.wait(timeout=5)
            except subprocess.TimeoutExpired:
                os.killpg(program.pid, signal.SIGKILL)
                program.wait()

    def ask(self, namespace: str, *command: str,
            environment: dict[str, str] | None = None) -> str:
        """What a program prints that ends by itself, or within 20 seconds."""
        result = subprocess.run(["timeout", "20", *self.command(namespace, *command)],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, check=False,
                                env={**os.environ, **(environment or {})})
        return result.stdout

    def read(self, log: str) -> str:
        return (self.folder / log).read_text(encoding="utf-8", errors="replace")

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return str(path)


@dataclass
class Place(Programs):
    """`host` and `guest` are namespaces, joined by a wire."""

    host: str = field(init=False, default=f"vtntp{os.getpid()}h")
    guest: str = field(init=False, default=f"vtntp{os.getpid()}g")

    def list_namespaces(self) -> list[str]:
        return [self.host, self.guest]

    def lay_out(self) -> None:
        for name in self.list_namespaces():
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", self.host, "link", "add", "wire", "type", "veth",
            "peer", "name", "wire", "netns", self.guest)
        for name, addresses in ((self.host, (HOST_ADDRESS + "/24", HOST_ADDRESS_V6 + "/64",
                                             "198.51.100.1/24")),
                                (self.guest, (GUEST_ADDRESS + "/24", GUEST_ADDRESS_V6 + "/64",
                                              STRANGER_ADDRESS + "/24"))):
            for address in addresses:
                extra = ["nodad"] if ":" in address else []
                run("ip", "-n", name, "addr", "add", address, "dev", "wire", *extra)
            run("ip", "-n", name, "link", "set", "wire", "up")

    def is_clock_safe(self) -> bool:
        """Whether a program in here really lacks the right to set the clock."""
        status = self.ask(self.guest, "cat", "/proc/self/status")
        sets = re.findall(r"^Cap[A-Z][a-z]+:\s*([0-9a-f]+)$", status, re.MULTILINE)
        return len(sets) == 5 and not any(int(text, 16) >> CAP_SYS_TIME & 1 for text in sets)
