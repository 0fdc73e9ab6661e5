# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where sources, programs and caches are. Everything else asks here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


class RigError(Exception):
    """The rig cannot do its work; the message says what and why."""


@dataclass(frozen=True)
class Layout:
    source_dir: Path
    build_dir: Path
    cache_dir: Path

    @staticmethod
    def from_environment() -> Layout:
        source_dir = Path(__file__).resolve().parents[2]
        build_dir = Path(os.environ.get("VT_BUILD_DIR", source_dir / "build")).resolve()
        cache_dir = Path(os.environ.get("VT_VM_CACHE", build_dir / "vm-cache")).resolve()
        return Layout(source_dir, build_dir, cache_dir)

    @property
    def agent(self) -> Path:
        return self.build_dir / "agent" / "virt-time-agent"

    @property
    def hostd(self) -> Path:
        return self.build_dir / "hostd" / "virt-time-hostd"

    @property
    def opener(self) -> Path:
        return self.build_dir / "hostd" / "virt-time-opener"

    @property
    def ctl(self) -> Path:
        return self.build_dir / "ctl" / "virt-timectl"

    @property
    def ntp_load(self) -> Path:
        return self.build_dir / "tests" / "ntp" / "ntp-load"

    @property
    def probe_guest(self) -> Path:
        return self.build_dir / "tests" / "vm" / "probe-guest"

    @property
    def step_clock(self) -> Path:
        return self.build_dir / "tests" / "vm" / "step-clock"

    @property
    def show_tai(self) -> Path:
        return self.build_dir / "tests" / "vm" / "show-tai"

    @property
    def vmclock_page(self) -> Path:
        return self.build_dir / "tests" / "vm" / "vmclock-page"

    @property
    def rtc_edge(self) -> Path:
        return self.build_dir / "tests" / "vm" / "rtc-edge"

    @property
    def watch_clock(self) -> Path:
        return self.build_dir / "tests" / "vm" / "watch-clock"

    @property
    def probe_host(self) -> Path:
        return self.build_dir / "tests" / "vm" / "probe-host"

    @property
    def oscillator(self) -> Path:
        return self.build_dir / "tests" / "vm" / "oscillator.so"

    @property
    def guest_scripts(self) -> Path:
        return self.source_dir / "tests" / "vm" / "guest"

    def has_daemons(self) -> bool:
        return all(program.exists() for program in (self.agent, self.hostd, self.opener, self.ctl))
