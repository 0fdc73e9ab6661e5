# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-time-hostd under test, and what it says of its guests."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from .hypervisor import URI
from .layout import Layout, RigError

# The machine that runs the tests is true time by definition, whatever its kernel says of it.
SETTINGS = f"[hostd]\nuri={URI}\nhost-clock=trusted\n"

START_SEC = 15


class Hostd:
    def __init__(self, layout: Layout, log_dir: Path) -> None:
        self._layout = layout
        self._log_path = log_dir / "hostd.log"
        settings_path = log_dir / "hostd.conf"
        settings_path.write_text(SETTINGS, encoding="ascii")
        with open(self._log_path, "ab") as log:
            self._process = subprocess.Popen(
                [str(layout.hostd), "-f", "-c", str(settings_path)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self._wait_until_it_answers()

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

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
        result = subprocess.run([str(self._layout.ctl), *arguments], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=20, check=False)
        if result.returncode != 0:
            raise RigError(f"'virt-timectl {' '.join(arguments)}' failed: "
                           f"{result.stderr.strip()}")
        return result.stdout

    def _read_log(self) -> str:
        return "\n".join(self._log_path.read_text(errors="replace").splitlines()[-20:])
