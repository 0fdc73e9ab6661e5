# SPDX-License-Identifier: LGPL-2.1-or-later
"""Time daemons of others, for the guest's file system; unpacked, never installed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# Where the packages of tools/client-packages.txt are unpacked, and where they go in the guest.
PROGRAMS = {
    "usr/sbin/chronyd": "usr/sbin/chronyd",
    "usr/lib/systemd/systemd-timesyncd": "lib/systemd/systemd-timesyncd",
}
CHRONY_SETTINGS = "etc/chrony/chrony.conf.vendor"
FILES = {CHRONY_SETTINGS: "usr/share/chrony/chrony.conf"}

# As the packages' own scripts make them.
USERS = ("_chrony:x:101:101::/var/lib/chrony:/usr/sbin/nologin",
         "systemd-timesync:x:102:102::/:/usr/sbin/nologin")
GROUPS = ("_chrony:x:101:", "systemd-timesync:x:102:")


@dataclass(frozen=True)
class Peers:
    """The programs of others, for the guest's file system."""

    root: Path

    def list_programs(self) -> dict[str, Path]:
        return {name: self.root / path for name, path in PROGRAMS.items()}

    def list_files(self) -> dict[str, Path]:
        return {name: self.root / path for name, path in FILES.items()}
