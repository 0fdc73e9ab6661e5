# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds and tests in every way that counts, and counts the cases. Called by tools/check."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

SOURCE_DIR = Path(__file__).resolve().parents[1]

# Under emulation all scenarios take about 17 minutes; a rig that hangs must not take the
# machine's whole allowance.
GUESTS_SEC = 22 * 60
# A minute, when nothing is wrong; a busy machine takes two to build busybox alone.
NTP_CLIENTS_SEC = 8 * 60


@dataclass(frozen=True)
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.passed + other.passed, self.failed + other.failed,
                     self.skipped + other.skipped)

    def __str__(self) -> str:
        words = f"{self.passed} passed, {self.failed} failed"
        return f"{words}, {self.skipped} skipped" if self.skipped else words


@dataclass(frozen=True)
class Variant:
    """One way to build; `tests` are meson test arguments."""

    name: str
    suffix: str
    options: tuple[str, ...]
    compiler: str = "gcc"
    tests: tuple[str, ...] = ()


GCC = Variant("gcc", "", ("-Dwerror=true",))

# What reads sources or runs Python gains nothing from a second compiler.
UNIT_TESTS_ONLY = ("--no-suite", "lint", "--no-suite", "vm")
SANITIZERS = Variant("address and undefined sanitizers", "-sanitize",
                     ("-Dwerror=true", "-Db_sanitize=address,undefined"),
                     tests=("--timeout-multiplier", "4", *UNIT_TESTS_ONLY))
CLANG = Variant("clang", "-clang", ("-Dwerror=true", "-Dfuzz=enabled"), "clang",
                UNIT_TESTS_ONLY)

SANITIZER_ENVIRONMENT = {
    "ASAN_OPTIONS": "abort_on_error=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
}


def announce(title: str) -> None:
    print(f"\n== {title}", flush=True)


def run(command: list[str], compiler: str = "gcc") -> int:
    environment = {**os.environ, **SANITIZER_ENVIRONMENT, "CC": compiler}
    return subprocess.run(command, stdin=subprocess.DEVNULL, env=environment,
                          check=False).returncode


def build(variant: Variant, folder: Path) -> bool:
    if (folder / "build.ninja").exists():
        configure = ["meson", "configure", str(folder), *variant.options]
    else:
        configure = ["meson", "setup", str(folder), str(SOURCE_DIR), *variant.options]
    return (run(configure, variant.compiler) == 0
            and run(["ninja", "--quiet", "-C", str(folder)], variant.compiler) == 0)


def check_variant(variant: Variant, build_dir: Path) -> Tally:
    announce(f"unit tests: {variant.name}")
    folder = build_dir.with_name(build_dir.name + variant.suffix)
    if not build(variant, folder):
        print(f"failed: the build with {variant.name}")
        return Tally(failed=1)
    logs = folder / "meson-logs"
    for name in ("testlog.junit.xml", "testlog.json"):
        (logs / name).unlink(missing_ok=True)
    status = run(["meson", "test", "-C", str(folder), "--no-rebuild", "--print-errorlogs",
                  *variant.tests], variant.compiler)
    tally = count_meson_cases(logs)
    if status != 0 and tally.failed == 0:
        tally += Tally(failed=1)
    print(f"{variant.name}: {tally}")
    return tally


def parse_junit(data: bytes) -> ElementTree.Element:
    """meson copies what a test printed as it was; control characters are no XML."""
    text = data.decode(encoding="utf-8", errors="replace")
    return ElementTree.fromstring(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "?", text))


def count_meson_cases(logs: Path) -> Tally:
    """Each TAP line is a case. A test that died after good lines has none that failed: it is
    one itself."""
    try:
        suites = parse_junit((logs / "testlog.junit.xml").read_bytes())
        lines = (logs / "testlog.json").read_text(encoding="utf-8").splitlines()
    except (OSError, ElementTree.ParseError) as error:
        print(f"failed: meson left no result: {error}")
        return Tally(failed=1)
    tally = Tally()
    bad_suites = set()
    for suite in suites:
        counted = sum((_count_case(case) for case in suite.iter("testcase")), Tally())
        tally += counted
        if counted.failed:
            bad_suites.add(suite.get("name", ""))
    for line in lines:
        test = json.loads(line)
        is_counted = any(name.endswith(test["name"]) for name in bad_suites)
        if test["result"] in ("FAIL", "ERROR", "TIMEOUT", "INTERRUPT") and not is_counted:
            print(f"failed: {test['name']}: {test['result']}")
            tally += Tally(failed=1)
    return tally


def _count_case(case: ElementTree.Element) -> Tally:
    if case.find("failure") is not None or case.find("error") is not None:
        return Tally(failed=1)
    if case.find("skipped") is not None:
        return Tally(skipped=1)
    return Tally(passed=1)


def check_rig(name: str, module: str, most_sec: int) -> Tally:
    """A rig of its own that prints TAP and needs root."""
    announce(name)
    begun = time.monotonic()
    tally = Tally()
    command = ["timeout", "--signal=TERM", "--kill-after=60", str(most_sec),
               sys.executable, "-m", module]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            tally += count_tap_line(line)
    if process.returncode != 0 and tally.failed == 0:
        print(f"failed: the rig ended with status {process.returncode}")
        tally += Tally(failed=1)
    print(f"{name}: {tally} ({time.monotonic() - begun:.0f} s)")
    return tally


def count_tap_line(line: str) -> Tally:
    match = re.match(r"(not )?ok\b(.*)", line)
    if match is None:
        return Tally()
    if re.search(r"#\s*skip", match.group(2), re.IGNORECASE):
        return Tally(skipped=1)
    return Tally(failed=1) if match.group(1) else Tally(passed=1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/check", description=__doc__)
    parser.add_argument("--full", action="store_true", help="with clang too")
    parser.add_argument("--no-vm", action="store_true", help="leave the guests out")
    options = parser.parse_args()
    build_dir = Path(os.environ["VT_BUILD_DIR"]).resolve()
    variants = [GCC, SANITIZERS] + ([CLANG] if options.full else [])
    tally = sum((check_variant(variant, build_dir) for variant in variants), Tally())
    tally += check_rig("NTP clients of others", "ntp.check", NTP_CLIENTS_SEC)
    if not options.no_vm:
        tally += check_rig("guests", "vm.check", GUESTS_SEC)
    print(f"\n{tally}", flush=True)
    return 0 if tally.failed == 0 and tally.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
