# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clocks and signs that need a newer QEMU and a newer kernel: a vmclock page that tells of a
restore and of nothing else, one that carries time, and a network card whose clock runs freely."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from . import server
from .analysis import RIGHT_NS, find_residual
from .alone import wait_for
from .guest import Guest
from .hardships import Hardship, World, stand
from .layout import RigError
from .networks import HOST_SETTINGS, wait_in_step
from .scenarios import AFTER_SEC, IN_STEP_SEC, Claim, Outcome, stand_still, watch

# The card: 525400 is what QEMU's hardware addresses begin with, and igb calls its clock by its own.
DEVICES = ("-device", "vmclock", *server.DEVICES)
CARD_SETTINGS = "[clock card]\\nclock-name=525400*\\nerror=1us\\n"
NO_RTC = "[agent]\\nrtc-watch=off\\n"
MARKER = "vmclock-marker"
PAGE = "/dev/vmclock0"

PORT = "org.virttime.0"
SETTLE_SEC = 10
# The page promises a millisecond.
PAGE_BOUND_NS = 3_000_000


def restart(guest: Guest, settings: str = "") -> None:
    guest.stop_agent()
    guest.start_agent(settings)


@contextmanager
def without_link(guest: Guest) -> Iterator[None]:
    """As if libvirt had given it no channel: the agent does not find the port's node."""
    name = guest.shell.check(f"grep -lx {PORT} /sys/class/virtio-ports/*/name").strip()
    node = f"/dev/{Path(name).parent.name}"
    guest.shell.check(f"mv {node} /dev/hidden")
    try:
        yield
    finally:
        guest.stop_agent()
        guest.shell.check(f"mv /dev/hidden {node}")
        guest.start_agent()


def _save_and_restore(guest: Guest) -> list[tuple[int, int]]:
    return [stand_still(guest, guest.domain.save, 2, guest.domain.restore)]


def _tell(records: list[dict]) -> str:
    return "; ".join(f"{one['signs']}: {one['action']}, exposure {one['exposure-ns'] / 1e6:.1f} ms"
                     for one in records)


def _run_marker(world: World, csv_path: Path) -> Outcome:
    """A restore has several signs, and is one disruption. A pause moves no marker."""
    guest = world.guest
    guest.wait_in_step(IN_STEP_SEC)
    n_before = guest.count_disruptions()
    watch(guest, "vmclock-pause", csv_path.with_name("vmclock-pause.csv"),
          lambda: stand(world, 2), AFTER_SEC)
    paused = guest.query_journal(n_before)
    n_before = guest.count_disruptions()
    n_acks = world.hostd.query_guest(guest.domain.name)["acks"]
    outcome = watch(guest, "vmclock-marker", csv_path, lambda: _save_and_restore(guest), AFTER_SEC)
    restored = guest.query_journal(n_before)
    n_acks = world.hostd.query_guest(guest.domain.name)["acks"] - n_acks
    return replace(outcome, claims=(
        Claim("pause-moves-no-marker", len(paused) == 1 and MARKER not in paused[0]["signs"],
              _tell(paused)),
        Claim("restore-is-one-disruption", len(restored) == 1 and n_acks == 1,
              f"{_tell(restored)}; {n_acks} acknowledged"),
        Claim("restore-moves-the-marker", len(restored) == 1
              and {MARKER, "notice"} <= set(restored[0]["signs"].replace(",", "").split()),
              _tell(restored))))


def _run_marker_alone(world: World, csv_path: Path) -> Outcome:
    """No link and no RTC: the page is looked at each second, and a server measured then."""
    guest = world.guest
    with without_link(guest):
        restart(guest, NO_RTC + HOST_SETTINGS)
        wait_for("the server is not followed",
                 lambda: guest.query_tracking()["reference"] == "host")
        wait_in_step(guest)
        n_before = guest.count_disruptions()
        outcome = watch(guest, "vmclock-alone", csv_path, lambda: _save_and_restore(guest),
                        AFTER_SEC)
        records = guest.query_journal(n_before)
    return replace(outcome, claims=(
        Claim("marker-is-the-sign", len(records) == 1 and records[0]["hint"] == MARKER,
              _tell(records)),))


@contextmanager
def _with_time_in_page(guest: Guest) -> Iterator[None]:
    """QEMU's page has none: a program in the guest writes one that has, in its place."""
    guest.shell.check(f"mv {PAGE} /dev/hidden-page")
    guest.shell.check(f"vmclock-page {PAGE} </dev/null >/dev/null 2>&1 & echo $! >/run/page.pid; "
                      f"for i in 1 2 3 4 5 6 7 8 9 10; do [ -s {PAGE} ] && break; sleep 1; done; "
                      f"chgrp virttime {PAGE}", 30)
    try:
        yield
    finally:
        guest.shell.check("kill $(cat /run/page.pid)")
        guest.shell.check(f"mv /dev/hidden-page {PAGE}")


def _run_time_in_page(world: World, csv_path: Path) -> Outcome:
    """Time straight from a page that is written anew all the while, with the bound it tells."""
    guest = world.guest
    guest.wait_in_step(IN_STEP_SEC)
    with _with_time_in_page(guest), without_link(guest):
        guest.forget()
        restart(guest, NO_RTC)
        wait_for("the page is not followed",
                 lambda: guest.query_clock("vmclock")["use"] == "followed")
        time.sleep(SETTLE_SEC)
        page = guest.query_clock("vmclock")
        tracking = guest.query_tracking()
        residual = find_residual(guest.sample(1))
        n_disruptions = guest.count_disruptions()
    if residual is None:
        raise RigError("the guest does not answer")
    error_ns = abs(residual.offset_ns)
    return Outcome("vmclock-time", csv_path, [], (), (), (
        Claim("is-followed", tracking["reference"] == page["name"] and tracking["synchronised"],
              f"reference '{tracking['reference']}', method {page['method']}, "
              f"{page['failures']} of {page['readings']} failed"),
        Claim("is-no-disruption", n_disruptions == 0, f"{n_disruptions} disruptions"),
        Claim("bound-is-true-and-the-pages", error_ns <= tracking["error-ns"] <= PAGE_BOUND_NS,
              f"{error_ns / 1e3:.0f} us off, bound {tracking['error-ns'] / 1e3:.0f} us")))


def _run_card(world: World, csv_path: Path) -> Outcome:
    """It runs on from what the guest's clock was when its driver was loaded."""
    guest = world.guest
    guest.wait_in_step(IN_STEP_SEC)
    unnamed = guest.query_clock("card")
    restart(guest, CARD_SETTINGS)
    time.sleep(SETTLE_SEC)
    named = guest.query_clock("card")
    reference = guest.query_tracking()["reference"]
    residual = find_residual(guest.sample(1))
    restart(guest)
    if residual is None:
        raise RigError("the guest does not answer")
    return Outcome("card-clock", csv_path, [], (), (), (
        Claim("is-listed-and-not-followed", "no [clock]" in unnamed["use"], unnamed["use"]),
        Claim("is-named-a-falseticker", "contradict" in named["use"] or "show" in named["use"],
              f"{named['use']}; {named['offset-ns'] / 1e9:+.3f} s"),
        Claim("guest-stays-right", reference == "link" and residual.size_ns <= RIGHT_NS,
              f"reference '{reference}', residual {residual.offset_ns / 1e3:.0f} us")))


def _run_card_alone(world: World, csv_path: Path) -> Outcome:
    """With nothing to compare it with a named card is followed."""
    guest = world.guest
    with without_link(guest):
        guest.forget()
        restart(guest, NO_RTC + CARD_SETTINGS)
        wait_for("the card's clock is not followed",
                 lambda: guest.query_clock("card")["use"] == "followed")
        card = guest.query_clock("card")
        tracking = guest.query_tracking()
    return Outcome("card-alone", csv_path, [], (), (), (
        Claim("is-followed", tracking["reference"] == card["name"] and tracking["synchronised"],
              f"reference '{tracking['reference']}', method {card['method']}"),))


DEVICE_SCENARIOS = (
    Hardship("vmclock-marker", _run_marker),
    Hardship("vmclock-alone", _run_marker_alone),
    Hardship("vmclock-time", _run_time_in_page),
    Hardship("card-clock", _run_card),
    Hardship("card-alone", _run_card_alone),
    *server.SERVER_SCENARIOS,
)
