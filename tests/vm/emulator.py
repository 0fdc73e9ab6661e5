# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QEMU that has vmclock and igb: this machine's, or that of its backports, unpacked."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .debian import Suites, find_mirror
from .layout import RigError

PACKAGE = "qemu-system-x86"
PROGRAM = "usr/bin/qemu-system-x86_64"
DEVICES = ("vmclock", "igb")

# Where each QEMU looks for its modules, besides where it is told to.
MODULE_FOLDER = "usr/lib/x86_64-linux-gnu/qemu"


def find_emulator(cache_dir: Path, folder: Path) -> Path:
    """Makes `folder`, and in it a program that starts that QEMU."""
    own = Path("/") / PROGRAM
    if has_devices(own):
        return own
    tree = cache_dir / "new-qemu"
    if not tree.is_dir():
        _fetch(cache_dir, tree)
    shutil.copytree(tree, folder, symlinks=True)
    _hide_modules(folder / MODULE_FOLDER)
    program = folder / "qemu"
    program.write_text(_make_script(folder), encoding="utf-8")
    program.chmod(0o755)
    if not has_devices(program):
        raise RigError(f"the QEMU in '{tree}' does not start, or has no {' or no '.join(DEVICES)}")
    return program


def has_devices(program: Path) -> bool:
    listing = subprocess.run([str(program), "-device", "help"], stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, check=False).stdout
    return all(f'name "{device}"' in listing for device in DEVICES)


def _fetch(cache_dir: Path, tree: Path) -> None:
    work_dir = cache_dir / "new-qemu.partial"
    shutil.rmtree(work_dir, ignore_errors=True)
    work_dir.mkdir(parents=True)
    mirror = find_mirror()
    backports = f"{mirror.release}-backports"
    print(f"fetching {PACKAGE} of {backports}", flush=True)
    suites = Suites(mirror, [mirror.release, backports], work_dir / "apt")
    suites.unpack_with_dependencies(PACKAGE, work_dir / "tree")
    (work_dir / "tree").rename(tree)
    shutil.rmtree(work_dir)


def _hide_modules(folder: Path) -> None:
    """QEMU ends when it meets the modules of another QEMU. One that cannot be loaded it passes by,
    and looks no further."""
    for module in (Path("/") / MODULE_FOLDER).glob("*.so"):
        (folder / module.name).touch()


def _make_script(folder: Path) -> str:
    libraries = f"{folder}/usr/lib/x86_64-linux-gnu:{folder}/lib/x86_64-linux-gnu"
    return (f"#!/bin/sh\nQEMU_MODULE_DIR={folder}/{MODULE_FOLDER} LD_LIBRARY_PATH={libraries} "
            f"exec {folder}/{PROGRAM} -L {folder}/usr/share/qemu -L {folder}/usr/share/seabios "
            "\"$@\"\n")
