# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's cloud kernel, fetched and unpacked into the cache; nothing is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .layout import RigError

META_PACKAGE = "linux-image-cloud-amd64"

# In the order they must be loaded in; what a kernel has built in is left out.
MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "virtio_console",
    "failover",
    "net_failover",
    "virtio_net",
    "virtio_blk",
    "crc16",
    "crc32c_generic",
    "libcrc32c",
    "mbcache",
    "jbd2",
    "ext4",
)


@dataclass(frozen=True)
class Kernel:
    image: Path
    modules: tuple[Path, ...]


def fetch_kernel(cache_dir: Path) -> Kernel:
    """The kernel in the cache; downloads it first when there is none."""
    tree = cache_dir / "kernel"
    if not (tree / "boot").is_dir():
        _download_kernel(cache_dir, tree)
    images = sorted((tree / "boot").glob("vmlinuz-*"))
    if not images:
        raise RigError(f"no kernel image below '{tree}'; remove that folder and try again")
    return Kernel(images[-1], _find_modules(tree))


def _download_kernel(cache_dir: Path, tree: Path) -> None:
    package = _find_package()
    work_dir = cache_dir / "kernel.partial"
    shutil.rmtree(work_dir, ignore_errors=True)
    work_dir.mkdir(parents=True)
    print(f"fetching {package}", flush=True)
    _run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package], work_dir)
    archives = list(work_dir.glob("*.deb"))
    if len(archives) != 1:
        raise RigError(f"'apt-get download {package}' left {len(archives)} packages")
    _run(["dpkg-deb", "-x", str(archives[0]), str(work_dir / "tree")], work_dir)
    shutil.rmtree(tree, ignore_errors=True)
    (work_dir / "tree").rename(tree)
    shutil.rmtree(work_dir)


def _find_package() -> str:
    """The meta package names the kernel of today."""
    listing = _run(["apt-cache", "depends", META_PACKAGE], Path("/"))
    match = re.search(r"Depends: (linux-image-\S+-cloud-amd64)$", listing, re.MULTILINE)
    if match is None:
        raise RigError(f"'{META_PACKAGE}' names no kernel; is 'apt-get update' needed?")
    return match.group(1)


def _find_modules(tree: Path) -> tuple[Path, ...]:
    roots = [path for top in ("lib", "usr/lib") for path in (tree / top / "modules").glob("*")]
    if not roots:
        raise RigError(f"no kernel modules below '{tree}'")
    built_in = (roots[0] / "modules.builtin").read_text(encoding="ascii")
    found = []
    for name in MODULES:
        files = list(roots[0].rglob(f"{name}.ko"))
        if files:
            found.append(files[0])
        elif f"/{name}.ko" not in built_in:
            raise RigError(f"the kernel in '{tree}' has no module '{name}'")
    return tuple(found)


def _run(command: list[str], folder: Path) -> str:
    result = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, text=True,
                            capture_output=True, check=False)
    if result.returncode != 0:
        raise RigError(f"'{' '.join(command)}' failed: {result.stderr.strip()}")
    return result.stdout
