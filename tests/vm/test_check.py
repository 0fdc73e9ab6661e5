# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ceilings hold back what exceeds them, and an interrupted bench goes on where it ended."""

from __future__ import annotations

import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

from vm.analysis import Probe, Recovery, Residual
from vm.bench import Row, append_rows, find_missing, format_table, load_rows
from vm.check import NOTHING, Ceiling, is_disturbed, judge
from vm.scenarios import RECOVERIES, Outcome
from vm.tap import run_unit_tests

MS = 1_000_000
CEILING = Ceiling(exposure_ms=50, residual_ms=0.5, floor_ms=8)


def make_outcome(exposure_ms: float | None = 5, residual_us: int = 20, lie_ms: int = 3,
                 worst_us: int = 50, echo_ms: int = 3) -> Outcome:
    exposure_ns = None if exposure_ms is None else int(exposure_ms * MS)
    residual = None if exposure_ms is None else Residual(residual_us * 1000, 50_000, 9)
    recovery = Recovery(0, echo_ms * MS, 5000 * MS, exposure_ns, residual, lie_ms * MS,
                        worst_us * 1000)
    return Outcome("pause-5s", Path(), [], (recovery,), (5000 * MS,))


def broken(outcome: Outcome) -> list[str]:
    return [claim.name for claim in judge(outcome, CEILING) if not claim.holds]


class Check(unittest.TestCase):
    def test_good_recovery_breaks_nothing(self) -> None:
        self.assertEqual(broken(make_outcome()), [])

    def test_what_has_not_settled_is_told(self) -> None:
        outcome = make_outcome()
        recovery = replace(outcome.recoveries[0], settled=Residual(-301_000, 90_000, 9))
        self.assertEqual(broken(replace(outcome, recoveries=(recovery,))), ["settles"])

    def test_each_figure_has_its_own_claim(self) -> None:
        self.assertEqual(broken(make_outcome(exposure_ms=51)), ["put-right-in-time"])
        self.assertEqual(broken(make_outcome(residual_us=-501)), ["leaves-little"])
        self.assertEqual(broken(make_outcome(worst_us=1001)), ["stays-right"])
        self.assertEqual(broken(make_outcome(lie_ms=51)), ["publishes-a-true-bound"])

    def test_guest_that_stays_wrong_is_a_failure(self) -> None:
        self.assertEqual(broken(make_outcome(exposure_ms=None)), ["put-right"])

    def test_slow_echo_is_a_disturbed_machine(self) -> None:
        self.assertFalse(is_disturbed(make_outcome(echo_ms=8), CEILING))
        self.assertTrue(is_disturbed(make_outcome(echo_ms=9), CEILING))

    def test_slow_probes_are_a_disturbed_machine_where_nothing_stood_still(self) -> None:
        good, slow = Probe(0, MS, 0, MS // 2, 0, 0), Probe(0, 9 * MS, 0, 9 * MS // 2, 0, 0)
        calm = replace(make_outcome(), recoveries=(), probes=[good] * 99 + [slow])
        disturbed = replace(calm, probes=[good] * 98 + [slow] * 2)
        self.assertFalse(is_disturbed(calm, CEILING))
        self.assertTrue(is_disturbed(disturbed, CEILING))
        self.assertFalse(is_disturbed(disturbed, NOTHING))

    def test_bench_goes_on_where_it_ended(self) -> None:
        row = Row("boot", 1, 1, 7 * MS, -20_000, 50_000, None, 0, 5000 * MS)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "recovery.csv"
            append_rows(path, [row])
            append_rows(path, [row])
            rows = load_rows(path)

        missing = find_missing(rows, list(RECOVERIES[:2]), 2)

        self.assertEqual(rows, [row, row])
        self.assertEqual([(scenario.name, run) for scenario, run in missing],
                         [("pause-5s", 1), ("boot", 2), ("pause-5s", 2)])

    def test_table_tells_the_guest_that_stayed_wrong(self) -> None:
        rows = [Row("pause-5s", 1, 1, 7 * MS, 20_000, 50_000, 3 * MS, 0, 5000 * MS),
                Row("pause-5s", 2, 1, None, None, None, 3 * MS, 0, 5000 * MS)]

        self.assertIn(" 1/2 ", format_table(rows))


if __name__ == "__main__":
    sys.exit(run_unit_tests("__main__", "/vm/check"))
