# SPDX-License-Identifier: LGPL-2.1-or-later
"""The clock of a process that has an oscillator of its own runs as that oscillator was told to."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from vm.oscillator import Oscillator
from vm.tap import run_unit_tests

LIBRARY = "VT_OSCILLATOR_LIBRARY"

# A tenth, so that a tenth of a second shows it; what two readings lie apart is below a millisecond.
JUMP_PPM = 100_000
RUN_SEC = 0.1
ERROR_PPM = 10_000

READ = """
import sys, time
for _ in sys.stdin:
    print(time.clock_gettime_ns(time.CLOCK_MONOTONIC), time.clock_gettime_ns(time.CLOCK_BOOTTIME),
          flush=True)
"""


class Clock:
    """A context: a process whose CLOCK_MONOTONIC is the oscillator's, its CLOCK_BOOTTIME not."""

    def __init__(self, page: Path) -> None:
        environment = {**os.environ, "LD_PRELOAD": os.environ[LIBRARY],
                       "VT_OSCILLATOR": str(page)}
        self._process = subprocess.Popen([sys.executable, "-c", READ], env=environment, text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> Clock:
        return self

    def __exit__(self, *_reason: object) -> None:
        self._process.communicate()

    def read(self) -> tuple[int, int]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        shown, real = self._process.stdout.readline().split()
        return int(shown), int(real)

    def measure_rate(self) -> float:
        """In ppm, of a tenth of a second."""
        shown, real = self.read()
        while True:
            next_shown, next_real = self.read()
            if next_real - real >= RUN_SEC * 1e9:
                return ((next_shown - shown) / (next_real - real) - 1) * 1e6


class Preloaded(unittest.TestCase):
    def test_clock_runs_as_told_and_never_jumps(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            oscillator = Oscillator(Path(folder) / "page")
            with Clock(oscillator.path) as clock:
                before = clock.read()
                rates = [clock.measure_rate()]
                for by_ppm in (JUMP_PPM, -2 * JUMP_PPM):
                    oscillator.jump(by_ppm)
                    rates.append(clock.measure_rate())
                after = clock.read()

        for rate, told in zip(rates, (0, JUMP_PPM, -JUMP_PPM)):
            self.assertAlmostEqual(rate, told, delta=ERROR_PPM)
        # A tenth faster, then a tenth slower: what is left is what the first had of the second.
        drift_ns = (after[0] - before[0]) - (after[1] - before[1])
        self.assertLess(abs(drift_ns), 0.5 * RUN_SEC * 1e9 * JUMP_PPM / 1e6)


if __name__ == "__main__":
    sys.exit(run_unit_tests("__main__", "/vm/oscillator"))
