# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-time-hostd under test, and what it says of its guests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from .accounts import HOSTD
from .hypervisor import URI
from .layout import Layout, RigError
from .opener import Opener
from .wire import HOST_ADDRESS

# The machine that runs the tests is true time by definition, whatever its kernel says of it.
TRUSTED = "host-clock=trusted"
CONNECT_SEC = 15
START_SEC = 15


class Hostd:
    """As its unit runs it: a user of its own, who reaches no channel but through the opener."""

    def __init__(self, layout: Layout, opener: Opener, run_dir: Path, log_dir: Path,
                 enter: tuple[str, ...] = ()) -> None:
        """`enter`: words before the command, for one on another host."""
        self._enter = enter
        # Both hosts have one network; one of them answers on it.
        self._ntp = "ntp-port=0" if enter else f"listen={HOST_ADDRESS}"
        self._layout = layout
        self._opener = opener
        self._log_path = log_dir / "hostd.log"
        self._settings_path = log_dir / "hostd.conf"
        # Its own, so that an installed hostd, or another rig, is not in the way.
        self._socket = run_dir / "control.socket"
        self._state_dir = run_dir / "state"
        self._state_dir.mkdir()
        for folder in (run_dir, self._state_dir):
            shutil.chown(folder, "virttime-host", "virttime-host")
        self._process: subprocess.Popen[bytes]
        self._write_settings(TRUSTED, opener.socket)
        self.start()

    def start(self) -> None:
        with open(self._log_path, "ab") as log:
            command = [str(self._layout.hostd), "-f", "-c", str(self._settings_path)]
            self._process = subprocess.Popen(
                [*self._enter, *HOSTD, *command],
                env={**os.environ, "STATE_DIRECTORY": str(self._state_dir)},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self._wait_until_it_answers()
        # LimitRTPRIO= lets it do that itself; not every container may raise that limit.
        try:
            os.sched_setscheduler(self._process.pid, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK,
                                  os.sched_param(1))
        except OSError:
            pass  # figures get worse, never wrong

    def kill(self) -> None:
        """At once, with no word to anybody."""
        self._process.kill()
        self._process.wait()

    def restart_with(self, setting: str, opener_socket: Path | None = None) -> None:
        self.stop()
        self._write_settings(setting, opener_socket or self._opener.socket)
        self.start()

    def wait_until_connected(self) -> None:
        """To libvirt, that is."""
        deadline = time.monotonic() + CONNECT_SEC
        while "connected" not in self.print_guests():
            if time.monotonic() > deadline:
                raise RigError("virt-time-hostd does not come back to libvirt")
            time.sleep(0.2)

    def _write_settings(self, setting: str, opener_socket: Path) -> None:
        self._settings_path.write_text(
            f"[hostd]\nuri={URI}\ncontrol-socket={self._socket}\n"
            f"opener-socket={opener_socket}\n{self._ntp}\n{setting}\n", encoding="ascii")

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def find_pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def print_guests(self) -> str:
        """As an operator sees it."""
        return self._run_ctl("guests")

    def query_guest(self, name: str) -> dict:
        for guest in json.loads(self._run_ctl("guests", "--json")):
            if guest["name"] == name:
                return guest
        raise RigError(f"hostd does not know of '{name}'")

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SEC
        while True:
            if not self.is_alive():
                raise RigError(f"virt-time-hostd ended at once: {self._read_log()}")
            try:
                self._run_ctl("guests", "--json")
                return
            except RigError as error:
                if time.monotonic() > deadline:
                    raise RigError(f"virt-time-hostd does not answer: {error}; its log: "
                                   f"{self._read_log()}") from error
            time.sleep(0.1)

    def _run_ctl(self, *arguments: str) -> str:
        command = [str(self._layout.ctl), "--socket", str(self._socket), *arguments]
        result = subprocess.run(command, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=20, check=False)
        if result.returncode != 0:
            raise RigError(f"'virt-timectl {' '.join(arguments)}' failed: "
                           f"{result.stderr.strip()}")
        return result.stdout

    def _read_log(self) -> str:
        return "\n".join(self._log_path.read_text(errors="replace").splitlines()[-20:])
