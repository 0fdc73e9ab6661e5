# SPDX-License-Identifier: LGPL-2.1-or-later
"""hostd and the one guest that a scenario needs, whichever that is."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

from .alone import ALONE
from .bare import BARE
from .coexistence import BESIDE
from .day import DAY
from .day_nodes import name_server
from .day_units import DAY_UNITS
from .devices import DEVICE_SCENARIOS, DEVICES
from .guest import Guest
from .hardships import HARDSHIPS, Hardship, World
from .hostd import Hostd
from .kvm import KVM
from .migration import MIGRATION
from .neighbours import CHRONYD
from .networks import LINKED, LINKLESS
from .oddities import ODDITIES
from .rates import RATES
from .rig import Rig
from .scenarios import RECOVERIES, Outcome, Scenario
from .signs import SIGNS
from .system_tools import SYSTEM_TOOLS
from .units import SYSTEM

# In this order: the first one starts the agent, the last ones need a guest of their own, and those
# that move the clock by hours come after those that ask the RTC.
ALL: tuple[Scenario | Hardship, ...] = (*RECOVERIES, *HARDSHIPS, *ODDITIES, *SIGNS, *MIGRATION,
                                        *LINKED, *RATES, *BARE, *ALONE, *KVM, *LINKLESS, *DAY,
                                        *DEVICE_SCENARIOS, *SYSTEM, *DAY_UNITS, *BESIDE,
                                        *SYSTEM_TOOLS)


class Kind(IntEnum):
    """The guests that there are, in the order in which they are booted."""

    LINKED = 0
    OSCILLATOR = 1
    LINKLESS = 2
    PAIR = 3
    DEVICES = 4
    SYSTEM = 5
    NEIGHBOUR = 6


def find_kind(scenario: Scenario | Hardship) -> Kind:
    if scenario in (*SYSTEM, *DAY_UNITS):
        return Kind.SYSTEM
    if scenario in DEVICE_SCENARIOS:
        return Kind.DEVICES
    if scenario in (*BESIDE, *SYSTEM_TOOLS):
        return Kind.NEIGHBOUR
    if scenario in DAY:
        return Kind.PAIR
    if scenario in RATES:
        return Kind.OSCILLATOR
    on_linkless = (*BARE, *LINKLESS, *ALONE, *KVM)
    return Kind.LINKLESS if scenario in on_linkless else Kind.LINKED


class Stage:
    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._kind = Kind.LINKED
        self.hostd: Hostd = rig.start_hostd()
        self.guest: Guest = rig.boot_guest("agent", has_link=True)
        self._neighbour: Guest | None = None

    def measure(self, scenario: Scenario | Hardship, csv_path: Path) -> Outcome:
        self._choose_guest(find_kind(scenario))
        if isinstance(scenario, Scenario):
            return scenario.run(self.guest, csv_path)
        world = World(self.guest, self.hostd, self._rig.hypervisor, self._rig.hostd_dir,
                      self._neighbour)
        return scenario.run(world, csv_path)

    def _choose_guest(self, kind: Kind) -> None:
        if kind == self._kind:
            return
        # One at a time, where it can be: a second guest starves the first.
        self.guest.close()
        if self._neighbour is not None:
            self._neighbour.close()
            self._neighbour = None
        self._kind = kind
        if kind == Kind.SYSTEM:
            self.guest = self._rig.boot_system("system")
        elif kind == Kind.DEVICES:
            self.guest = self._rig.boot_new("devices", DEVICES)
            self.guest.start_agent()
        elif kind == Kind.NEIGHBOUR:
            self.guest = self._rig.boot_system("neighbour", CHRONYD)
        elif kind == Kind.OSCILLATOR:
            self.guest = self._rig.boot_guest_with_oscillator("oscillator")
            self.guest.start_agent()
        elif kind == Kind.PAIR:
            self._neighbour = self._rig.boot_server("node-1")
            name_server(self._neighbour)
            self.guest = self._rig.boot_guest("node-2", has_link=False)
        elif kind == Kind.LINKLESS:
            self.guest = self._rig.boot_guest("linkless", has_link=False)
            self.guest.set_right()
        else:
            self.guest = self._rig.boot_guest("agent", has_link=True)
            self.guest.start_agent()
