# SPDX-License-Identifier: LGPL-2.1-or-later
"""The agent beside each time daemon of others, with a pause of 60 s: figures, claims, and what the
daemon itself says afterwards. `tools/bench coexistence [NAME...]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .check import Ceiling, judge
from .coexistence import run_beside
from .hardships import World
from .layout import Layout, RigError
from .neighbours import NEIGHBOURS, Neighbour
from .rig import Rig
from .tap import TapReport

CEILING = Ceiling(exposure_ms=100, residual_ms=1, floor_ms=8, settled_ms=1)


def _measure(rig: Rig, report: TapReport, neighbour: Neighbour, seconds: float,
             world: World) -> None:
    place = f"beside-{neighbour.name}"
    try:
        outcome = run_beside(world, neighbour, rig.output_dir / f"{place}.csv", seconds)
        for claim in judge(outcome, CEILING):
            report.add(f"{place}/{claim.name}", claim.holds, claim.detail)
    except (RigError, TimeoutError) as error:
        report.add(f"{place}/runs", False, str(error))
    for line in world.guest.shell.run(neighbour.show)[1].splitlines()[-20:]:
        print(f"#   {neighbour.name}: {line}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [neighbour.name for neighbour in NEIGHBOURS]
    parser.add_argument("names", nargs="*", choices=[*names, []], metavar="NAME")
    parser.add_argument("--seconds", type=float, default=60, help="of the pause")
    options = parser.parse_args()
    layout = Layout.from_environment()
    report = TapReport()
    with Rig(layout, layout.build_dir / "vm-coexistence") as rig:
        hostd = rig.start_hostd()
        for neighbour in NEIGHBOURS:
            if options.names and neighbour.name not in options.names:
                continue
            # One at a time: a second guest would starve the first.
            guest = rig.boot_system(neighbour.name, neighbour)
            _measure(rig, report, neighbour, options.seconds,
                     World(guest, hostd, rig.hypervisor, rig.hostd_dir))
            guest.close()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
