# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest's oscillator, whose rate can be changed from one instant to the next: as a migration to
another host does. What QEMU does with the page is in oscillator.c."""

from __future__ import annotations

import mmap
import struct
import time
from pathlib import Path

# As in oscillator-page.h: two rates and which one holds.
RATE = struct.Struct("@qqqq")
CURRENT = struct.Struct("@II")
PAGE_BYTES = 2 * RATE.size + CURRENT.size

# Far enough ahead for the page to be written before, so that no clock is ever set back.
AHEAD_NS = 2_000_000


class Oscillator:
    """Runs at the host's rate until told otherwise."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(RATE.pack(0, 0, 0, 0) * 2 + CURRENT.pack(0, 0))
        with open(path, "r+b") as page:
            self._page = mmap.mmap(page.fileno(), PAGE_BYTES)
        self._current = 0
        self._since_ns = 0
        self._shown_ns = 0
        self._rate_ppb = 0

    @property
    def rate_ppm(self) -> float:
        return self._rate_ppb / 1e3

    def jump(self, by_ppm: float) -> int:
        """Returns the moment of the host's CLOCK_REALTIME at which the rate changes."""
        wall_ns = time.time_ns()
        now_ns = time.monotonic_ns()
        since_ns = now_ns + AHEAD_NS
        passed_ns = since_ns - self._since_ns
        self._shown_ns += passed_ns + round(passed_ns * self._rate_ppb / 1e9)
        self._since_ns = since_ns
        before_ppb = self._rate_ppb
        self._rate_ppb += round(by_ppm * 1e3)
        other = 1 - self._current
        RATE.pack_into(self._page, other * RATE.size, since_ns, self._shown_ns, before_ppb,
                       self._rate_ppb)
        # One byte is one store: the reader sees the old rate or the new one.
        self._page[2 * RATE.size] = self._current = other
        return wall_ns + AHEAD_NS
