# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packages of Debian's other suites, from the mirror that this machine's apt uses: fetched by an
apt with sources and lists of its own, and unpacked, never installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .layout import RigError

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
TARGETS = "$(REPO_URI) $(LABEL) $(RELEASE)"


def run(command: Sequence[str], folder: Path) -> str:
    result = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, text=True,
                            capture_output=True, check=False)
    if result.returncode != 0:
        raise RigError(f"'{' '.join(command)}' failed: {result.stderr.strip()}")
    return result.stdout


@dataclass(frozen=True)
class Mirror:
    uri: str
    release: str  # the suite that this machine is


def find_mirror() -> Mirror:
    """As apt is set up: the first source of Debian's own, without its updates."""
    lines = run(["apt-get", "indextargets", "--format", TARGETS, "Created-By: Packages"],
                Path("/")).splitlines()
    for line in lines:
        uri, label, release = line.rsplit(" ", 2)
        if label == "Debian" and "-" not in release:
            return Mirror(uri, release)
    raise RigError("apt knows no mirror of Debian; is 'apt-get update' needed?")


class Suites:
    """The packages of some suites, or with `kind` 'deb-src' what they are built from. `folder` is
    for apt alone."""

    def __init__(self, mirror: Mirror, names: Sequence[str], folder: Path,
                 kind: str = "deb") -> None:
        self._folder = folder
        self._names = names
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True)
        trust = f"[signed-by={KEYRING}] " if Path(KEYRING).exists() else ""
        (folder / "sources.list").write_text(
            "".join(f"{kind} {trust}{mirror.uri} {name} main\n" for name in names),
            encoding="ascii")
        self._run("apt-get", "-q", "-o", "Acquire::Languages=none", "update")

    def find_kernel(self, meta_package: str) -> list[str]:
        """What the kernel of today is made of: one package, or its image, modules and the rest."""
        listing = self._run("apt-cache", "depends", "--recurse", "--no-recommends",
                            "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces",
                            "--no-enhances", meta_package)
        return re.findall(r"^(linux-(?:base|binary|image|modules)-\d\S*)$", listing, re.MULTILINE)

    def unpack(self, packages: Sequence[str], target: Path) -> None:
        self._run("apt-get", "-q", "download", *packages)
        self._unpack(self._folder, target)

    def unpack_with_dependencies(self, package: str, target: Path) -> None:
        """And with what else this machine would have to install for it; of the last suite."""
        self._run("apt-get", "-q", "-y", "--download-only", "--no-install-recommends", "-t",
                  self._names[-1], "install", package)
        self._unpack(self._folder / "cache" / "archives", target)

    def unpack_source(self, package: str) -> Path:
        """With Debian's changes; returns the folder, which lies in the one for apt."""
        self._run("apt-get", "-q", "source", package)
        return next(path for path in self._folder.glob(f"{package}-*") if path.is_dir())

    @staticmethod
    def _unpack(folder: Path, target: Path) -> None:
        archives = sorted(folder.glob("*.deb"))
        if not archives:
            raise RigError(f"apt left no package in '{folder}'")
        for archive in archives:
            run(["dpkg-deb", "-x", str(archive), str(target)], folder)

    def _run(self, program: str, *arguments: str) -> str:
        options = {
            "Dir::Etc::sourcelist": self._folder / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::State::lists": self._folder / "lists",
            "Dir::Cache": self._folder / "cache",
            "APT::Sandbox::User": "root",
            # Whatever this machine keeps: packages that are fetched shall stay.
            "APT::Keep-Downloaded-Packages": "true",
            "Dpkg::Use-Pty": "0",
        }
        words = [f"{key}={value}" for key, value in options.items()]
        return run([program, *(word for pair in words for word in ("-o", pair)), *arguments],
                   self._folder)
