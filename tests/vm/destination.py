# SPDX-License-Identifier: LGPL-2.1-or-later
"""Another host to migrate to: a libvirtd, an opener and a hostd of their own, which see folders
and a host name of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
from pathlib import Path

from .domain import DomainPlan, raise_priority
from .hostd import Hostd
from .hypervisor import find_program, virsh_at
from .layout import Layout, RigError
from .opener import Opener

START_SEC = 30

# Without a log daemon and control groups of its own: those of the first host would be shared.
QEMU_SETTINGS = 'stdio_handler = "file"\ncgroup_controllers = [ ]\nsecurity_driver = "none"\n'

# Each place that a host has for itself lies over the one of the machine.
SCRIPT = """
set -e
hostname virt-time-destination
while [ "$1" != -- ]; do mount --bind "$1" "$2"; shift 2; done
shift
exec "$@"
"""


class Destination:
    """A context. `folder` is where the guest's own sockets are once it is here."""

    def __init__(self, layout: Layout, plan: DomainPlan, run_dir: Path, log_dir: Path) -> None:
        self._layout = layout
        self._plan = plan
        self._run_dir = run_dir
        self._log_dir = log_dir / "destination"
        self.folder = run_dir / "guest"
        self._state = run_dir / "run"
        self._process: subprocess.Popen[bytes]
        self._opener: Opener
        self.hostd: Hostd

    def __enter__(self) -> Destination:
        self._log_dir.mkdir(exist_ok=True)
        self._make_folders()
        self._spawn()
        try:
            self._wait_until_it_answers()
            enter = ("nsenter", f"--mount=/proc/{self._process.pid}/ns/mnt", "--")
            self._opener = Opener(self._layout, self._run_dir, self._log_dir, enter)
            self.hostd = Hostd(self._layout, self._opener, self._run_dir / "hostd",
                               self._log_dir, enter)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_reason: object) -> None:
        self.hostd.stop()
        self._opener.stop()
        self._end()

    @property
    def uri(self) -> str:
        return f"qemu+unix:///system?socket={self._state}/libvirt-sock"

    def find_path(self, name: str) -> str:
        """A socket that the QEMU of either host can make and reach."""
        return f"unix://{self.folder}/{name}.sock"

    def raise_priority(self) -> None:
        raise_priority(self._state / "qemu" / f"{self._plan.name}.pid")

    def _make_folders(self) -> None:
        for name in ("run", "lib", "log", "cache", "etc", "guest", "hostd"):
            (self._run_dir / name).mkdir(parents=True)
        self._run_dir.chmod(0o755)
        shutil.copytree("/etc/libvirt", self._run_dir / "etc", dirs_exist_ok=True)
        (self._run_dir / "etc" / "qemu.conf").write_text(QEMU_SETTINGS, encoding="ascii")
        (self._run_dir / "etc" / "destination.conf").write_text(
            f'host_uuid = "{uuid.uuid4()}"\nauth_unix_ro = "none"\nauth_unix_rw = "none"\n'
            'unix_sock_ro_perms = "0777"\nunix_sock_rw_perms = "0700"\n', encoding="ascii")
        owner = self._plan.folder.stat()
        os.chown(self.folder, owner.st_uid, owner.st_gid)
        # Storage that both hosts reach.
        os.link(self._plan.disk, self.folder / self._plan.disk.name)

    def _spawn(self) -> None:
        places = {"run": "/run/libvirt", "lib": "/var/lib/libvirt", "log": "/var/log/libvirt",
                  "cache": "/var/cache/libvirt", "etc": "/etc/libvirt",
                  "guest": str(self._plan.folder)}
        words = [word for name, place in places.items()
                 for word in (str(self._run_dir / name), place)]
        program = find_program("libvirtd")
        with open(self._log_dir / "libvirtd.log", "ab") as log:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "--uts", "--propagation", "private", "sh", "-c", SCRIPT,
                 "sh", *words, "--", program, "--config", "/etc/libvirt/destination.conf",
                 "--pid-file", f"{self._run_dir}/libvirtd.pid"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SEC
        while True:
            try:
                virsh_at(self.uri, "version", timeout_sec=10)
                return
            except (RigError, subprocess.TimeoutExpired) as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RigError(f"the libvirtd to migrate to does not answer: {error}; see "
                                   f"{self._log_dir}/libvirtd.log") from error
            time.sleep(0.2)

    def _end(self) -> None:
        try:
            virsh_at(self.uri, "destroy", self._plan.name)
        except (RigError, subprocess.TimeoutExpired):
            pass  # as it should be: the guest has gone back
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
