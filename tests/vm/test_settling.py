# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rates and times of return, held to clocks made by hand."""

from __future__ import annotations

import sys
import unittest
from collections.abc import Callable

from vm.analysis import Probe
from vm.settling import NS_PER_SEC, measure_oscillator, settle, trace
from vm.tap import run_unit_tests

US = 1000
ROUND_TRIP_NS = 100 * US
LIMIT_NS = 500 * US


def make_probes(seconds: float, offset_us: Callable[[float], float],
                raw_ppm: float = 0) -> list[Probe]:
    """A hundred a second; the clock is off by what `offset_us` says at each."""
    probes = []
    for number in range(int(seconds * 100)):
        sec = number / 100
        sent_ns = number * NS_PER_SEC // 100
        middle_ns = sent_ns + ROUND_TRIP_NS // 2
        probes.append(Probe(sent_ns, sent_ns + ROUND_TRIP_NS, int(offset_us(sec) * US),
                            ROUND_TRIP_NS // 2, 1000, 0,
                            raw_ns=middle_ns + int(middle_ns * raw_ppm / 1e6)))
    return probes


class Settling(unittest.TestCase):
    def test_clock_that_leaves_is_back_when_it_stays(self) -> None:
        def offset_us(sec: float) -> float:
            # Out at 3 s, in for a moment at 5 s, and for good from 8 s on.
            return 900 if 3 <= sec < 5 or 5.5 <= sec < 8 else 20

        settling = settle(trace(make_probes(20, offset_us)), NS_PER_SEC, LIMIT_NS, 10 * NS_PER_SEC)

        self.assertEqual(settling.back_ns, 7 * NS_PER_SEC)
        self.assertAlmostEqual(settling.peak_ns, 900 * US, delta=60 * US)

    def test_clock_that_never_left_is_back_at_once(self) -> None:
        settling = settle(trace(make_probes(20, lambda _sec: -300)), 0, LIMIT_NS, 10 * NS_PER_SEC)

        self.assertEqual(settling.back_ns, 0)

    def test_clock_that_was_not_watched_for_long_enough_is_not_back(self) -> None:
        probes = make_probes(12, lambda sec: 900 if sec < 5 else 20)

        settling = settle(trace(probes), 0, LIMIT_NS, 10 * NS_PER_SEC)

        self.assertIsNone(settling.back_ns)
        self.assertEqual(settling.watched_ns, 12 * NS_PER_SEC)

    def test_rate_of_the_oscillator_is_told_by_the_raw_clock(self) -> None:
        probes = make_probes(10, lambda _sec: 0, raw_ppm=-100)

        rate_ppm = measure_oscillator(probes, 0, 10 * NS_PER_SEC)

        self.assertAlmostEqual(rate_ppm, -100, delta=0.1)


if __name__ == "__main__":
    sys.exit(run_unit_tests("__main__", "/vm/settling"))
