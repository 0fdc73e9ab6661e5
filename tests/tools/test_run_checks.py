# SPDX-License-Identifier: LGPL-2.1-or-later
"""A check that counts wrongly is worse than none: what meson and the guests leave is counted
here from recorded results."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path
from types import ModuleType

from vm.tap import run_unit_tests

PROGRAM = Path(__file__).resolve().parents[2] / "tools" / "run-checks.py"

JUNIT = """<?xml version='1.0' encoding='utf8'?>
<testsuites tests="4" errors="0" failures="1">
  <testsuite name="p.p:core / servo" tests="3">
    <testcase name="1 /core/servo/steps" classname="p.p:core / servo" />
    <testcase name="2 /core/servo/slews" classname="p.p:core / servo"><failure /></testcase>
    <testcase name="3 /core/servo/holds" classname="p.p:core / servo"><skipped /></testcase>
  </testsuite>
  <testsuite name="p.p:os / clock" tests="1">
    <testcase name="1 /os/clock/reads" classname="p.p:os / clock" />
  </testsuite>
</testsuites>
"""


def load_program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_checks", PROGRAM)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


run_checks = load_program()


def count_quietly(logs: Path):
    """What it says of broken results is no TAP."""
    with contextlib.redirect_stdout(io.StringIO()):
        return run_checks.count_meson_cases(logs)


def count(results: dict[str, str]) -> tuple[int, int, int]:
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder)
        (logs / "testlog.junit.xml").write_text(JUNIT, encoding="utf-8")
        lines = (json.dumps({"name": name, "result": result})
                 for name, result in results.items())
        (logs / "testlog.json").write_text("\n".join(lines) + "\n", encoding="utf-8")
        tally = count_quietly(logs)
    return tally.passed, tally.failed, tally.skipped


class RunChecks(unittest.TestCase):
    def test_control_characters_in_output_do_not_hide_the_cases(self) -> None:
        root = run_checks.parse_junit(
            b"<testsuites><system-out>\x01\xff</system-out><testcase/></testsuites>")
        self.assertEqual(len(list(root.iter("testcase"))), 1)

    def test_each_case_counts_once(self) -> None:
        self.assertEqual(count({"p:core / servo": "FAIL", "p:os / clock": "OK"}), (2, 1, 1))

    def test_test_that_died_after_good_cases_counts_as_failed(self) -> None:
        self.assertEqual(count({"p:core / servo": "FAIL", "p:os / clock": "ERROR"}), (2, 2, 1))

    def test_missing_results_are_a_failure(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            tally = count_quietly(Path(folder))

        self.assertEqual((tally.passed, tally.failed), (0, 1))

    def test_guests_are_counted_by_line(self) -> None:
        lines = ["ok 1 vm/a", "not ok 2 vm/b", "# okay", "ok 3 vm/c # SKIP no kvm", "1..3"]

        tally = sum((run_checks.count_tap_line(line) for line in lines), run_checks.Tally())

        self.assertEqual((tally.passed, tally.failed, tally.skipped), (1, 1, 1))

    def test_last_line_names_skips_only_if_there_are_some(self) -> None:
        self.assertEqual(str(run_checks.Tally(3, 0)), "3 passed, 0 failed")
        self.assertEqual(str(run_checks.Tally(3, 1, 2)), "3 passed, 1 failed, 2 skipped")


if __name__ == "__main__":
    sys.exit(run_unit_tests("__main__", "/tools/run-checks"))
