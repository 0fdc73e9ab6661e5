# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bench of the discipline goes on where it ended, and its table is not kinder than its runs."""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

from vm.analysis import Probe
from vm.chart import Axis, Chart, Line, thin
from vm.contenders import CONTENDERS
from vm.discipline import Row, append_row, find_missing, find_shown, load_rows
from vm.discipline_table import format_table, summarise
from vm.events import JUMPS, PAUSE, PAUSE_HOLD_SEC, Measured, find_return
from vm.tap import run_unit_tests

MS = 1_000_000
SEC = 1_000 * MS

PAUSED = Measured(60 * SEC, 5 * MS, 30 * SEC, began_ns=7)
NEVER = Measured(60 * SEC, None, 90 * SEC)


def make_probe(at_sec: float, offset_ms: float) -> Probe:
    sent_ns = int(at_sec * SEC)
    return Probe(sent_ns, sent_ns + MS // 5, int(offset_ms * MS), MS // 10, 1000, 0)


class Bench(unittest.TestCase):
    def test_bench_goes_on_where_it_ended(self) -> None:
        rows = [Row("virt-time", "pause-60s", 1, PAUSED), Row("chronyd", "pause-60s", 1, NEVER)]
        with tempfile.TemporaryDirectory() as folder:
            for row in rows:
                append_row(Path(folder) / "guests.csv", row)
            loaded = load_rows(Path(folder) / "guests.csv")

        missing = find_missing(loaded, [CONTENDERS[0]], [JUMPS[0], PAUSE], 2)

        self.assertEqual(loaded, rows)
        self.assertEqual([(contender.name, event.name, run) for contender, event, run in missing],
                         [("virt-time", "jump+200ppm", 1), ("virt-time", "jump+200ppm", 2),
                          ("virt-time", "pause-60s", 2)])

    def test_picture_shows_a_run_that_most_had(self) -> None:
        jumped = Measured(MS, 0, SEC, began_ns=1)
        rows = [Row("virt-time", "jump+200ppm", 1, jumped), Row("chronyd", "jump+200ppm", 1, jumped),
                Row("virt-time", "jump+200ppm", 2, jumped)]

        shown = find_shown(rows, Path())

        self.assertEqual([one.samples.name for one in shown],
                         ["virt-time-jump+200ppm-1.csv", "chronyd-jump+200ppm-1.csv"])


class Return(unittest.TestCase):
    def test_reading_that_is_wrong_again_puts_the_return_off(self) -> None:
        probes = [make_probe(sec, 0 if sec in (1, 2) or sec > 4 else 5) for sec in range(40)]

        self.assertEqual(find_return(probes, 0), 5 * SEC + MS // 5)

    def test_clock_that_was_not_seen_to_last_is_not_back(self) -> None:
        n_probes = 5 + int(PAUSE_HOLD_SEC)
        probes = [make_probe(sec, 5 if sec < 5 else 0) for sec in range(n_probes)]

        self.assertIsNone(find_return(probes, 0))


class Table(unittest.TestCase):
    def test_run_that_was_never_right_counts_as_long_as_it_was_watched(self) -> None:
        summary = summarise([PAUSED, NEVER, NEVER])

        assert summary is not None
        self.assertFalse(summary.is_back)
        self.assertEqual(summary.back_ns, 90 * SEC)
        self.assertEqual(str(summary), ">90.000 s (1/3)")

    def test_goal_is_measured_against_the_best_peer(self) -> None:
        slow = Measured(60 * SEC, 2 * SEC, 30 * SEC)
        quick = Measured(60 * SEC, 400 * MS, 30 * SEC)
        rows = {("virt-time", "pause-60s", 1): PAUSED, ("timesyncd", "pause-60s", 1): slow,
                ("chronyd", "pause-60s", 1): quick}

        text, has_reached = format_table(rows)

        self.assertIn("virt-time, pause-60s: 80.0 times as fast as chronyd, goal 100: missed", text)
        self.assertFalse(has_reached)


class Picture(unittest.TestCase):
    AXIS = Axis("", ((1.0, "1"), (10.0, "10"), (100.0, "100")))

    def test_axes_are_logarithmic(self) -> None:
        self.assertAlmostEqual(self.AXIS.find_share(10.0), 0.5)
        self.assertEqual(self.AXIS.find_share(0.1), 0)

    def test_column_keeps_its_highest_point(self) -> None:
        chart = Chart("", "", self.AXIS, self.AXIS)

        self.assertEqual(thin(chart, [(10.0, 3.0), (10.001, 7.0), (10.002, 5.0)]), [(10.001, 7.0)])

    def test_labels_of_lines_that_end_together_stand_apart(self) -> None:
        chart = Chart("", "", self.AXIS, self.AXIS)
        lines = [Line(name, "#000000", [(1.0, 10.0), (100.0, 10.0)]) for name in ("one", "two")]

        places = [text.split('y="')[1].split('"')[0] for text in chart.draw(lines).splitlines()
                  if text.endswith((">one</text>", ">two</text>"))]

        self.assertEqual(len(set(places)), 2)


if __name__ == "__main__":
    sys.exit(run_unit_tests("__main__", "/vm/discipline"))
