# SPDX-License-Identifier: LGPL-2.1-or-later
"""How often the agent wakes up at rest, by what it follows: all hints and providers together. At
rest it is once it has followed for a minute."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .alone import wait_for
from .devices import CARD_SETTINGS, DEVICES, NO_RTC, restart, without_link
from .guest import Guest
from .layout import Layout, RigError
from .networks import HOST_SETTINGS
from .rest import measure_wake_ups
from .rig import Rig

SHORT_TICK = "[agent]\\ntick=125ms\\n"
SETTLE_SEC = 60
REST_SEC = 60


@dataclass(frozen=True)
class Result:
    name: str
    wake_ups: float
    goal: float | None

    @property
    def is_met(self) -> bool:
        return self.goal is None or self.wake_ups <= self.goal

    def __str__(self) -> str:
        goal = "-" if self.goal is None else f"{self.goal:g}"
        return f"{self.name}: {self.wake_ups:.2f} wake-ups a second, goal {goal}"


def _measure(guest: Guest, name: str, reference: str, goal: float | None) -> Result:
    wait_for(f"'{reference}' is not followed",
             lambda: guest.query_tracking()["reference"] == reference)
    time.sleep(SETTLE_SEC)
    result = Result(name, measure_wake_ups(guest, REST_SEC), goal)
    print(result, flush=True)
    return result


def _measure_link(rig: Rig) -> list[Result]:
    guest = rig.boot_guest("rest-link", has_link=True)
    guest.start_agent()
    try:
        results = [_measure(guest, "link", "link", 2.3)]
        restart(guest, SHORT_TICK)
        results.append(_measure(guest, "link, tick of 125 ms", "link", None))
        return results
    finally:
        guest.close()


def _measure_linkless(rig: Rig) -> list[Result]:
    guest = rig.boot_guest("rest-linkless", has_link=False)
    guest.set_right()
    guest.start_agent()
    try:
        results = [_measure(guest, "RTC alone", "rtc0", None)]
        restart(guest, NO_RTC + HOST_SETTINGS)
        results.append(_measure(guest, "NTP each second", "host", 2.3))
        restart(guest, HOST_SETTINGS)
        results.append(_measure(guest, "NTP each second, RTC watched", "host", 2.3))
        return results
    finally:
        guest.close()


def _measure_card(rig: Rig) -> list[Result]:
    guest = rig.boot_new("rest-card", DEVICES)
    guest.start_agent()
    try:
        with without_link(guest):
            guest.forget()
            restart(guest, NO_RTC + CARD_SETTINGS)
            results = [_measure(guest, "PTP clock", "ptp0", 1.2)]
            restart(guest, NO_RTC + "tick=125ms\\n" + CARD_SETTINGS)
            results.append(_measure(guest, "PTP clock, tick of 125 ms", "ptp0", None))
            return results
    finally:
        guest.close()


PARTS: dict[str, Callable[[Rig], list[Result]]] = {
    "card": _measure_card,
    "link": _measure_link,
    "linkless": _measure_linkless,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/bench clocks", description=__doc__)
    parser.add_argument("--part", action="append", choices=PARTS)
    wanted = parser.parse_args().part or list(PARTS)
    layout = Layout.from_environment()
    folder: Path = layout.build_dir / "bench" / "rest"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with Rig(layout, folder) as rig:
            rig.start_hostd()
            results = [result for name in wanted for result in PARTS[name](rig)]
    except (RigError, TimeoutError, KeyboardInterrupt) as error:
        print(f"tools/bench: {str(error) or 'interrupted'}", file=sys.stderr)
        return 1
    return 0 if all(result.is_met for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
