# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's kernels, fetched and unpacked into the cache; nothing is installed."""

from __future__ import annotations

import lzma
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .debian import Suites, find_mirror, run
from .layout import RigError

META_PACKAGE = "linux-image-cloud-amd64"

# The newest that is built for a Debian which is released; not the cloud's, which has no igb.
NEW_META_PACKAGE = "linux-image-amd64"
NEW_SUITE = "trixie-backports"

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

# Where there is no KVM it cannot be loaded.
EXTRA_MODULES = ("ptp_kvm",)

NEW_MODULES = (
    "failover",
    "net_failover",
    "virtio_net",
    "ptp_vmclock",
    "i2c-algo-bit",
    "dca",
    "igb",
)

NEW_EXTRA_MODULES = ("veth", "vrf")


@dataclass(frozen=True)
class Kernel:
    image: Path
    modules: tuple[Path, ...]
    extra: tuple[Path, ...] = ()  # for scenarios to load


def fetch_kernel(cache_dir: Path) -> Kernel:
    """The kernel in the cache; downloads it first when there is none."""
    tree = _fetch(cache_dir, "kernel", _unpack_kernel)
    return Kernel(_find_image(tree), _find_modules(tree, MODULES),
                  _find_modules(tree, EXTRA_MODULES))


def fetch_new_kernel(cache_dir: Path) -> Kernel:
    """One that knows vmclock pages, and a card whose clock runs freely."""
    tree = _fetch(cache_dir, "new-kernel", _unpack_new_kernel)
    return Kernel(_find_image(tree), _find_modules(tree, NEW_MODULES),
                  _find_modules(tree, NEW_EXTRA_MODULES))


def read_module(path: Path) -> bytes:
    """As the guest can load it, whose busybox unpacks nothing."""
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def _fetch(cache_dir: Path, name: str, unpack: Callable[[Path], None]) -> Path:
    tree = cache_dir / name
    if tree.is_dir():
        return tree
    work_dir = cache_dir / f"{name}.partial"
    shutil.rmtree(work_dir, ignore_errors=True)
    work_dir.mkdir(parents=True)
    unpack(work_dir)
    (work_dir / "tree").rename(tree)
    shutil.rmtree(work_dir)
    return tree


def _unpack_kernel(work_dir: Path) -> None:
    package = _find_package()
    print(f"fetching {package}", flush=True)
    run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package], work_dir)
    archives = list(work_dir.glob("*.deb"))
    if len(archives) != 1:
        raise RigError(f"'apt-get download {package}' left {len(archives)} packages")
    run(["dpkg-deb", "-x", str(archives[0]), str(work_dir / "tree")], work_dir)


def _unpack_new_kernel(work_dir: Path) -> None:
    print(f"fetching {NEW_META_PACKAGE} of {NEW_SUITE}", flush=True)
    suites = Suites(find_mirror(), [NEW_SUITE], work_dir / "apt")
    packages = suites.find_kernel(NEW_META_PACKAGE)
    if not packages:
        raise RigError(f"'{NEW_META_PACKAGE}' of {NEW_SUITE} names no kernel")
    suites.unpack(packages, work_dir / "tree")


def _find_package() -> str:
    """The meta package names the kernel of today."""
    listing = run(["apt-cache", "depends", META_PACKAGE], Path("/"))
    match = re.search(r"Depends: (linux-image-\S+-cloud-amd64)$", listing, re.MULTILINE)
    if match is None:
        raise RigError(f"'{META_PACKAGE}' names no kernel; is 'apt-get update' needed?")
    return match.group(1)


def _find_image(tree: Path) -> Path:
    """Newer packages keep it beside the modules."""
    images = [*sorted((tree / "boot").glob("vmlinuz-*")),
              *sorted((tree / "usr/lib/modules").glob("*/vmlinuz"))]
    if not images:
        raise RigError(f"no kernel image below '{tree}'; remove that folder and try again")
    return images[-1]


def _find_modules(tree: Path, names: Sequence[str]) -> tuple[Path, ...]:
    roots = [path for top in ("lib", "usr/lib") for path in (tree / top / "modules").glob("*")]
    if not roots:
        raise RigError(f"no kernel modules below '{tree}'")
    built_in = (roots[0] / "modules.builtin").read_text(encoding="ascii")
    found = []
    for name in names:
        files = [*roots[0].rglob(f"{name}.ko"), *roots[0].rglob(f"{name}.ko.xz")]
        if files:
            found.append(files[0])
        elif f"/{name}.ko" not in built_in:
            raise RigError(f"the kernel in '{tree}' has no module '{name}'")
    return tuple(found)
