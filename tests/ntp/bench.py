# SPDX-License-Identifier: LGPL-2.1-or-later
"""
hostd's NTP server beside chronyd and beside an echo that marks the kernel's share: in turns, server
and load pinned to a core each. Prints the table of docs/ntp-server.md. Some four minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

from ntp import clients
from ntp.check import BUILD_DIR
from ntp.place import GUEST_ADDRESS, HOST_ADDRESS, Place

SERVER_CORE, LOAD_CORE = "0", "1"
SERVERS = ("hostd", "chronyd", "echo")
WINDOW = 64
FLOOD_NETWORK = "10.64.0.0/14"
FLOOD_SOURCE = "10.64.0.1"
N_SPOOFED = 100_000
UNLIMITED = "listen=wire\nntp-interval=0s"
FLOODED = "listen=wire second"


class Server:
    def __init__(self, place: Place, name: str, settings: str = UNLIMITED) -> None:
        self._place = place
        self._settings = settings
        self._program = place.start(place.host, f"{name}.log", "taskset", "-c", SERVER_CORE,
                                    *self._command(name), environment=clients.ENVIRONMENT)
        load(place, "--window", "1", "--seconds", "0.5")
        # What ip, setpriv and taskset execute keeps their process number.
        self.pid = self._program.pid

    def _command(self, name: str) -> list[str]:
        place = self._place
        if name == "echo":
            return [str(BUILD_DIR / "tests/ntp/ntp-echo"), f"{HOST_ADDRESS}:123"]
        if name == "chronyd":
            settings = place.write("chronyd.conf", "\n".join((
                "local stratum 10", "allow all", "user root", "cmdport 0", "bindcmdaddress /",
                f"pidfile {place.folder}/chronyd.pid", "")))
            return [str(clients.ROOT / "usr/sbin/chronyd"), "-x", "-d", "-f", settings]
        settings = place.write("hostd.conf", "\n".join((
            "[hostd]", "uri=test:///default", "host-clock=trusted", "opener-socket=",
            f"control-socket={place.folder}/hostd.sock", "allow=all", self._settings, "")))
        return [str(BUILD_DIR / "hostd/virt-time-hostd"), "-f", "--config", settings]

    def read_cpu_ns(self) -> int:
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)

    def read_memory_kib(self) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) for line in text.splitlines()
                    if line.startswith("VmRSS:"))

    def end(self) -> None:
        self._place.end(self._program)


def load(place: Place, *arguments: str) -> dict:
    answer = place.ask(place.guest, "taskset", "-c", LOAD_CORE,
                       str(BUILD_DIR / "tests/ntp/ntp-load"), "--to", HOST_ADDRESS, *arguments)
    return json.loads(answer)


def measure(place: Place, name: str, seconds: float, figures: dict) -> None:
    """One turn of one server: saturated, idle, half loaded."""
    server = Server(place, name)
    cpu_ns = server.read_cpu_ns()
    full = load(place, "--window", str(WINDOW), "--seconds", str(seconds))
    cpu_ns = server.read_cpu_ns() - cpu_ns
    rate_hz = full["received"] / full["seconds"]
    figures["CPU per request, saturated (us)"].append(cpu_ns / full["received"] / 1000)
    figures["replies a second, one core"].append(rate_hz)
    figures["bad replies"].append(full["bad"])

    idle = load(place, "--rate", "1000", "--seconds", str(seconds))
    figures["round trip, unloaded, median (us)"].append(idle["round-trip-ns"][0] / 1000)
    figures["round trip, unloaded, 99 % (us)"].append(idle["round-trip-ns"][1] / 1000)
    if name != "echo":
        half = load(place, "--rate", str(int(rate_hz / 2)), "--seconds", str(seconds))
        for word in ("receive", "transmit"):
            for at, part in enumerate(("median", "99 %")):
                figures[f"{word} stamp, half loaded, {part} (us)"].append(
                    half[f"{word}-error-ns"][at] / 1000)
    server.end()


def measure_memory(place: Place, figures: dict) -> None:
    """A hundred thousand addresses, and once more as many requests from them."""
    server = Server(place, "hostd")
    before = server.read_memory_kib()
    spoof = ("--first-source", FLOOD_SOURCE, "--sources", str(N_SPOOFED), "--window", "32")
    load(place, *spoof, "--seconds", "2")
    after = server.read_memory_kib()
    load(place, *spoof, "--seconds", "2")
    figures["memory of 100,000 addresses (MiB)"].append((after - before) / 1024)
    figures["and of as many more (MiB)"].append((server.read_memory_kib() - after) / 1024)
    server.end()


def open_flood_network(place: Place) -> None:
    """Every address of it is the guest's own, so that it may ask from any and hears the reply."""
    for namespace, words in ((place.guest, ("local", FLOOD_NETWORK, "dev", "lo")),
                             (place.host, (FLOOD_NETWORK, "via", GUEST_ADDRESS))):
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


def measure_flood(place: Place, seconds: float, figures: dict) -> None:
    """A good client, ahead of the flood on their common core, while another floods the server."""
    program = str(BUILD_DIR / "tests/ntp/ntp-load")
    server = Server(place, "hostd", FLOODED)
    for where, address in (("another interface", "203.0.113.1"), ("the same", HOST_ADDRESS)):
        for n_sources in (1, 10_000):
            flood = place.start(place.guest, "flood.log", "taskset", "-c", LOAD_CORE, program,
                                "--to", HOST_ADDRESS, "--rate", "1000000", "--seconds",
                                str(seconds + 1), "--first-source", FLOOD_SOURCE, "--sources",
                                str(n_sources))
            time.sleep(0.5)
            good = json.loads(place.ask(
                place.guest, "taskset", "-c", LOAD_CORE, "chrt", "-f", "1", program, "--to",
                address, "--rate", "5", "--sleep", "--seconds", str(seconds)))
            flood.wait()
            sent = json.loads(place.read("flood.log"))
            name = f"flood from {n_sources}, good client on {where}"
            figures[f"{name}: replies (%)"].append(100 * good["received"] / good["sent"])
            figures[f"{name}: 99 % (us)"].append(good["round-trip-ns"][1] / 1000)
            figures["flood, requests a second"].append(sent["sent"] / sent["seconds"])
    server.end()


def fuzz() -> None:
    """Ten million random packets, of which none may get more than it brings."""
    subprocess.run([str(BUILD_DIR / "tests/hostd/test-hostd-ntp-answer"), "-p",
                    "/hostd/ntp-answer/random-packets-get-no-more-than-they-bring"], check=True,
                   env={**os.environ, "VT_NTP_RANDOM_PACKETS": "10000000"},
                   stdout=subprocess.DEVNULL)
    print("10,000,000 random packets: none got more than it brought")


def show(results: dict[str, dict]) -> None:
    rows = list(dict.fromkeys(row for figures in results.values() for row in figures))
    print(f"| {'what':<60} | {' | '.join(f'{name:>9}' for name in SERVERS)} |")
    print(f"|{'-' * 62}|{'|'.join('-' * 10 + ':' for _ in SERVERS)}|")
    for row in rows:
        cells = [results[name].get(row) for name in SERVERS]
        texts = [f"{statistics.median(values):9.2f}" if values else f"{'':9}" for values in cells]
        print(f"| {row:<60} | {' | '.join(texts)} |")
    def median(name: str, row: str) -> float:
        return statistics.median(results[name][row])
    cost, rate = "CPU per request, saturated (us)", "replies a second, one core"
    print(f"\nCPU per request: {median('hostd', cost) / median('chronyd', cost):.2f} x chronyd"
          f" (goal 0.53), {median('hostd', cost) / median('echo', cost):.2f} x the echo (goal 1.1);"
          f" replies: {median('hostd', rate) / median('chronyd', rate):.2f} x chronyd (goal 1.9)")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/bench ntp", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each server")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    options = parser.parse_args()
    results: dict[str, dict] = {name: defaultdict(list) for name in SERVERS}
    begun = time.monotonic()
    clients.prepare()
    with Place() as place:
        if not place.is_clock_safe():
            print("a program in the rig could set the clock", file=sys.stderr)
            return 1
        open_flood_network(place)
        for _ in range(options.rounds):
            for name in SERVERS:
                measure(place, name, options.seconds, results[name])
        measure_memory(place, results["hostd"])
        lay_second_wire(place)
        measure_flood(place, 5 * options.seconds, results["hostd"])
    show(results)
    fuzz()
    print(f"{time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
