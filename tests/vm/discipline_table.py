# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of the bench: each event under each contender, and virt-time beside the best peer.
Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from .events import Measured

PEERS = ("chronyd-tuned", "chronyd", "timesyncd")
ALL = ("virt-time", "virt-time-ntp", *PEERS)

# A clock that never was further off than the limit was back before it left: what is told of it is
# at most what a quarter of a second tells.
LEAST_BACK_NS = 250_000_000

Key = tuple[str, str, int]


@dataclass(frozen=True)
class Goal:
    """As many times as fast as the fastest of the peers, at least."""

    event: str
    contender: str
    ratio: float


GOALS = (
    Goal("jump+200ppm", "virt-time", 2),
    Goal("pause-60s", "virt-time", 100),
    Goal("pause-60s", "virt-time-ntp", 3),
)


@dataclass(frozen=True)
class Summary:
    """Of all runs. A time of return that is not known is at least as long as was watched."""

    n_runs: int
    n_back: int
    back_ns: float  # median
    peak_ns: float  # median

    @property
    def is_back(self) -> bool:
        return 2 * self.n_back > self.n_runs

    def __str__(self) -> str:
        sign = "" if self.is_back else ">"
        return f"{sign}{self.back_ns / 1e9:.3f} s ({self.n_back}/{self.n_runs})"


def summarise(runs: list[Measured]) -> Summary | None:
    if not runs:
        return None
    backs = [run.back_ns if run.back_ns is not None else run.watched_ns or 0 for run in runs]
    return Summary(len(runs), sum(run.back_ns is not None for run in runs),
                   statistics.median(backs),
                   statistics.median(run.peak_ns or 0 for run in runs))


def _gather(rows: Mapping[Key, Measured], contender: str, event: str) -> list[Measured]:
    return [measured for (who, what, _run), measured in sorted(rows.items())
            if (who, what) == (contender, event)]


def format_table(rows: Mapping[Key, Measured]) -> tuple[str, bool]:
    """The text, and whether all goals were reached."""
    lines: list[str] = []
    events = sorted({event for _contender, event, _run in rows})
    for event in events:
        lines += _format_rest(rows) if event == "rest" else _format_event(rows, event)
    verdicts = [_judge(rows, goal) for goal in GOALS]
    lines += ["", *(text for text, _holds in verdicts)]
    return "\n".join(lines), all(holds for _text, holds in verdicts)


def _format_event(rows: Mapping[Key, Measured], event: str) -> list[str]:
    lines = ["", f"{event:16} {'right for good after':>24}  {'greatest error':>16}"]
    for contender in ALL:
        summary = summarise(_gather(rows, contender, event))
        if summary is not None:
            lines.append(f"  {contender:14} {str(summary):>24}  "
                         f"{summary.peak_ns / 1e6:>13.3f} ms")
    return lines


def _format_rest(rows: Mapping[Key, Measured]) -> list[str]:
    lines = ["", f"{'rest':16} {'RMS':>24}  {'greatest error':>16}  {'the probe':>10}"]
    for contender in ALL:
        runs = _gather(rows, contender, "rest")
        if runs:
            rms, peak, probe = (statistics.median(getattr(run, name) or 0 for run in runs) / 1e3
                                for name in ("rms_ns", "peak_ns", "probe_ns"))
            lines.append(f"  {contender:14} {rms:21.0f} us  {peak:13.0f} us  +-{probe:5.0f} us")
    return lines


def _judge(rows: Mapping[Key, Measured], goal: Goal) -> tuple[str, bool]:
    ours = summarise(_gather(rows, goal.contender, goal.event))
    peers = {name: summary for name in PEERS
             if (summary := summarise(_gather(rows, name, goal.event))) is not None}
    head = f"{goal.contender}, {goal.event}: "
    if ours is None or not peers:
        return head + "not measured", False
    best = min(peers, key=lambda name: peers[name].back_ns)
    least_ns = LEAST_BACK_NS if goal.event.startswith("jump") else 1
    ratio = peers[best].back_ns / max(ours.back_ns, least_ns)
    holds = ours.is_back and ratio >= goal.ratio
    sign = "" if peers[best].is_back and ours.back_ns >= least_ns else "more than "
    return (f"{head}{sign}{ratio:.1f} times as fast as {best}, goal {goal.ratio:g}: "
            f"{'reached' if holds else 'missed'}"), holds
