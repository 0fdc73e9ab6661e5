# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent beside each time daemon of others, with a pause of 60 s, and in the same guest the agent
alone: figures, claims, and what the daemon itself says afterwards. `tools/bench coexistence
[NAME...]`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from .analysis import Recovery
from .check import Ceiling, judge
from .coexistence import Beside, measure_alone, measure_beside
from .hardships import World
from .layout import Layout, RigError
from .neighbours import NEIGHBOURS, Neighbour
from .rig import Rig
from .tap import TapReport

# What comes after the step is the daemon's work.
CEILING = Ceiling(exposure_ms=100, residual_ms=1, floor_ms=8, settled_ms=5, stays_ms=5)


@dataclass(frozen=True)
class Row:
    """One pause beside a daemon, and one without it on the same guest."""

    name: str
    alone: Recovery
    beside: Beside

    def format(self) -> str:
        recovery, watched = self.beside.outcome.recoveries[0], self.beside.watched
        alone_ns, beside_ns = self.alone.exposure_ns, recovery.exposure_ns
        ratio = f"{beside_ns / alone_ns:.1f}" if alone_ns and beside_ns else "-"
        return (f"{self.name:10} {_in_ms(alone_ns):>9} {_in_ms(beside_ns):>9} {ratio:>6} "
                f"{_in_ms(self.alone.echo_ns):>11} {_in_ms(recovery.echo_ns):>11} "
                f"{_in_us(recovery.residual):>11} {_in_us(recovery.settled):>10} "
                f"{watched.sets:>5} {watched.backward:>9} {watched.rates:>6}")


HEADING = (f"{'beside':10} {'alone ms':>9} {'beside ms':>9} {'ratio':>6} {'floor alone':>11} "
           f"{'floor besd.':>11} {'residual us':>11} {'2 s on us':>10} {'sets':>5} "
           f"{'backward':>9} {'rates':>6}")


def _in_ms(span_ns: int | None) -> str:
    return "-" if span_ns is None else f"{span_ns / 1e6:.1f}"


def _in_us(residual) -> str:
    return "-" if residual is None else f"{residual.offset_ns / 1e3:+.0f}"


def _measure(rig: Rig, report: TapReport, neighbour: Neighbour, seconds: float,
             world: World) -> Row | None:
    place = f"beside-{neighbour.name}"
    folder: Path = rig.output_dir
    row = None
    try:
        alone = measure_alone(world, folder / f"{place}-alone.csv", seconds)
        beside = measure_beside(world, neighbour, folder / f"{place}.csv", seconds)
        for claim in judge(beside.outcome, CEILING):
            report.add(f"{place}/{claim.name}", claim.holds, claim.detail)
        row = Row(neighbour.name, alone.recoveries[0], beside)
    except (RigError, TimeoutError) as error:
        report.add(f"{place}/runs", False, str(error))
    for line in world.guest.shell.run(neighbour.show)[1].splitlines()[-20:]:
        print(f"#   {neighbour.name}: {line}", flush=True)
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [neighbour.name for neighbour in NEIGHBOURS]
    parser.add_argument("names", nargs="*", choices=[*names, []], metavar="NAME")
    parser.add_argument("--seconds", type=float, default=60, help="of the pause")
    options = parser.parse_args()
    layout = Layout.from_environment()
    report = TapReport()
    rows = []
    with Rig(layout, layout.build_dir / "vm-coexistence") as rig:
        hostd = rig.start_hostd()
        for neighbour in NEIGHBOURS:
            if options.names and neighbour.name not in options.names:
                continue
            # One at a time: a second guest would starve the first.
            guest = rig.boot_system(neighbour.name, neighbour)
            rows.append(_measure(rig, report, neighbour, options.seconds,
                                 World(guest, hostd, rig.hypervisor, rig.hostd_dir)))
            guest.close()
    print(HEADING, *(row.format() for row in rows if row is not None), sep="\n", flush=True)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
