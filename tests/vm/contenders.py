# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who keeps a guest's clock: virt-time, and the time daemons of others, each as it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .guest import Guest
from .peers import CHRONY_SETTINGS
from .wire import HOST_ADDRESS


@dataclass(frozen=True)
class Contender:
    name: str
    label: str
    start: Callable[[Guest], None]
    # Between two of its looks at a server there may pass as much, at the beginning.
    poll_sec: float
    # How long it is worth to wait for it.
    patience_sec: float


def _start_agent(guest: Guest) -> None:
    guest.start_agent()


def _start_agent_without_link(guest: Guest) -> None:
    """A server on the network, and nothing that could tell of a pause."""
    guest.shell.check(
        "for port in /sys/class/virtio-ports/*; do"
        " [ $(cat $port/name) != org.virttime.0 ] || chmod 0600 /dev/${port##*/}; done")
    guest.start_agent(f"[agent]\\nrtc-watch=off\\n[server host]\\naddress={HOST_ADDRESS}\\n"
                      "local=yes\\n")


def _start_peer(guest: Guest, command: str) -> None:
    guest.shell.check(f"supervise start peer {command}")


def _start_chronyd(*edits: str) -> Callable[[Guest], None]:
    """With the distribution's settings, edited by sed."""
    def start(guest: Guest) -> None:
        script = "; ".join(edits)
        guest.shell.check(
            "cd /etc/chrony && mkdir -p conf.d sources.d /run/chrony-dhcp /var/lib/chrony"
            " /var/log/chrony && : >chrony.keys && chown _chrony:_chrony /var/lib/chrony"
            " /var/log/chrony &&"
            f" sed '{script}' /{CHRONY_SETTINGS} >chrony.conf")
        _start_peer(guest, "chronyd -d -F 1")

    return start


def _start_timesyncd(guest: Guest) -> None:
    guest.shell.check(
        "mkdir -p /run/systemd/netif /run/systemd/timesync /var/lib/systemd/timesync /etc/systemd &&"
        " chown systemd-timesync:systemd-timesync /run/systemd/timesync"
        " /var/lib/systemd/timesync &&"
        f" printf '[Time]\\nNTP={HOST_ADDRESS}\\n' >/etc/systemd/timesyncd.conf")
    _start_peer(guest, "/usr/lib/systemd/systemd-timesyncd")


SERVER = f"s/^pool .*/server {HOST_ADDRESS} iburst/"

CONTENDERS = (
    Contender("virt-time", "virt-time", _start_agent, poll_sec=1, patience_sec=30),
    Contender("virt-time-ntp", "virt-time, NTP only", _start_agent_without_link, poll_sec=1,
              patience_sec=30),
    Contender("chronyd-tuned", "chronyd, tuned",
              _start_chronyd(SERVER, "s/^server .*/& minpoll 0 maxpoll 2/",
                             "s/^makestep .*/makestep 0.1 -1/"), poll_sec=4, patience_sec=60),
    Contender("chronyd", "chronyd", _start_chronyd(SERVER), poll_sec=64, patience_sec=90),
    Contender("timesyncd", "systemd-timesyncd", _start_timesyncd, poll_sec=32, patience_sec=90),
)
