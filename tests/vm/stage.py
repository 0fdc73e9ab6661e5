# SPDX-License-Identifier: LGPL-2.1-or-later
"""hostd and the one guest that a scenario needs, whichever that is."""

from __future__ import annotations

from pathlib import Path

from .guest import Guest
from .hardships import HARDSHIPS, Hardship, World
from .hostd import Hostd
from .networks import LINKED, LINKLESS
from .oddities import ODDITIES
from .rig import Rig
from .scenarios import RECOVERIES, Outcome, Scenario

# In this order: the first one starts the agent, the last ones need a guest of their own.
ALL: tuple[Scenario | Hardship, ...] = (*RECOVERIES, *HARDSHIPS, *ODDITIES, *LINKED, *LINKLESS)


class Stage:
    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._has_link = True
        self.hostd: Hostd = rig.start_hostd()
        self.guest: Guest = rig.boot_guest("agent", has_link=True)

    def measure(self, scenario: Scenario | Hardship, csv_path: Path) -> Outcome:
        self._choose_guest(scenario not in LINKLESS)
        if isinstance(scenario, Scenario):
            return scenario.run(self.guest, csv_path)
        world = World(self.guest, self.hostd, self._rig.hypervisor, self._rig.hostd_dir)
        return scenario.run(world, csv_path)

    def _choose_guest(self, has_link: bool) -> None:
        if has_link == self._has_link:
            return
        # One at a time: a second guest would starve the first.
        self.guest.close()
        self._has_link = has_link
        self.guest = self._rig.boot_guest("agent" if has_link else "linkless", has_link)
        if has_link:
            self.guest.start_agent()
        else:
            self.guest.set_right()
