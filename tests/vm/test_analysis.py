# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds the figures to numbers worked out by hand."""

from __future__ import annotations

import sys
import unittest
from dataclasses import replace

from vm.analysis import STA_UNSYNC, Probe, analyse, find_rate, find_residual, measure_lie, shows_right
from vm.tap import run_unit_tests

MS = 1_000_000
US = 1000


def make_probe(sent_ms: float, offset_us: float, round_trip_us: float = 200,
               maxerror_us: int = 1000, status: int = 0) -> Probe:
    sent_ns = int(sent_ms * MS)
    round_trip_ns = int(round_trip_us * US)
    return Probe(sent_ns, sent_ns + round_trip_ns, int(offset_us * US), round_trip_ns // 2,
                 maxerror_us, status)


class Analysis(unittest.TestCase):
    def test_rate_is_told_by_the_raw_clock(self) -> None:
        first, last = make_probe(0, 0), make_probe(500, 0)
        self.assertEqual(find_rate([replace(first, raw_ns=7 * MS),
                                    replace(last, raw_ns=3007 * MS)]), 6)
        self.assertIsNone(find_rate([first]))

    def test_right_is_shown_not_merely_possible(self) -> None:
        self.assertTrue(shows_right(make_probe(0, 900, 200)))
        self.assertFalse(shows_right(make_probe(0, 901, 200)))
        self.assertFalse(shows_right(make_probe(0, 0, 2001)))

    def test_exposure_ends_when_the_first_right_answer_is_read(self) -> None:
        probes = [make_probe(-5, 0), make_probe(2, 5e6), make_probe(4, 5e6), make_probe(6, 10)]

        recovery = analyse(probes, resumed_ns=0)

        self.assertEqual(recovery.exposure_ns, 6 * MS + 200 * US)
        self.assertEqual(recovery.stale_ns, 5000 * MS)

    def test_question_open_over_the_pause_is_the_echo_and_shows_nothing(self) -> None:
        probes = [make_probe(-5000, 0, 5_002_400), make_probe(3, 5e6)]

        recovery = analyse(probes, resumed_ns=0)

        self.assertEqual(recovery.echo_ns, 2400 * US)
        self.assertEqual(recovery.stale_ns, 5000 * MS)
        self.assertIsNone(recovery.exposure_ns)

    def test_next_disruption_ends_the_watch(self) -> None:
        probes = [make_probe(2, 5e6), make_probe(300, 0)]

        self.assertIsNone(analyse(probes, resumed_ns=0, until_ns=200 * MS).exposure_ns)
        self.assertIsNotNone(analyse(probes, resumed_ns=0).exposure_ns)

    def test_residual_is_where_all_intervals_meet(self) -> None:
        probes = [make_probe(i, offset) for i, offset in enumerate([-50, 0, 50, 20, 10, 0])]

        residual = find_residual(probes)

        self.assertEqual((residual.offset_ns, residual.error_ns), (0, 50 * US))

    def test_residual_trusts_sharp_probes_alone(self) -> None:
        sharp = [make_probe(i, 100, 100) for i in range(5)]
        blunt = [make_probe(10 + i, -900, 2000) for i in range(50)]

        residual = find_residual(sharp + blunt)

        self.assertEqual((residual.offset_ns, residual.n_probes), (100 * US, 5))

    def test_residual_of_a_moving_clock_covers_all_of_it(self) -> None:
        probes = [make_probe(i, 200 * i, 100) for i in range(5)]

        residual = find_residual(probes)

        self.assertEqual((residual.offset_ns, residual.error_ns), (400 * US, 450 * US))

    def test_settled_is_what_two_seconds_later_is_left(self) -> None:
        probes = [make_probe(at_ms, 400) for at_ms in range(10, 60, 10)]
        self.assertIsNone(analyse(probes, resumed_ns=0).settled)
        probes += [make_probe(2000 + at_ms, 30) for at_ms in range(10, 60, 10)]
        settled = analyse(probes, resumed_ns=0).settled
        self.assertEqual(settled.offset_ns, 30 * US)

    def test_relapse_is_seen(self) -> None:
        probes = [make_probe(2, 0), make_probe(4, 3000), make_probe(6, 0)]

        self.assertEqual(analyse(probes, resumed_ns=0).worst_after_ns, 2900 * US)

    def test_lie_lasts_until_the_first_true_bound(self) -> None:
        probes = [make_probe(2, 5e6), make_probe(4, 5e6, status=STA_UNSYNC), make_probe(6, 0)]

        self.assertEqual(measure_lie(probes, resumed_ns=0), 2200 * US)

    def test_error_within_the_bound_is_no_lie(self) -> None:
        probes = [make_probe(2, 5000, maxerror_us=6000), make_probe(4, 1050, maxerror_us=1000)]

        self.assertEqual(measure_lie(probes, resumed_ns=0), 0)


if __name__ == "__main__":
    sys.exit(run_unit_tests("__main__", "/vm/analysis"))
