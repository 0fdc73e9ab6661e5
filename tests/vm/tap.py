# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test results in TAP, a line for each claim."""

from __future__ import annotations

import sys
import unittest


class TapReport:
    def __init__(self) -> None:
        self.n_cases = 0
        self.n_failed = 0
        self.n_skipped = 0

    def add(self, name: str, holds: bool, detail: str = "") -> None:
        self.n_cases += 1
        if not holds:
            self.n_failed += 1
        print(f"{'ok' if holds else 'not ok'} {self.n_cases} {name}", flush=True)
        for line in detail.splitlines():
            print(f"# {line}", flush=True)

    def skip(self, name: str, reason: str) -> None:
        self.n_cases += 1
        self.n_skipped += 1
        print(f"ok {self.n_cases} {name} # SKIP {' '.join(reason.split())}", flush=True)

    def finish(self) -> int:
        """Prints the plan; returns the exit status. Nothing tested is a failure too."""
        print(f"1..{self.n_cases}", flush=True)
        return 0 if self.n_cases > self.n_skipped and self.n_failed == 0 else 1


class _TapResult(unittest.TestResult):
    def __init__(self, report: TapReport, prefix: str) -> None:
        super().__init__()
        self._report = report
        self._prefix = prefix

    def _name(self, test: unittest.TestCase) -> str:
        claim = test.id().rsplit(".", maxsplit=1)[-1].removeprefix("test_")
        return f"{self._prefix}/{claim.replace('_', '-')}"

    def addSuccess(self, test: unittest.TestCase) -> None:
        self._report.add(self._name(test), True)

    def addFailure(self, test: unittest.TestCase, err) -> None:
        self._report.add(self._name(test), False, self._exc_info_to_string(err, test))

    def addError(self, test: unittest.TestCase, err) -> None:
        self.addFailure(test, err)


def run_unit_tests(module: str, prefix: str) -> int:
    report = TapReport()
    unittest.defaultTestLoader.loadTestsFromModule(sys.modules[module]).run(
        _TapResult(report, prefix))
    return report.finish()
