# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt on this machine: found running, or started for as long as the rig needs it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from .layout import RigError

URI = "qemu:///system"
START_SEC = 30


def virsh(*arguments: str, timeout_sec: float = 180) -> str:
    return virsh_at(URI, *arguments, timeout_sec=timeout_sec)


def virsh_at(uri: str, *arguments: str, timeout_sec: float = 180) -> str:
    command = ["virsh", "-q", "-c", uri, *arguments]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            env=environment, timeout=timeout_sec, check=False)
    if result.returncode != 0:
        raise RigError(f"'virsh {' '.join(arguments)}' failed: {result.stderr.strip()}")
    return result.stdout


def find_program(name: str) -> str:
    program = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if program is None:
        raise RigError(f"'{name}' is missing (package libvirt-daemon-system)")
    return program


def find_security_models() -> list[str]:
    """All that would confine QEMU, but for plain users and groups, which is always there."""
    models = re.findall(r"<secmodel>\s*<model>([^<]+)</model>", virsh("capabilities"))
    return [model for model in models if model != "dac"]


class Hypervisor:
    """Ends only what it started, and leaves that too while others have guests on it."""

    def __init__(self, log_dir: Path) -> None:
        self._log_dir = log_dir
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        if self._answers():
            return
        if Path("/run/systemd/system").is_dir():
            subprocess.run(["systemctl", "start", "libvirtd"], check=False)
        else:
            # A machine without a service manager, as containers are.
            self._spawn("virtlogd")
            self._spawn_libvirtd()
        self._wait_until_it_answers()

    def stop(self) -> None:
        if not self._children:
            return
        if self._answers() and virsh("list", "--name").split():
            print("libvirtd stays: other domains run on it", flush=True)
            return
        for child in reversed(self._children):
            self._end(child)
        self._children.clear()

    @staticmethod
    def _end(child: subprocess.Popen[bytes]) -> None:
        child.terminate()
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SEC
        while not self._answers():
            if time.monotonic() > deadline:
                raise RigError(f"libvirt does not answer at {URI}; see {self._log_dir}")
            time.sleep(0.2)

    def restart(self) -> None:
        """Guests go on running meanwhile; their QEMU processes are not libvirtd's children."""
        if not self._children:
            subprocess.run(["systemctl", "restart", "libvirtd"], check=True)
        else:
            self._end(self._children.pop())
            self._spawn_libvirtd()
        self._wait_until_it_answers()

    @staticmethod
    def _answers() -> bool:
        try:
            virsh("version", timeout_sec=10)
        except (RigError, subprocess.TimeoutExpired):
            return False
        return True

    def _spawn_libvirtd(self) -> None:
        """Who may read is polkit's to say, and there is none: its answer would be anybody."""
        settings = self._log_dir / "libvirtd.conf"
        settings.write_text('auth_unix_ro = "none"\nauth_unix_rw = "none"\n'
                            'unix_sock_ro_perms = "0777"\nunix_sock_rw_perms = "0700"\n',
                            encoding="ascii")
        self._spawn("libvirtd", "--config", str(settings))

    def _spawn(self, name: str, *arguments: str) -> None:
        program = find_program(name)
        with open(self._log_dir / f"{name}.log", "ab") as log:
            # In a session of its own: Ctrl-C is for the rig, which ends it in order.
            child = subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL, stdout=log,
                                     stderr=log, start_new_session=True)
        self._children.append(child)
