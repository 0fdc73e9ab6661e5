# SPDX-License-Identifier: LGPL-2.1-or-later
"""How well the RTC serves on each kind of machine: whether its interrupt comes and how late,
whether a write moves its phase, what watching it costs, and what it makes of a pause with nothing
else in the guest."""

from __future__ import annotations

import argparse
import csv
import sys
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from .alone import find_right, wait_for
from .analysis import find_residual
from .domain import Machine
from .guest import Guest
from .layout import Layout, RigError
from .rest import measure_wake_ups
from .rig import Rig
from .scenarios import stand_still, watch

NS_PER_SEC = 1_000_000_000
NS_PER_MS = 1_000_000

MODELS = ("pc", "q35")
# The kernel stops an Intel machine's RTC for a write, and does not stop an AMD's.
PROCESSORS = {"AMD": "Opteron_G1", "Intel": "Conroe"}

# Without an interrupt each of the first eight edges is looked for.
EDGES_SEC = 10
REST_SEC = 20
N_INTERRUPTS = 6
PAUSE_SEC = 5
AFTER_SEC = 5
SETTLED_SEC = 1.0
RIGHT_NS = 10 * NS_PER_MS
OFF_PHASE_NS = 300 * NS_PER_MS


@dataclass(frozen=True)
class Result:
    model: str
    processor: str
    hpet: str
    interrupt_late_ms: str  # than an edge that was looked for; "none": it does not come
    write_moves_ms: str
    method: str             # of the agent
    hint: str               # what it took the pause for
    within_a_second_ms: str
    right_ms: str           # within 10 ms, after the resume
    wake_ups: str           # of the agent, a second, before the pause
    off_ms: str             # from what the clock was before, at last
    bound_ms: str           # what the agent said that this is at most

    @property
    def is_bound_true(self) -> bool:
        return "none" not in (self.off_ms, self.bound_ms) and (
            abs(float(self.off_ms)) <= float(self.bound_ms))


def _find_phase(guest: Guest, n_interrupts: int) -> tuple[int, list[int]]:
    """Of an edge that was looked for, and how much later the interrupts' are."""
    looked_ns, *interrupts_ns = map(int, guest.shell.check(f"rtc-edge {n_interrupts}").split())
    return looked_ns % NS_PER_SEC, [_wrap(at_ns - looked_ns) for at_ns in interrupts_ns]


def _wrap(span_ns: int) -> int:
    """To the nearest whole second."""
    return (span_ns + NS_PER_SEC // 2) % NS_PER_SEC - NS_PER_SEC // 2


def _format_late(late_ns: list[int]) -> str:
    if not late_ns:
        return "none"
    return f"{min(late_ns) / 1e6:.1f} to {max(late_ns) / 1e6:.1f}"


def _format(span_ns: int | None) -> str:
    return "none" if span_ns is None else f"{span_ns / 1e6:.1f}"


def examine(guest: Guest, machine: Machine, processor: str, csv_path: Path) -> Result:
    # The kernel set its clock by the RTC: a write would be in phase by itself.
    guest.step_clock(OFF_PHASE_NS)
    before_ns, late_ns = _find_phase(guest, N_INTERRUPTS)
    guest.shell.check("hwclock -w -u")
    after_ns, _late_ns = _find_phase(guest, 0)
    guest.set_right()
    guest.start_agent()
    wait_for("the RTC gives no reading", lambda: guest.query_clock("rtc")["readings"] > 0)
    time.sleep(EDGES_SEC)
    method = guest.query_clock("rtc")["method"]
    wake_ups = measure_wake_ups(guest, REST_SEC)
    domain = guest.domain
    outcome = watch(guest, "rtc", csv_path,
                    lambda: [stand_still(guest, domain.suspend, PAUSE_SEC, domain.resume)],
                    AFTER_SEC)
    residual = find_residual(guest.sample(SETTLED_SEC))
    bound_ns = guest.query_tracking()["host-error-ns"]
    records = guest.query_journal()
    guest.stop_agent()
    resumed_ns = outcome.recoveries[0].resumed_ns
    return Result(
        machine.model, processor, "yes" if machine.has_hpet else "no", _format_late(late_ns),
        _format(_wrap(after_ns - before_ns)), method,
        "+".join(one["hint"] for one in records) or "none",
        _format(find_right(outcome.probes, resumed_ns, NS_PER_SEC)),
        _format(find_right(outcome.probes, resumed_ns, RIGHT_NS)), f"{wake_ups:.2f}",
        _format(None if residual is None else residual.offset_ns), _format(bound_ns))


def format_table(results: list[Result]) -> str:
    names = [field.name.replace("_", " ") for field in fields(Result)]
    rows = [names, *([str(value) for value in asdict(result).values()] for result in results)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(names))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                     for row in rows)


def write_csv(path: Path, results: list[Result]) -> None:
    with open(path, "w", encoding="ascii", newline="") as lines:
        writer = csv.DictWriter(lines, [field.name for field in fields(Result)])
        writer.writeheader()
        writer.writerows(asdict(result) for result in results)


def _measure(rig: Rig, folder: Path, wanted: str) -> list[Result]:
    results = []
    for model in MODELS:
        for processor, cpu in PROCESSORS.items():
            for has_hpet in (False, True):
                role = f"rtc-{model}-{processor.lower()}{'-hpet' if has_hpet else ''}"
                if wanted not in role:
                    continue
                machine = Machine(model=model, cpu=cpu, has_hpet=has_hpet)
                guest = rig.boot_guest(role, False, machine)
                try:
                    results.append(examine(guest, machine, processor, folder / f"{role}.csv"))
                finally:
                    guest.close()
                print(f"{role}: {results[-1]}", flush=True)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/bench clocks", description=__doc__)
    parser.add_argument("--machine", default="", metavar="TEXT",
                        help="only those whose name contains it: rtc-q35-intel-hpet")
    wanted = parser.parse_args().machine
    layout = Layout.from_environment()
    folder = layout.build_dir / "bench" / "clocks"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with Rig(layout, folder) as rig:
            results = _measure(rig, folder, wanted)
    except (RigError, TimeoutError, KeyboardInterrupt) as error:
        print(f"tools/bench: {str(error) or 'interrupted'}", file=sys.stderr)
        return 1
    write_csv(folder / "rtc.csv", results)
    print(format_table(results))
    print(f"results: {folder / 'rtc.csv'}")
    is_good = all(one.right_ms != "none" and one.is_bound_true for one in results)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
