# SPDX-License-Identifier: LGPL-2.1-or-later
"""
hostd's NTP server beside chronyd and beside an echo that marks the kernel's share: in turns, server
and load pinned to a core each. Prints the table of docs/ntp-server.md. Some four minutes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

from ntp import bench_flood, clients
from ntp.place import Place
from ntp.servers import PORTS, Samples, Server, load, start_load

SERVERS = tuple(PORTS)
WINDOW = 64
BUNCH = 16
# Of the load behind which errors are measured: so many requests arrive at once.
SEGMENTS = 4
PROBE_HZ = 500
SLICE_SEC = 0.5
N_RANDOM_PACKETS = 10_000_000

Figures = dict[str, list[float]]


# How requests come that saturate a server: one by one from a client, or from as many clients as a
# host may have, or a client's in bunches, which a server may answer in bunches.
WAYS = {
    "": (),
    "10000 clients": ("--first-source", bench_flood.FLOOD_SOURCE, "--sources",
                      str(bench_flood.N_FLOODERS)),
    "in bunches": ("--segments", str(BUNCH)),
}


def measure_saturated(place: Place, server: Server, seconds: float, figures: Figures) -> None:
    for way, arguments in WAYS.items():
        comma = ", " if way else ""
        cpu_ns = server.read_cpu_ns()
        full = load(place, server.address, "--window", str(WINDOW), "--seconds", str(seconds),
                    *arguments)
        cpu_ns = server.read_cpu_ns() - cpu_ns
        figures[f"CPU per request, saturated{comma}{way} (us)"].append(
            cpu_ns / full["received"] / 1000)
        figures[f"replies a second, one core{comma}{way}"].append(
            full["received"] / full["seconds"])
        figures["bad replies"].append(full["bad"])


def measure_half(place: Place, server: Server, seconds: float, rate_hz: float,
                 samples: Samples) -> None:
    """A client beside a load of half the rate; it asks the kernel when its requests leave."""
    behind = start_load(place, server.address, "--rate", str(int(rate_hz / 2)), "--segments",
                        str(SEGMENTS), "--seconds", str(seconds + 0.3))
    time.sleep(0.2)
    load(place, server.address, "--rate", str(PROBE_HZ), "--sleep", "--stamps", "--seconds",
         str(seconds), "--samples", samples.prefix, urgent=True)
    behind.communicate()


def take_turns(place: Place, servers: list[Server], options: argparse.Namespace,
               results: dict[str, Figures]) -> None:
    idle = {server.name: Samples(place, f"{server.name}-idle") for server in servers}
    half = {server.name: Samples(place, f"{server.name}-half") for server in servers}
    for _ in range(options.rounds):
        for server in servers:
            measure_saturated(place, server, options.seconds, results[server.name])
        rates = {server.name: results[server.name]["replies a second, one core"][-1]
                 for server in servers}
        for _ in range(max(1, round(2 * options.seconds / SLICE_SEC))):
            for server in servers:
                load(place, server.address, "--rate", "1000", "--seconds", str(SLICE_SEC),
                     "--samples", idle[server.name].prefix)
                if server.name != "echo":
                    measure_half(place, server, SLICE_SEC, rates[server.name],
                                 half[server.name])
    for server in servers:
        figures = results[server.name]
        parts = {"median": 0.5, "99 %": 0.99}
        for word, part in parts.items():
            figures[f"round trip, unloaded, {word} (us)"] += \
                idle[server.name].quantiles_us("round-trip", part)
        if server.name == "echo":
            continue
        for stamp in ("receive", "transmit"):
            for word, part in parts.items():
                figures[f"error of the {stamp} stamp, half loaded, {word} (us)"] += \
                    half[server.name].size_quantiles_us(f"{stamp}-error", part)


def fuzz(build_dir: Path) -> None:
    """Ten million random packets under the sanitizers, none of which may get more than it brings."""
    folder = build_dir.with_name(build_dir.name + "-sanitize")
    source = Path(__file__).resolve().parents[2]
    options = ["-Dwerror=true", "-Db_sanitize=address,undefined"]
    if not (folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", str(folder), str(source), *options], check=True,
                       stdout=subprocess.DEVNULL)
    program = "tests/hostd/test-hostd-ntp-answer"
    subprocess.run(["ninja", "--quiet", "-C", str(folder), program], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([str(folder / program), "-p",
                    "/hostd/ntp-answer/random-packets-get-no-more-than-they-bring"], check=True,
                   env={**os.environ, "VT_NTP_RANDOM_PACKETS": str(N_RANDOM_PACKETS),
                        "UBSAN_OPTIONS": "halt_on_error=1"}, stdout=subprocess.DEVNULL)
    print(f"{N_RANDOM_PACKETS} random packets under the sanitizers: none got more than it brought")


def show(results: dict[str, Figures]) -> None:
    rows = list(dict.fromkeys(row for figures in results.values() for row in figures))
    names = [name for name in SERVERS if results[name]]
    print(f"| {'what':<62} | {' | '.join(f'{name:>10}' for name in names)} |")
    print(f"|{'-' * 64}|{'|'.join('-' * 11 + ':' for _ in names)}|")
    for row in rows:
        cells = [results[name].get(row) for name in names]
        texts = [f"{statistics.median(values):10.2f}" if values else f"{'':10}"
                 for values in cells]
        print(f"| {row:<62} | {' | '.join(texts)} |")


def show_ratios(results: dict[str, Figures]) -> None:
    def ratio(row: str, other: str) -> float:
        mine, others = (statistics.median(results[name][row]) for name in ("hostd", other))
        return mine / others
    goals = (("CPU per request, saturated (us)", "chronyd", "<= 0.53"),
             ("CPU per request, saturated, 10000 clients (us)", "chronyd", "<= 0.53"),
             ("CPU per request, saturated, in bunches (us)", "chronyd", "<= 0.53"),
             ("CPU per request, saturated (us)", "echo", "<= 1.1"),
             ("CPU per request, saturated, 10000 clients (us)", "echo", "<= 1.1"),
             ("CPU per request, saturated, in bunches (us)", "echo", "<= 1.1"),
             ("replies a second, one core", "chronyd", ">= 1.9"),
             ("replies a second, one core, 10000 clients", "chronyd", ">= 1.9"),
             ("replies a second, one core, in bunches", "chronyd", ">= 1.9"),
             ("round trip, unloaded, median (us)", "chronyd", "<= 1"),
             ("round trip, unloaded, 99 % (us)", "chronyd", "<= 1"),
             ("error of the receive stamp, half loaded, median (us)", "chronyd", "<= 1"),
             ("error of the receive stamp, half loaded, 99 % (us)", "chronyd", "<= 0.5"),
             ("error of the transmit stamp, half loaded, median (us)", "chronyd", "<= 1"),
             ("error of the transmit stamp, half loaded, 99 % (us)", "chronyd", "<= 0.5"))
    print()
    for row, other, goal in goals:
        print(f"{row}: {ratio(row, other):.2f} x {other} (goal {goal})")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/bench ntp", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each server")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--only", choices=("peers", "floods", "fuzz"), help="leave the rest out")
    options = parser.parse_args()
    results: dict[str, Figures] = {name: defaultdict(list) for name in SERVERS}
    begun = time.monotonic()
    clients.prepare()
    with Place() as place:
        if not place.is_clock_safe():
            print("a program in the rig could set the clock", file=sys.stderr)
            return 1
        bench_flood.open_flood_network(place)
        if options.only in (None, "peers"):
            servers = [Server(place, name) for name in SERVERS]
            take_turns(place, servers, options, results)
            for server in servers:
                server.end()
        if options.only in (None, "floods"):
            bench_flood.measure(place, options.seconds, results["hostd"])
    show(results)
    if options.only in (None, "peers"):
        show_ratios(results)
    if options.only in (None, "fuzz"):
        fuzz(Path(os.environ["VT_BUILD_DIR"]).resolve())
    print(f"{time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
