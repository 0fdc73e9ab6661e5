# SPDX-License-Identifier: LGPL-2.1-or-later
"""hostd's NTP server in a guest, for what this machine may lack: a network card that stamps, and a
VRF. The card's other end is a second one of the same guest, in a network namespace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .alone import wait_for
from .guest import Guest
from .hardships import Hardship, World
from .layout import RigError
from .scenarios import Claim, Outcome

PEER_MAC = "52:54:00:77:00:02"
CARD = "igb,bus=pcie.0,addr=0x8,netdev=card"
DEVICES = ("-netdev", "hubport,id=card,hubid=77", "-netdev", "hubport,id=peer,hubid=77",
           "-device", CARD,
           "-device", f"virtio-net-pci,bus=pcie.0,addr=0x9,netdev=peer,mac={PEER_MAC}")

IP = "/usr/sbin/ip"  # iproute2's; busybox' knows neither namespaces nor VRFs
ON_CLIENT = f"{IP} netns exec client"
CARD_ADDRESS, CLIENT_ADDRESS = "192.0.2.1", "192.0.2.2"
PLAIN_ADDRESS = "203.0.113.1"
SETTINGS = "/etc/hostd.conf"
SOCKET = "/run/client.sock"
N_EXCHANGES = 10
# Two emulated cards and one CPU: 1 ms was seen. Another scale, or another's clock, is far more.
MOST_OFFSET_NS = 20_000_000


def _find_interface(guest: Guest, what: str) -> str:
    return guest.shell.check(
        f"for i in /sys/class/net/*; do if {what}; then basename $i; fi; done").strip()


def _find_card(guest: Guest) -> str:
    card = _find_interface(guest, "readlink $i/device/driver | grep -q /igb$")
    if not card:
        raise RigError("the guest has no igb")
    return card


def _lay_wires(guest: Guest) -> str:
    """The namespace `client`, on the card's wire and on another; returns the card. Once."""
    card = _find_card(guest)
    if guest.shell.run(f"{IP} netns list | grep -q client")[0] == 0:
        return card
    peer = _find_interface(guest, f"grep -q {PEER_MAC} $i/address")
    guest.shell.check("; ".join((
        "set -e", "insmod /modules/vrf.ko", "insmod /modules/veth.ko", "mkdir -p /var/run",
        f"{IP} netns add client", f"{IP} link set {peer} netns client",
        f"{IP} link add plain type veth peer name plain netns client",
        f"{IP} addr add {CARD_ADDRESS}/24 dev {card}", f"{IP} link set {card} up",
        f"{IP} addr add {PLAIN_ADDRESS}/24 dev plain", f"{IP} link set plain up",
        f"{IP} -n client addr add {CLIENT_ADDRESS}/24 dev {peer}",
        f"{IP} -n client link set {peer} up",
        f"{IP} -n client addr add 203.0.113.2/24 dev plain",
        f"{IP} -n client link set plain up")))
    return card


@contextmanager
def _serve(guest: Guest, *lines: str, capabilities: str = "+net_bind_service") -> Iterator[None]:
    text = "\\n".join(("[hostd]", "uri=test:///default", "host-clock=trusted", "opener-socket=",
                       "ntp-interval=10ms", *lines, ""))
    guest.shell.check(f"printf '{text}' >{SETTINGS}")
    guest.shell.check(f"keep={capabilities} start-hostd -c {SETTINGS}")
    try:
        wait_for("hostd does not answer",
                 lambda: guest.shell.run("virt-timectl serverstats --json")[0] == 0)
        yield
    finally:
        guest.shell.check("supervise stop hostd")


def _ask(guest: Guest, address: str) -> int:
    """How many of twenty requests from the namespace are answered."""
    answer = guest.shell.check(
        f"{ON_CLIENT} ntp-load --to {address}:123 --rate 20 --sleep --seconds 1")
    return json.loads(answer)["received"]


def _read_stats(guest: Guest) -> dict:
    return json.loads(guest.shell.check("virt-timectl serverstats --json"))


@contextmanager
def _follow(guest: Guest) -> Iterator[None]:
    """An agent in the namespace, which asks in interleaved mode and steers nothing. Two agents on one
    machine there cannot be."""
    text = "\\n".join(("[agent]", "mode=monitor", "rtc-watch=off", f"control-socket={SOCKET}",
                       "[server card]", f"address={CARD_ADDRESS}", "local=yes", ""))
    guest.shell.check(f"printf '{text}' >/etc/client.conf")
    guest.stop_agent()
    guest.shell.check(f"supervise start client {ON_CLIENT} sh -c 'mount -t tmpfs none /var/lib &&"
                      " exec virt-time-agent -f -c /etc/client.conf'")
    try:
        yield
    finally:
        guest.shell.check("supervise stop client")
        guest.start_agent()


def _ask_client(guest: Guest, *words: str) -> dict:
    answer = json.loads(guest.shell.check(
        f"virt-timectl {' '.join(words)} --json --socket {SOCKET}"))
    return answer[0] if isinstance(answer, list) else answer


def _run_card_stamps(world: World, csv_path: Path) -> Outcome:
    """Beside the card an interface that has no clock: it is told of, and served all the same."""
    guest = world.guest
    card = _lay_wires(guest)
    guest.shell.check(f"chmod 0644 /dev/$(ls /sys/class/net/{card}/device/ptp)")
    with _serve(guest, f"listen={card} plain", f"ntp-hardware-stamps={card} plain",
                capabilities="+net_bind_service,+net_admin"), _follow(guest):
        wait_for("no replies of which the card told when they left",
                 lambda: _read_stats(guest)["card-sent"] >= N_EXCHANGES
                 and _read_stats(guest)["interleaved"] >= N_EXCHANGES)
        data = _ask_client(guest, "ntpdata", "card")
        source = _ask_client(guest, "sources")
        stats = _read_stats(guest)
        host = json.loads(guest.shell.check("virt-timectl --host tracking --json"))
        n_plain = _ask(guest, PLAIN_ADDRESS)
    cards = {one["interface"]: one for one in host["ntp-cards"]}
    log = guest.read_log()
    offset_ns = abs(source["offset-ns"])
    return Outcome("card-stamps", csv_path, [], (), (), (
        Claim("card-stamps-what-is-sent", cards[card]["transmit"] and not cards[card]["problem"]
              and f"'{card}' stamps " in log, str(cards)),
        Claim("card-stamps-what-it-says-it-does",
              (stats["card-received"] > 0) == cards[card]["receive"], str(stats)),
        Claim("client-is-interleaved-and-right",
              data["interleaved"] and offset_ns <= MOST_OFFSET_NS,
              f"{offset_ns / 1e3:.0f} us; {stats}"),
        Claim("interface-without-a-clock-is-told-and-served",
              "has no clock" in cards["plain"]["problem"] and n_plain > 0
              and "no time stamps of the card: 'plain'" in log, str(cards))))


def _run_vrf(world: World, csv_path: Path) -> Outcome:
    """What comes through the VRF's port is answered, without `allow`; what comes outside is not."""
    guest = world.guest
    card = _lay_wires(guest)
    guest.shell.check(f"{IP} link add red type vrf table 10 && {IP} link set red up &&"
                      f" {IP} link set {card} master red")
    try:
        with _serve(guest, "listen=red"):
            n_inside, n_outside = _ask(guest, CARD_ADDRESS), _ask(guest, PLAIN_ADDRESS)
            clients = json.loads(guest.shell.check("virt-timectl clients --json"))
        with _serve(guest, "listen=plain"):
            n_swapped = _ask(guest, CARD_ADDRESS), _ask(guest, PLAIN_ADDRESS)
    finally:
        guest.shell.check(f"{IP} link del red")
    return Outcome("vrf", csv_path, [], (), (), (
        Claim("is-answered-in-the-vrf", n_inside >= 15, f"{n_inside} of 20"),
        Claim("is-not-answered-outside", n_outside == 0, f"{n_outside} of 20"),
        Claim("client-is-known-by-its-address",
              [one["address"] for one in clients] == [CLIENT_ADDRESS], str(clients)),
        Claim("other-interface-does-not-answer-in-the-vrf",
              n_swapped[0] == 0 and n_swapped[1] >= 15, f"{n_swapped} of 20")))


SERVER_SCENARIOS = (Hardship("card-stamps", _run_card_stamps), Hardship("vrf", _run_vrf))
