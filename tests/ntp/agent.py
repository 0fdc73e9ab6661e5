# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The agent as a client of others' servers, chronyd and ntpsec's ntpd: with keys, interleaved, over
IPv6, as a pool, with one that lies, and one that dies and comes back. It cannot set the clock it
watches.
Needs root; called by ntp.check.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path

from ntp import clients
from ntp.clients import Chronyd, wait_for
from ntp.place import HOST_ADDRESS, HOST_ADDRESS_V6, Place, run
from vm.tap import TapReport

BUILD_DIR = Path(os.environ.get("VT_BUILD_DIR", "build")).resolve()
KEYS = "1 AES128 HEX:00112233445566778899aabbccddeeff\n"
SERVER_ADDRESSES = [f"192.0.2.{number}" for number in (11, 12, 13, 14)]
LIAR = 2
LIE_SEC = 0.01
POOL = "pool.example.invalid"
# The liar first: of four that are asked it is one, whichever protocol the resolver likes better.
POOL_ADDRESSES = [SERVER_ADDRESSES[2], SERVER_ADDRESSES[0], SERVER_ADDRESSES[1],
                  SERVER_ADDRESSES[3], HOST_ADDRESS_V6]
HOSTS = "".join(f"{address} {POOL}\n" for address in POOL_ADDRESSES)
POLL_SEC = 1
ALL_TESTS = "111 111 1111"


class Agent:
    """With these servers, and nothing of the machine's that it could change."""

    def __init__(self, place: Place, name: str, lines: str) -> None:
        self._place = place
        self._socket = str(place.folder / f"{name}.sock")
        settings = place.write(f"{name}.conf", "\n".join((
            "[agent]", "mode=monitor", "rtc-watch=off", f"control-socket={self._socket}", lines,
            "")))
        self._log = f"{name}.log"
        self.begun = time.monotonic()
        # What it remembers of this machine is not its own.
        hosts = place.write(f"{name}.hosts", HOSTS)
        self._program = place.start(
            place.guest, self._log, "sh", "-c",
            f'mkdir -p /var/lib && mount -t tmpfs none /var/lib && mount --bind {hosts} /etc/hosts '
            '&& exec "$@"', "sh", str(BUILD_DIR / "agent/virt-time-agent"), "-f", "--config", settings)

    def ask(self, *command: str) -> object:
        answer = self._place.ask(self._place.guest, str(BUILD_DIR / "ctl/virt-timectl"), *command,
                                 "--json", "--socket", self._socket)
        try:
            return json.loads(answer)
        except json.JSONDecodeError:
            return []

    def source(self, name: str) -> dict:
        return next((source for source in self.ask("sources")
                     if isinstance(source, dict) and source.get("name") == name), {})

    def data(self, name: str) -> dict:
        answer = self.ask("ntpdata", name)
        found = answer if isinstance(answer, list) else [answer]
        return next((data for data in found if isinstance(data, dict)), {})

    def wait_for(self, name: str, **wanted: object) -> dict:
        """The first time that the source has all these values; {} if it never had."""
        found: dict = {}

        def look() -> str | None:
            found.clear()
            found.update(self.source(name))
            return "yes" if all(found.get(key.replace("_", "-")) == value
                                for key, value in wanted.items()) else None
        return found if wait_for(look) else {}

    def log(self) -> str:
        return self._place.read(self._log)

    def end(self) -> None:
        self._place.end(self._program)


def server(name: str, address: str, *lines: str) -> str:
    return "\n".join((f"[server {name}]", f"address={address}", "local=yes", *lines))


def start_chronyd(place: Place, name: str, address: str, *lines: str) -> Chronyd:
    return Chronyd(place, name, "\n".join((
        f"bindaddress {address}", "allow", "cmdport 0", *lines)), place.host)


def start_four(place: Place) -> list[Chronyd]:
    """The third is ahead by LIE_SEC: it follows the first, and is told to correct it so."""
    four = []
    keys = place.write("four.keys", KEYS)
    for number, address in enumerate(SERVER_ADDRESSES):
        run("ip", "-n", place.host, "addr", "add", f"{address}/24", "dev", "wire")
        lines = ["local stratum 3"] if number != LIAR else [
            f"server {SERVER_ADDRESSES[0]} iburst minpoll 0 maxpoll 0 offset {LIE_SEC}"]
        four.append(start_chronyd(place, f"four{number}", address, f"keyfile {keys}", *lines))
    four[LIAR].wait_for("tracking", r"^Leap status     : Normal")
    return four


def check_one(place: Place, report: TapReport) -> None:
    """Authenticated and interleaved, with a server of chronyd's."""
    keys = place.write("server.keys", KEYS)
    keyed = start_chronyd(place, "keyed", HOST_ADDRESS, f"keyfile {keys}", "local stratum 2")
    agent = Agent(place, "one", f"ntp-keys={keys}\n" + server("one", HOST_ADDRESS, "key=1"))
    tracking_sec = 0.0

    def look() -> str | None:
        nonlocal tracking_sec
        answer = agent.ask("tracking")
        tracking_sec = time.monotonic() - agent.begun
        is_right = isinstance(answer, dict) and answer.get("state") in ("tracking", "assist")
        return "yes" if is_right else None
    tracked = wait_for(look)
    report.add("/ntp/agent/tracks-a-local-server-within-2-s", bool(tracked) and tracking_sec <= 2,
               f"{tracking_sec:.1f} s\n{agent.log()}")
    print(f"# tracking {tracking_sec:.2f} s after the start", flush=True)
    agent.wait_for("one", sign="*")
    data: dict = {}

    def is_served() -> str | None:
        # On a busy machine one reply or the other is late, which is one of the tests.
        data.clear()
        data.update(agent.data("one"))
        return "yes" if data.get("interleaved") and data.get("tests") == ALL_TESTS else None
    wait_for(is_served)
    report.add("/ntp/agent/is-served-by-chronyd-with-a-key", bool(data.get("authenticated"))
               and data.get("tests") == ALL_TESTS and data.get("stratum") == 2, str(data))
    report.add("/ntp/agent/is-answered-in-interleaved-mode", bool(data.get("interleaved")),
               str(data))
    report.add("/ntp/agent/has-the-kernel-s-stamps", data.get("tx-timestamping") == "kernel"
               and data.get("rx-timestamping") == "kernel", str(data))
    agent.end()

    wrong = place.write("wrong.keys", KEYS.replace("00", "01"))
    agent = Agent(place, "wrong", f"ntp-keys={wrong}\n" + server("one", HOST_ADDRESS, "key=1"))
    wait_for(lambda: "yes" if agent.source("one").get("failures", 0) >= 3 else None)
    found = agent.source("one")
    report.add("/ntp/agent/believes-nobody-with-another-key",
               found.get("sign") == "?" and found.get("readings") == 0, str(found))
    agent.end()
    place.end(keyed.program)


def start_ntpd(place: Place, name: str, address: str, *lines: str) -> subprocess.Popen:
    """Its own clock is its reference; it is told to leave that alone, too."""
    settings = place.write(f"{name}.conf", "\n".join((
        "disable ntp", "server 127.127.1.0", "fudge 127.127.1.0 stratum 4",
        "tos orphan 4 orphanwait 1", f"interface listen {address}", *lines, "")))
    return place.start(place.host, f"{name}.log", str(clients.ROOT / "usr/sbin/ntpd"), "-n", "-c",
                       settings, environment=clients.ENVIRONMENT)


def check_ntpd(place: Place, report: TapReport) -> None:
    program = start_ntpd(place, "server-ntpd", HOST_ADDRESS_V6, "restrict default nomodify")
    agent = Agent(place, "six", server("six", HOST_ADDRESS_V6))
    found = agent.wait_for("six", sign="*")
    data = agent.data("six")
    report.add("/ntp/agent/is-served-by-ntpd-over-ipv6", found != {} and not data.get("interleaved")
               and data.get("tests") == ALL_TESTS,
               f"{agent.source('six')} {data}\n{place.read('server-ntpd.log')}")
    agent.end()
    place.end(program)


def check_four(place: Place, report: TapReport) -> None:
    four = start_four(place)
    names = ["a", "b", "c", "d"]
    agent = Agent(place, "four", "\n".join(
        server(name, address) for name, address in zip(names, SERVER_ADDRESSES)))
    liar = agent.wait_for(names[LIAR], sign="x")
    report.add("/ntp/agent/names-the-falseticker-within-5-polls",
               0 < liar.get("readings", 0) <= 5, f"{liar or agent.ask('sources')}\n{agent.log()}")
    print(f"# named after {liar.get('readings')} polls", flush=True)
    time.sleep(10 * POLL_SEC)
    signs = {source["name"]: source["sign"] for source in agent.ask("sources")}
    honest = sorted(signs[name] for index, name in enumerate(names) if index != LIAR)
    report.add("/ntp/agent/combines-the-others", honest.count("*") == 1 and "x" not in honest
               and "?" not in honest, str(signs))
    report.add("/ntp/agent/never-follows-the-falseticker",
               f"following '{names[LIAR]}'" not in agent.log(), agent.log())

    followed = next(name for name in names if signs[name] == "*")
    index = names.index(followed)
    place.end(four[index].program)
    before = agent.source(followed)
    other = wait_for(lambda: next((source["name"] for source in agent.ask("sources")
                                   if source["sign"] == "*" and source["name"] != followed), None))
    after = agent.source(followed)
    polls = after["failures"] - before["failures"]
    report.add("/ntp/agent/leaves-the-dead-one-within-3-polls",
               other not in ("", names[LIAR]) and polls <= 4, f"{other} {polls}\n{agent.log()}")
    keys = place.folder / "four.keys"
    start_chronyd(place, "again", SERVER_ADDRESSES[index], f"keyfile {keys}", "local stratum 3")
    sign = wait_for(lambda: next((sign for sign in "*+-"
                                  if agent.source(followed).get("sign") == sign), None))
    report.add("/ntp/agent/hears-the-one-that-returns", sign != "", str(agent.source(followed)))
    agent.end()


def check_pool(place: Place, report: TapReport) -> None:
    """The four, the liar among them, and one of IPv6; with keys. Four places."""
    keys = place.folder / "four.keys"
    start_chronyd(place, "six", HOST_ADDRESS_V6, f"keyfile {keys}", "local stratum 3")
    agent = Agent(place, "pool", f"ntp-keys={keys}\n[pool near]\naddress={POOL}\nlocal=yes\n"
                  "key=1\nmax-sources=4\n")
    lying = f"{SERVER_ADDRESSES[LIAR]}:123"
    members: list[dict] = []

    def get_addresses() -> set[str]:
        members[:] = [source for source in agent.ask("sources") if source["kind"] == "pool"]
        return {source["address"] for source in members}
    first = wait_for(lambda: "yes" if lying in get_addresses() else None)
    last = wait_for(lambda: "yes" if len(get_addresses()) == 4 and lying not in get_addresses()
                    and all(source["sign"] in "*+-" for source in members) else None)
    wanted = {f"{address}:123" for address in SERVER_ADDRESSES} - {lying}
    report.add("/ntp/agent/replaces-a-pool-s-liar", first != "" and last != ""
               and get_addresses() == wanted | {f"[{HOST_ADDRESS_V6}]:123"},
               f"{members}\n{agent.log()}")
    data = [agent.data(source["name"]) for source in members]
    report.add("/ntp/agent/has-a-pool-authenticated-over-both-protocols",
               len(data) == 4 and all(one.get("authenticated") for one in data), str(data))
    agent.end()


def check_polite(place: Place, report: TapReport) -> None:
    """One of the four, not marked local."""
    agent = Agent(place, "polite", f"[server far]\naddress={SERVER_ADDRESSES[0]}\n")
    agent.wait_for("far", sign="*")
    time.sleep(12)
    data = agent.data("far")
    report.add("/ntp/agent/asks-a-server-of-a-network-in-one-burst",
               4 <= data.get("total-tx", 0) <= 8, str(data))
    agent.end()


def check_offline(place: Place, report: TapReport) -> None:
    """There is no network at the start, and no name server ever."""
    run("ip", "-n", place.guest, "link", "set", "wire", "down")
    agent = Agent(place, "offline", f"[server far]\naddress={SERVER_ADDRESSES[0]}\n"
                  "[pool nowhere]\naddress=nowhere.example.invalid\n")
    wait_for(lambda: "yes" if agent.source("far").get("failures", 0) >= 6 else None)
    n_lines = len(agent.log().splitlines())
    time.sleep(5)
    report.add("/ntp/agent/is-quiet-without-a-network",
               len(agent.log().splitlines()) == n_lines <= 6, agent.log())
    run("ip", "-n", place.guest, "link", "set", "wire", "up")
    begun = time.monotonic()
    found = agent.wait_for("far", usable=True)
    waited_sec = time.monotonic() - begun
    report.add("/ntp/agent/asks-at-once-when-the-network-comes", found != {} and waited_sec < 10,
               f"{waited_sec:.1f} s {agent.source('far')}\n{agent.log()}")
    agent.end()


def check_all(place: Place, report: TapReport) -> None:
    check_one(place, report)
    check_ntpd(place, report)
    check_four(place, report)
    check_pool(place, report)
    check_polite(place, report)
    check_offline(place, report)
    spoilt = [log.name for log in place.folder.glob("*.log")
              if re.search(r"Sanitizer|assertion|CRITICAL", log.read_text(errors="replace"))]
    report.add("/ntp/agent/complains-of-nothing", not spoilt, str(spoilt))
