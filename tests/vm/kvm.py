# SPDX-License-Identifier: LGPL-2.1-or-later
"""What only KVM has: its PTP clock, on each clocksource that it leads to. Run on a guest without
the channel; registered where this machine has KVM."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .accelerator import has_kvm
from .alone import wait_for
from .hardships import Hardship, World, stand
from .rest import measure_wake_ups
from .scenarios import AFTER_SEC, Claim, Outcome, watch

CLOCKSOURCE = "/sys/devices/system/clocksource/clocksource0/current_clocksource"

# On tsc the driver can read the device, but not both clocks in one instant.
METHODS = {"kvm-clock": ("precise",), "tsc": ("extended", "plain")}

REST_SEC = 10
WAKE_UPS = 1.2


def _make(clocksource: str) -> Hardship:
    name = f"ptp-{clocksource}"

    def run(world: World, csv_path: Path) -> Outcome:
        guest = world.guest
        guest.shell.check("[ -e /dev/ptp0 ] || insmod /modules/ptp_kvm.ko")
        guest.shell.check("chown root:virttime /dev/ptp0 && chmod 0640 /dev/ptp0")
        guest.shell.check(f"echo {clocksource} >{CLOCKSOURCE} && "
                          f"grep -qx {clocksource} {CLOCKSOURCE}")
        guest.forget()
        guest.start_agent()
        try:
            wait_for("KVM's clock is not followed",
                     lambda: guest.query_clock("kvm")["use"] == "followed")
            outcome = watch(guest, name, csv_path, lambda: stand(world, 5), AFTER_SEC)
            wake_ups = measure_wake_ups(guest, REST_SEC)
            method = guest.query_clock("kvm")["method"]
        finally:
            guest.stop_agent()
        return replace(outcome, claims=(
            Claim("is-read-as-well-as-can-be", method in METHODS[clocksource], method),
            Claim("wakes-up-once-a-second", wake_ups <= WAKE_UPS,
                  f"{wake_ups:.2f} a second, ceiling {WAKE_UPS:g}")))

    return Hardship(name, run)


KVM = tuple(_make(clocksource) for clocksource in METHODS) if has_kvm() else ()
