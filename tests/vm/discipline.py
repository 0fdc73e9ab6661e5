# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same events in the same guest, under one keeper of its clock after the other. Results are kept:
a run that was interrupted, or whose time was over, goes on where it ended."""

from __future__ import annotations

import argparse
import csv
import os
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path

from .contenders import CONTENDERS, Contender
from .discipline_pictures import Shown, draw_allan, draw_guests, draw_simulated_jump
from .discipline_table import format_table
from .events import JUMPS, PAUSE, Event, Measured, make_rest
from .guest import Guest
from .layout import Layout, RigError
from .peers import Peers
from .rig import Rig
from .wire import GUEST_ADDRESS, PREFIX_BITS

RESULTS = "guests.csv"
REST_SEC = 600
# From a clock that is right to one that is kept; then, so that no contender always meets an event
# at the same moment between two of its looks at the server, as much more as lies between two.
SETTLE_SEC = 25.0
BOOT_SEC = 20.0
SHOWN_EVENT = "jump+200ppm"

# On the bridge's network, of guests that are not alone.
FIRST_ADDRESS = 10


@dataclass(frozen=True)
class Row:
    contender: str
    event: str
    run: int
    measured: Measured


Key = tuple[str, str, int]
Task = tuple[Contender, Event, int]


def load_rows(path: Path) -> list[Row]:
    if not path.exists():
        return []
    kinds = {field.name: float if field.name == "jump_ppm" else int for field in fields(Measured)}
    with open(path, encoding="ascii", newline="") as lines:
        return [Row(line["contender"], line["event"], int(line["run"]),
                    Measured(**{name: kind(line[name]) if line[name] else None
                                for name, kind in kinds.items()}))
                for line in csv.DictReader(lines)]


def append_row(path: Path, row: Row) -> None:
    names = [field.name for field in fields(Measured)]
    is_new = not path.exists()
    with open(path, "a", encoding="ascii", newline="") as lines:
        writer = csv.writer(lines)
        if is_new:
            writer.writerow(["contender", "event", "run", *names])
        values = (getattr(row.measured, name) for name in names)
        writer.writerow([row.contender, row.event, row.run,
                         *("" if value is None else value for value in values)])


def find_missing(rows: list[Row], contenders: list[Contender], events: list[Event],
                 n_runs: int) -> list[Task]:
    """Round by round, and within a round one contender after the other."""
    done: set[Key] = {(row.contender, row.event, row.run) for row in rows}
    return [(contender, event, run)
            for run in range(1, n_runs + 1) for contender in contenders for event in events
            if (contender.name, event.name, run) not in done]


class Bench:
    """One guest at a time; a new one for each contender, and after an event that it did not get
    over in time. Several may be at work beside each other, each with an address of its own."""

    # The rig boots one guest at a time, and there is one file.
    _one_at_a_time = threading.Lock()

    def __init__(self, rig: Rig, folder: Path, deadline: float,
                 address: str = GUEST_ADDRESS) -> None:
        self._rig = rig
        self._folder = folder
        self._deadline = deadline
        self._address = address
        self._guest: Guest | None = None
        self._contender: Contender | None = None
        self._n_boots = 0

    def measure(self, contender: Contender, event: Event, run: int) -> bool:
        """False: there was no time left for it."""
        is_new = self._contender != contender
        cost_sec = (event.extra_sec + contender.patience_sec
                    + (BOOT_SEC + SETTLE_SEC + contender.poll_sec if is_new else 0))
        if time.monotonic() + cost_sec > self._deadline:
            return False
        begun = time.monotonic()
        if is_new:
            self._begin(contender, random.Random(f"{contender.name} {event.name} {run}"))
        assert self._guest is not None
        csv_path = self._folder / "samples" / f"{contender.name}-{event.name}-{run}.csv"
        measured = event.run(self._guest, csv_path, contender.patience_sec)
        with self._one_at_a_time:
            append_row(self._folder / RESULTS,
                       Row(contender.name, event.name, run, measured))
        if measured.back_ns is None:
            self._contender = None
        print(f"{contender.name} {event.name} run {run}: {measured} "
              f"({time.monotonic() - begun:.0f} s)", flush=True)
        return True

    def _begin(self, contender: Contender, chance: random.Random) -> None:
        if self._guest is not None:
            self._guest.close()
        self._n_boots += 1
        with self._one_at_a_time:
            self._guest = self._rig.boot_guest_with_oscillator(f"{contender.name}-{self._n_boots}")
        self._guest.set_right()
        if self._address != GUEST_ADDRESS:
            self._guest.shell.check(
                f"ip addr del {GUEST_ADDRESS}/{PREFIX_BITS} dev eth0 && "
                f"ip addr add {self._address}/{PREFIX_BITS} dev eth0")
        contender.start(self._guest)
        self._contender = contender
        time.sleep(SETTLE_SEC + chance.uniform(0, contender.poll_sec))
        if not self._guest.is_kept():
            raise RigError(f"{contender.label} does not keep the clock: {self._guest.read_log()}")


def measure_in_turn(layout: Layout, missing: list[Task], folder: Path, deadline: float) -> bool:
    """False: there was no time left for all."""
    with Rig(layout, folder / "logs", _find_peers()) as rig:
        rig.start_hostd()
        bench = Bench(rig, folder, deadline)
        return all([bench.measure(*task) for task in missing])


def measure_side_by_side(layout: Layout, missing: list[Task], folder: Path,
                         deadline: float) -> bool:
    """As many guests as there are contenders: for those that are late by seconds, not by
    milliseconds, so that their neighbour does not matter."""
    names = sorted({contender.name for contender, _event, _run in missing})
    problems: list[Exception] = []
    is_whole = [False] * len(names)

    def run(number: int, bench: Bench) -> None:
        mine = [task for task in missing if task[0].name == names[number]]
        try:
            is_whole[number] = all([bench.measure(*task) for task in mine])
        except (RigError, TimeoutError, ValueError) as error:
            problems.append(error)

    with Rig(layout, folder / "logs", _find_peers()) as rig:
        rig.start_hostd()
        network = GUEST_ADDRESS.rsplit(".", maxsplit=1)[0]
        threads = [threading.Thread(
            target=run, daemon=True,
            args=(number, Bench(rig, folder, deadline, f"{network}.{FIRST_ADDRESS + number}")))
            for number in range(len(names))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if problems:
        raise problems[0]
    return all(is_whole)


def _find_peers() -> Peers:
    return Peers(Path(os.environ["VT_NTP_CLIENTS"]))


def draw_pictures(folder: Path) -> None:
    """Of what is there: the simulator's files, and a run that all had."""
    pictures = {}
    if (folder / "offsets.csv").exists():
        pictures["simulated"] = draw_simulated_jump(folder / "offsets.csv")
    if (folder / "allan.csv").exists():
        pictures["allan"] = draw_allan(folder / "allan.csv")
    shown = find_shown(load_rows(folder / RESULTS), folder)
    if shown:
        pictures["guests"] = draw_guests(shown)
    for name, picture in pictures.items():
        (folder / f"discipline-{name}.svg").write_text(picture, encoding="utf-8")


def find_shown(rows: list[Row], folder: Path) -> list[Shown]:
    """The newest of the runs that most contenders had."""
    jumps = {(row.contender, row.run): row.measured.began_ns for row in rows
             if row.event == SHOWN_EVENT and row.measured.began_ns is not None}
    n_contenders = Counter(run for _contender, run in jumps)
    if not jumps:
        return []
    shown_run = max(n_contenders, key=lambda run: (n_contenders[run], run))
    return [Shown(one.label, folder / "samples" / f"{one.name}-{SHOWN_EVENT}-{shown_run}.csv",
                  jumps[(one.name, shown_run)])
            for one in CONTENDERS if (one.name, shown_run) in jumps]


def main() -> int:
    names = [contender.name for contender in CONTENDERS]
    parser = argparse.ArgumentParser(prog="tools/bench discipline guests", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rest-sec", type=float, default=REST_SEC)
    parser.add_argument("--contender", action="append", choices=names)
    parser.add_argument("--event", action="append")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    parser.add_argument("--turn-sec", type=float, default=float("inf"),
                        help="begin nothing that would not be over in this time")
    parser.add_argument("--side-by-side", action="store_true",
                        help="all contenders at the same time, each in a guest of its own")
    options = parser.parse_args()
    begun = time.monotonic()
    layout = Layout.from_environment()
    folder = layout.build_dir / "discipline"
    results = folder / RESULTS
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    if options.fresh:
        results.unlink(missing_ok=True)
    events = [event for event in (*JUMPS, PAUSE, make_rest(options.rest_sec))
              if not options.event or event.name in options.event]
    contenders = [c for c in CONTENDERS if not options.contender or c.name in options.contender]
    missing = find_missing(load_rows(results), contenders, events, options.runs)
    measure = measure_side_by_side if options.side_by_side else measure_in_turn
    is_whole = False
    try:
        is_whole = not missing or measure(layout, missing, folder, begun + options.turn_sec)
    except (RigError, TimeoutError, ValueError, KeyboardInterrupt) as error:
        print(f"tools/bench: {str(error) or 'interrupted'}", file=sys.stderr)
    if not is_whole:
        print("tools/bench: not whole yet; the same command goes on from here", file=sys.stderr)
    table, has_reached = format_table(
        {(row.contender, row.event, row.run): row.measured for row in load_rows(results)})
    print(table)
    draw_pictures(folder)
    print(f"results and pictures: {folder}")
    return 0 if is_whole and has_reached else 1


if __name__ == "__main__":
    sys.exit(main())
