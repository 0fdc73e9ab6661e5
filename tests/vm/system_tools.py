# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a system has for its clock beside a time daemon, on the guest with systemd: timedatectl,
time-sync.target, whoever looks after the network, and polkit. All of them are the real ones, but for
the network's, whose scripts are called as their caller does it."""

from __future__ import annotations

import json
import time
from pathlib import Path

from .analysis import Probe, shows_wrong
from .guest import Guest
from .hardships import Hardship, World
from .scenarios import IN_STEP_SEC, Claim, Outcome
from .system_image import VISITOR
from .units import AGENT, show, wait_for

START_SEC = 60
# The bus starts what is asked for the first time, and that under emulation.
BUS_SEC = 30
WRONG_NS = 30_000_000_000
RATE_HZ = 100
WAIT_SYNC = "virt-time-wait-sync"
UNSYNCHRONISED_US = 16_000_000

DISPATCHERS = {
    # The arguments are the interface and what befell it; networkd-dispatcher gives none.
    "NetworkManager": ("/etc/NetworkManager/dispatcher.d/20-virt-time eth0 down",
                       "/etc/NetworkManager/dispatcher.d/20-virt-time eth0 up"),
    "networkd-dispatcher": ("/etc/networkd-dispatcher/off.d/20-virt-time",
                            "/etc/networkd-dispatcher/routable.d/20-virt-time"),
}
# On the guest's own network, and behind a router.
NEAR, FAR = "198.18.77.200", "203.0.113.1"
SERVERS = (f"[server near]\\naddress={NEAR}\\n[server far]\\naddress={FAR}\\n")
FOLDER = "/usr/local/etc/virt-time/agent.conf.d"

RULE = ("polkit.addRule(function(action, subject) { if (action.id == "
        f'"org.virttime.agent1.step-clock" && subject.user == "{VISITOR}") '
        "return polkit.Result.YES; });")
AS_VISITOR = f"/usr/bin/setpriv --reuid {VISITOR} --regid {VISITOR} --clear-groups"


def _read(guest: Guest, key: str) -> str:
    return guest.shell.check(f"timedatectl show --value -p {key}", BUS_SEC).strip()


def _check_set_off(guest: Guest) -> list[Claim]:
    before = [_read(guest, key) for key in ("CanNTP", "NTP", "NTPSynchronized")]
    guest.shell.check("timedatectl set-ntp false", BUS_SEC)
    wait_for(guest, "the agent's end", f"! systemctl is-active -q {AGENT}", START_SEC)
    words = [guest.shell.run(f"systemctl is-enabled {AGENT}")[1].strip(),
             *(_read(guest, key) for key in ("NTP", "NTPSynchronized"))]
    # Where it is enabled the boot has reached the target, for good.
    guest.shell.check("systemctl stop time-sync.target", START_SEC)
    status, text = guest.shell.run(f"systemctl start {WAIT_SYNC}", START_SEC)
    target = guest.shell.run("systemctl is-active time-sync.target")[1].strip()
    return [
        Claim("timedatectl-knows-the-agent", before == ["yes", "yes", "yes"], ", ".join(before)),
        Claim("set-ntp-false-ends-it", words == ["disabled", "no", "no"], ", ".join(words)),
        Claim("without-it-no-time-sync-target", status != 0 and target == "inactive",
              f"{status}, {target}: {text.strip()}"),
    ]


def _find_probe(probes: list[Probe], guest_mono_ns: int) -> Probe:
    """By the guest's raw clock, which differs from its monotonic one by a rate alone."""
    return min(probes, key=lambda probe: abs(probe.raw_ns - guest_mono_ns))


def _check_set_on(guest: Guest, csv_path: Path) -> list[Claim]:
    """On a clock that is wrong: nobody says before it is right that it is."""
    guest.step_clock(-WRONG_NS)
    sampler = guest.start_sampler(csv_path, rate_hz=RATE_HZ)
    time.sleep(0.5)
    said = []
    try:
        guest.shell.check("timedatectl set-ntp true", BUS_SEC)
        guest.shell.check(f"systemctl start --no-block {WAIT_SYNC}", START_SEC)
        deadline = time.monotonic() + START_SEC
        while "yes" not in said and time.monotonic() < deadline:
            said.append(_read(guest, "NTPSynchronized"))
        said_ns = time.time_ns()
        wait_for(guest, "time-sync.target", "systemctl is-active -q time-sync.target", START_SEC)
        time.sleep(0.5)
    finally:
        probes = sampler.stop()
    reached_us = int(show(guest, "time-sync.target", "ActiveEnterTimestampMonotonic"))
    at_target = _find_probe(probes, reached_us * 1000)
    early = [p for p in probes if p.maxerror_us < UNSYNCHRONISED_US and shows_wrong(p)]
    before = [p for p in probes if p.read_ns <= said_ns]
    states = [guest.shell.run(f"systemctl is-{what} {AGENT}")[1].strip()
              for what in ("enabled", "active")]
    return [
        Claim("set-ntp-true-begins-it", states == ["enabled", "active"], ", ".join(states)),
        Claim("says-synchronised-only-when-it-is", said[-1:] == ["yes"] and not early
              and not shows_wrong(before[-1]),
              f"{len(said)} answers, {len(early)} of {len(probes)} readings early; "
              f"{before[-1].offset_ns / 1e3:+.0f} us then"),
        Claim("time-sync-target-comes-with-a-right-clock", not shows_wrong(at_target),
              f"{at_target.offset_ns / 1e3:+.0f} us +- {at_target.error_ns / 1e3:.0f} us then"),
    ]


def _list_online(guest: Guest) -> list[str]:
    """Of the two servers that the settings name."""
    sources = json.loads(guest.shell.check("virt-timectl sources --json"))
    return [one["name"] for one in sources if one["name"] in ("near", "far") and one["online"]]


def _check_network(guest: Guest) -> list[Claim]:
    """Without a way to everywhere the near server is asked all the same."""
    guest.shell.check(f"mkdir -p {FOLDER} && printf '{SERVERS}' >{FOLDER}/servers.conf && "
                      f"systemctl reload {AGENT}", START_SEC)
    guest.shell.run("ip address add 198.18.77.2/24 dev eth0; ip link set eth0 up")
    claims = []
    for name, (down, up) in DISPATCHERS.items():
        guest.shell.run("ip route del default")
        guest.shell.check(f"env -i PATH=$PATH {down}", START_SEC)
        without = _list_online(guest)
        guest.shell.check("ip route add default via 198.18.77.1")
        guest.shell.check(f"env -i PATH=$PATH {up}", START_SEC)
        after = _list_online(guest)
        claims.append(Claim(f"{name}-tells-of-the-network",
                            without == ["near"] and after == ["near", "far"],
                            f"online {without}, then {after}"))
    guest.shell.run("ip route del default")
    guest.shell.check(f"rm {FOLDER}/servers.conf && systemctl reload {AGENT}", START_SEC)
    return claims


def _check_polkit(guest: Guest) -> list[Claim]:
    """By the bus, since the private socket lets nobody but administrators change anything."""
    reads, _text = guest.shell.run(f"{AS_VISITOR} virt-timectl tracking", BUS_SEC)
    refused, why = guest.shell.run(f"{AS_VISITOR} virt-timectl makestep", BUS_SEC)
    guest.shell.check(f"echo '{RULE}' >/etc/polkit-1/rules.d/40-visitor.rules")
    wait_for(guest, "polkit's consent", f"{AS_VISITOR} virt-timectl makestep", BUS_SEC)
    other, _text = guest.shell.run(f"{AS_VISITOR} virt-timectl offline", BUS_SEC)
    running = guest.shell.run("systemctl is-active polkit")[1].strip()
    return [
        Claim("anybody-may-read", reads == 0),
        Claim("polkit-refuses-a-visitor", refused == 1 and "virttime-admin" in why
              and running == "active", f"{refused}: {why.strip()}; polkit is {running}"),
        Claim("polkit-lets-whom-a-rule-lets", other == 1, "makestep, and not offline"),
    ]


def _run(world: World, csv_path: Path) -> Outcome:
    guest = world.guest
    guest.shell.check("mkdir -p /run/systemd/seats /run/systemd/sessions /run/systemd/users "
                      "/run/systemd/machines")
    guest.wait_in_step(START_SEC)
    claims = _check_set_off(guest) + _check_set_on(guest, csv_path)
    guest.wait_in_step(IN_STEP_SEC)
    claims += _check_network(guest) + _check_polkit(guest)
    failed = guest.shell.check("systemctl --failed --plain --no-legend --no-pager").strip()
    claims.append(Claim("none-failed", failed == "", failed.replace("\n", "; ")))
    return Outcome("system-tools", csv_path, [], (), (), tuple(claims))


SYSTEM_TOOLS = (Hardship("system-tools", _run),)
