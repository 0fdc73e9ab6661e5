# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a hostile guest, or a libvirt that hangs, does to the service of a good client."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ntp.libvirt import Libvirtd
from ntp.place import GUEST_ADDRESS, HOST_ADDRESS, Place
from ntp.servers import Server, load, start_load

FLOOD_NETWORK = "10.64.0.0/14"
FLOOD_SOURCE = "10.64.0.1"
N_ADDRESSES = 100_000
N_FLOODERS = 10_000
OTHER_ADDRESS = "203.0.113.1"
LIMITED = "listen=wire second\nallow=all"
UNLIMITED = "listen=wire second\nallow=all\nntp-interval=0s"
# Twice what the server can answer where it takes one core, see the table.
FLOOD_HZ = 450_000
FLOOD_SEGMENTS = 16
# Twenty good clients that ask five times a second each.
GOOD_NETWORKS = {"another interface": "10.97.0", "the same": "10.96.0"}
N_GOOD = 20
GOOD_HZ = 5 * N_GOOD
HANG_SEC = 30


def open_flood_network(place: Place) -> None:
    """Every address of it is the guest's own, so that it may ask from any and hears the reply."""
    same = f"{GOOD_NETWORKS['the same']}.0/24"
    for network in (FLOOD_NETWORK, same):
        for namespace, words in ((place.guest, ("local", network, "dev", "lo")),
                                 (place.host, (network, "via", GUEST_ADDRESS))):
            subprocess.run(["ip", "-n", namespace, "route", "add", *words], check=True)


def lay_second_wire(place: Place) -> None:
    for namespace, number in ((place.host, 1), (place.guest, 2)):
        commands = [("addr", "add", f"203.0.113.{number}/24", "dev", "second"),
                    ("link", "set", "second", "up")]
        if number == 1:
            commands.insert(0, ("link", "add", "second", "type", "veth", "peer", "name",
                                "second", "netns", place.guest))
        for command in commands:
            subprocess.run(["ip", "-n", namespace, *command], check=True)
    other = f"{GOOD_NETWORKS['another interface']}.0/24"
    for namespace, words in ((place.guest, ("local", other, "dev", "lo")),
                             (place.host, (other, "via", "203.0.113.2"))):
        subprocess.run(["ip", "-n", namespace, "route", "add", *words], check=True)


def measure_memory(place: Place, seconds: float, figures: dict) -> None:
    """A hundred thousand addresses, and once more as many requests from them."""
    server = Server(place, "hostd", LIMITED)
    before = server.read_memory_kib()
    spoof = ("--first-source", FLOOD_SOURCE, "--sources", str(N_ADDRESSES), "--window", "32")
    load(place, server.address, *spoof, "--seconds", str(seconds))
    after = server.read_memory_kib()
    load(place, server.address, *spoof, "--seconds", str(seconds))
    figures["memory of 100000 addresses (MiB)"].append((after - before) / 1024)
    figures["and of as many more (MiB)"].append((server.read_memory_kib() - after) / 1024)
    figures["memory of the daemon after that (MiB)"].append(server.read_memory_kib() / 1024)
    server.end()


@contextmanager
def flood(place: Place, to: str, seconds: float, n_sources: int) -> Iterator[dict]:
    program = start_load(place, to, "--rate", str(FLOOD_HZ), "--segments", str(FLOOD_SEGMENTS),
                         "--seconds", str(seconds), "--first-source", FLOOD_SOURCE, "--sources",
                         str(n_sources))
    sent: dict = {}
    yield sent
    answer, _ = program.communicate()
    sent.update(json.loads(answer))


def ask_slowly(place: Place, where: str, address: str, seconds: float) -> dict:
    return load(place, address, "--rate", str(GOOD_HZ), "--sleep", "--seconds", str(seconds),
                "--first-source", f"{GOOD_NETWORKS[where]}.1", "--sources", str(N_GOOD),
                urgent=True)


def measure_flood(place: Place, seconds: float, figures: dict) -> None:
    """A good client, ahead of the flood on their common core, while another floods the server."""
    server = Server(place, "hostd", LIMITED)
    for where, address in (("another interface", f"{OTHER_ADDRESS}:123"),
                           ("the same", server.address)):
        for n_sources in (1, N_FLOODERS):
            # It was a client before anybody thought of a flood.
            ask_slowly(place, where, address, 5)
            name = f"flood from {n_sources}, good client on {where}"
            before = server.ask("serverstats")
            with flood(place, server.address, seconds + 0.5, n_sources) as sent:
                time.sleep(0.5)
                good = ask_slowly(place, where, address, seconds)
            after = server.ask("serverstats")
            figures[f"{name}: replies (%)"].append(100 * good["received"] / good["sent"])
            figures[f"{name}: 99 % (us)"].append(good["round-trip-ns"][1] / 1000)
            figures["flood, requests a second"].append(sent["sent"] / sent["seconds"])
            figures["of these dropped by the kernel for hostd (%)"].append(
                100 * (after["overflowed"] - before["overflowed"]) / sent["sent"])
    server.end()


def measure_hang(place: Place, figures: dict) -> None:
    """Every call to libvirt hangs: its daemon is stopped while hostd is connected to it."""
    with Libvirtd(place) as libvirt:
        server = Server(place, "hostd", UNLIMITED, libvirt.uri)
        libvirt.wait_until_connected(server)
        libvirt.send(signal.SIGSTOP)
        good = load(place, server.address, "--rate", "200", "--sleep", "--seconds",
                    str(HANG_SEC), urgent=True)
        libvirt.send(signal.SIGCONT)
        figures["libvirt hangs for 30 s: replies (%)"].append(
            100 * good["received"] / good["sent"])
        figures["libvirt hangs for 30 s: 99 % (us)"].append(good["round-trip-ns"][1] / 1000)
        figures["libvirt hangs for 30 s: replies without the time"].append(
            good["unsynchronised"])
        server.end()


def measure(place: Place, seconds: float, figures: dict) -> None:
    measure_memory(place, seconds, figures)
    lay_second_wire(place)
    measure_flood(place, 5 * seconds, figures)
    measure_hang(place, figures)
