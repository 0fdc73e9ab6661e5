# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guest's only file system: busybox, the programs under test and their libraries."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

from .kernel import Kernel, read_module
from .layout import Layout, RigError
from .peers import GROUPS, USERS, Peers

FOLDERS = ("bin", "dev", "etc", "proc", "run", "sys", "tmp", "usr", "var", "modules")


class Archive:
    """A cpio archive in the 'newc' format, as the kernel unpacks it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._folders: set[str] = set()
        self._n_inodes = 0

    def add_folder(self, name: str) -> None:
        path = Path(name)
        for folder in [*reversed(path.parents), path]:
            key = str(folder)
            if key not in (".", "") and key not in self._folders:
                self._folders.add(key)
                self._add(key, stat.S_IFDIR | 0o755, b"")

    def add_file(self, name: str, data: bytes, mode: int = 0o755) -> None:
        self.add_folder(str(Path(name).parent))
        self._add(name, stat.S_IFREG | mode, data)

    def add_link(self, name: str, target: str) -> None:
        self.add_folder(str(Path(name).parent))
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def finish(self) -> bytes:
        self._add("TRAILER!!!", 0, b"")
        return b"".join(self._parts)

    def _add(self, name: str, mode: int, data: bytes) -> None:
        self._n_inodes += 1
        encoded = name.encode() + b"\0"
        fields = (self._n_inodes, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        self._parts.append(_pad(header + encoded))
        self._parts.append(_pad(data))


def _pad(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def find_libraries(program: Path, beside: Path | None = None) -> list[Path]:
    """What the dynamic linker will look for, the linker itself included; in the folder `beside`,
    too."""
    environment = dict(os.environ)
    if beside is not None:
        environment["LD_LIBRARY_PATH"] = str(beside)
    result = subprocess.run(["ldd", str(program)], text=True, capture_output=True, check=False,
                            env=environment)
    if "not a dynamic executable" in result.stdout + result.stderr:
        return []
    if result.returncode != 0 or "not found" in result.stdout:
        raise RigError(f"cannot tell the libraries of '{program}': {result.stdout}")
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", result.stdout)]


def find_busybox() -> Path:
    busybox = shutil.which("busybox")
    if busybox is None:
        raise RigError("busybox is missing (package busybox-static)")
    return Path(busybox)


def _find_place(module: Path) -> str:
    return f"modules/{module.name.removesuffix('.xz')}"


def build_initramfs(layout: Layout, kernel: Kernel, target: Path,
                    peers: Peers | None = None, has_hostd: bool = False) -> None:
    """Daemons that are not built yet are left out: the rig works without them."""
    programs = {
        "bin/busybox": find_busybox(),
        "bin/probe-guest": layout.probe_guest,
        "bin/show-tai": layout.show_tai,
        "bin/step-clock": layout.step_clock,
        "bin/rtc-edge": layout.rtc_edge,
        "bin/vmclock-page": layout.vmclock_page,
        # Busybox's own cannot change the user.
        "usr/bin/setpriv": Path("/usr/bin/setpriv"),
    }
    if layout.agent.exists():
        programs["usr/sbin/virt-time-agent"] = layout.agent
    if layout.ctl.exists():
        programs["usr/bin/virt-timectl"] = layout.ctl
    if has_hostd:
        programs["usr/sbin/virt-time-hostd"] = layout.hostd
        programs["usr/sbin/ip"] = Path("/usr/sbin/ip")
        programs["usr/bin/ntp-load"] = layout.ntp_load
    if peers is not None:
        programs.update(peers.list_programs())
    scripts = {"init": "init", "bin/shell-port": "shell-port", "bin/supervise": "supervise",
               "bin/start-agent": "start-agent", "bin/start-hostd": "start-hostd"}

    archive = Archive()
    for folder in FOLDERS:
        archive.add_folder(folder)
    libraries: set[Path] = set()
    for name, path in programs.items():
        archive.add_file(name, path.read_bytes())
        libraries.update(find_libraries(path))
    for library in sorted(libraries):
        archive.add_file(str(library).lstrip("/"), library.read_bytes())
    for name, script in scripts.items():
        archive.add_file(name, (layout.guest_scripts / script).read_bytes())
    for module in (*kernel.modules, *kernel.extra):
        archive.add_file(_find_place(module), read_module(module))
    order = "".join(f"/{_find_place(module)}\n" for module in kernel.modules)
    archive.add_file("modules/order", order.encode(), 0o644)
    # The real tools know root by name; libraries look for it.
    users, groups = ["root:x:0:0:root:/:/bin/sh"], ["root:x:0:"]
    if peers is not None:
        for name, path in peers.list_files().items():
            archive.add_file(name, path.read_bytes(), 0o644)
        users += USERS
        groups += GROUPS
    for name, lines in (("etc/passwd", users), ("etc/group", groups)):
        archive.add_file(name, "".join(f"{line}\n" for line in lines).encode(), 0o644)
    install_users = layout.source_dir / "tools" / "install-users"
    archive.add_file("bin/install-users", install_users.read_bytes())
    target.write_bytes(gzip.compress(archive.finish(), compresslevel=1))
