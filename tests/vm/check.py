# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds every scenario to its ceiling, twice; speaks TAP. One scenario by hand:
`python3 -m vm.check --scenario pause-5s --runs 1`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from .analysis import RIGHT_NS, Recovery
from .guest import Guest
from .hardships import HARDSHIPS, Hardship, World
from .hostd import Hostd
from .layout import Layout, RigError
from .rig import Rig
from .scenarios import BASELINE, RECOVERIES, Outcome, Scenario
from .tap import TapReport

NS_PER_MS = 1_000_000


@dataclass(frozen=True)
class Ceiling:
    """What no run may exceed; the goals, which `tools/bench` shows, are far below."""

    exposure_ms: float
    residual_ms: float
    floor_ms: float  # an echo slower than this says that the machine was disturbed


CEILINGS = {
    "boot": Ceiling(exposure_ms=5000, residual_ms=0.5, floor_ms=50),
    "pause-5s": Ceiling(exposure_ms=50, residual_ms=0.5, floor_ms=8),
    "pause-60s": Ceiling(exposure_ms=50, residual_ms=0.5, floor_ms=8),
    "two-pauses": Ceiling(exposure_ms=50, residual_ms=0.5, floor_ms=8),
    "save-restore": Ceiling(exposure_ms=1500, residual_ms=0.5, floor_ms=100),
    "managed-save": Ceiling(exposure_ms=1500, residual_ms=0.5, floor_ms=100),
    "revert": Ceiling(exposure_ms=1500, residual_ms=0.5, floor_ms=100),
    "hostd-killed": Ceiling(exposure_ms=2000, residual_ms=0.5, floor_ms=50),
    "agent-killed": Ceiling(exposure_ms=2000, residual_ms=0.5, floor_ms=50),
    "libvirtd-restarted": Ceiling(exposure_ms=50, residual_ms=0.5, floor_ms=8),
    "set-forward": Ceiling(exposure_ms=2500, residual_ms=0.5, floor_ms=50),
    "set-backward": Ceiling(exposure_ms=2500, residual_ms=0.5, floor_ms=50),
    "host-unsynchronised": Ceiling(exposure_ms=50, residual_ms=0.5, floor_ms=8),
}

# How exactly a guest without an agent must be late by the time it stood still.
BASELINE_ERROR_NS = 50 * NS_PER_MS


@dataclass(frozen=True)
class Claim:
    name: str
    holds: bool
    detail: str = ""


def judge(outcome: Outcome, ceiling: Ceiling) -> list[Claim]:
    claims = []
    for number, recovery in enumerate(outcome.recoveries, start=1):
        place = f"resume-{number}/" if len(outcome.recoveries) > 1 else ""
        claims += [Claim(place + claim.name, claim.holds, claim.detail)
                   for claim in _judge_recovery(recovery, ceiling)]
    return claims


def _judge_recovery(recovery: Recovery, ceiling: Ceiling) -> list[Claim]:
    exposure_ns, residual = recovery.exposure_ns, recovery.residual
    if exposure_ns is None or residual is None:
        stale = "unknown" if recovery.stale_ns is None else f"{recovery.stale_ns / 1e9:.3f} s"
        return [Claim("put-right", False, f"never shown right; late by {stale} at first")]
    echo = "no echo" if recovery.echo_ns is None else f"echo {recovery.echo_ns / 1e6:.2f} ms"
    return [
        Claim("put-right-in-time", exposure_ns <= ceiling.exposure_ms * NS_PER_MS,
              f"exposure {exposure_ns / 1e6:.2f} ms, ceiling {ceiling.exposure_ms:g} ms, {echo}"),
        Claim("leaves-little", residual.size_ns <= ceiling.residual_ms * NS_PER_MS,
              f"residual {residual.offset_ns / 1e3:.0f} us +- {residual.error_ns / 1e3:.0f} us, "
              f"ceiling {ceiling.residual_ms * 1e3:g} us, {residual.n_probes} probes"),
        Claim("stays-right", recovery.worst_after_ns <= RIGHT_NS,
              f"at most {recovery.worst_after_ns / 1e3:.0f} us shown afterwards"),
        Claim("publishes-a-true-bound", recovery.lie_ns <= ceiling.exposure_ms * NS_PER_MS,
              f"error beyond the published bound for {recovery.lie_ns / 1e6:.2f} ms"),
    ]


def is_disturbed(outcome: Outcome, ceiling: Ceiling) -> bool:
    return any(recovery.echo_ns is None or recovery.echo_ns > ceiling.floor_ms * NS_PER_MS
               for recovery in outcome.recoveries)


class Check:
    def __init__(self, rig: Rig, report: TapReport) -> None:
        self._rig = rig
        self._report = report
        self._hostd: Hostd
        self._guest: Guest

    def run(self, scenarios: list[Scenario | Hardship], n_runs: int) -> None:
        self._hostd = self._rig.start_hostd()
        self._guest = self._rig.boot_guest("agent", has_link=True)
        self._check_baseline()
        self._guest.start_agent()
        for scenario in scenarios:
            # What kills daemons takes long, and one run shows whether it is survived.
            n_repeats = 1 if isinstance(scenario, Hardship) else n_runs
            for number in range(1, n_repeats + 1):
                self._check_scenario(scenario, number)
        n_kills = sum(scenario.name == "agent-killed" for scenario in scenarios)
        self._check_daemons(n_kills)

    def _check_baseline(self) -> None:
        """Before the agent is started for the first time."""
        outcome = BASELINE.run(self._guest, self._rig.output_dir / "baseline.csv")
        recovery = outcome.recoveries[0]
        before = [p for p in outcome.probes if p.read_ns < recovery.resumed_ns]
        holds, detail = False, "no probe was answered"
        if before and recovery.stale_ns is not None:
            late_ns = recovery.stale_ns - before[0].offset_ns
            error_ns = late_ns - outcome.stood_still_ns[0]
            holds = abs(error_ns) <= BASELINE_ERROR_NS and recovery.exposure_ns is None
            detail = (f"stood still {outcome.stood_still_ns[0] / 1e9:.3f} s, then late by "
                      f"{late_ns / 1e9:.3f} s more than before")
        self._report.add("vm/baseline/late-by-the-pause", holds, detail)

    def _check_scenario(self, scenario: Scenario | Hardship, number: int) -> None:
        place = f"vm/{scenario.name}/run-{number}"
        ceiling = CEILINGS[scenario.name]
        try:
            outcome = self._measure(scenario, number)
            claims = judge(outcome, ceiling)
            if not all(claim.holds for claim in claims) and is_disturbed(outcome, ceiling):
                print(f"# {place}: the floor was disturbed, once more", flush=True)
                claims = judge(self._measure(scenario, number), ceiling)
        except (RigError, TimeoutError) as error:
            claims = [Claim("runs", False, str(error))]
        for claim in claims:
            self._report.add(f"{place}/{claim.name}", claim.holds, claim.detail)

    def _measure(self, scenario: Scenario | Hardship, number: int) -> Outcome:
        csv_path = self._rig.output_dir / f"{scenario.name}-{number}.csv"
        if isinstance(scenario, Hardship):
            world = World(self._guest, self._hostd, self._rig.hypervisor)
            return scenario.run(world, csv_path)
        return scenario.run(self._guest, csv_path)

    def _check_daemons(self, n_kills: int) -> None:
        add = self._report.add
        deaths = self._guest.count_agent_deaths()
        add("vm/agent/never-died-by-itself", deaths == n_kills,
            f"{deaths} deaths, {n_kills} of them wanted")
        tracking = self._guest.query_tracking()
        add("vm/agent/tracks-the-host",
            tracking["state"] == "tracking" and tracking["link"] == "up",
            f"state {tracking['state']}, link {tracking['link']}, "
            f"reference '{tracking['reference']}'")
        add("vm/hostd/never-died", self._hostd.is_alive())
        seen = self._hostd.query_guest(self._guest.domain.name)
        add("vm/hostd/saw-every-recovery",
            seen["link"] == "up" and seen["acks"] > 0 and seen["failed-recoveries"] == 0,
            f"link {seen['link']}, {seen['notices']} notices, {seen['acks']} acknowledged, "
            f"{seen['failed-recoveries']} recoveries failed")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    known = (*RECOVERIES, *HARDSHIPS)
    names = [scenario.name for scenario in known]
    parser.add_argument("--scenario", action="append", choices=names)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--output", type=Path, help="where samples and logs go")
    options = parser.parse_args()
    layout = Layout.from_environment()
    output_dir = options.output or layout.build_dir / "vm-check"
    scenarios = [s for s in known if not options.scenario or s.name in options.scenario]
    report = TapReport()
    try:
        if not layout.has_daemons():
            raise RigError(f"the daemons are not built in '{layout.build_dir}'")
        with Rig(layout, output_dir) as rig:
            print(f"# samples and logs: {output_dir}", flush=True)
            Check(rig, report).run(scenarios, options.runs)
    except (RigError, TimeoutError) as error:
        report.add("vm/rig/works", False, str(error))
    except KeyboardInterrupt:
        report.add("vm/rig/runs-to-the-end", False, "interrupted")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
