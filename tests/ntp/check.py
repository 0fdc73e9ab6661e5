# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Every client of others gets the time from hostd, with the right stratum and reference; what passed
on the wire is read by tshark without complaint; and the agent gets it from others' servers. Needs
root; called by tools/check.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from ntp import agent, busybox, clients
from ntp.clients import Chronyd, wait_for
from ntp.libvirt import Libvirtd
from ntp.place import (GUEST_ADDRESS, GUEST_ADDRESS_V6, HOST_ADDRESS, HOST_ADDRESS_V6,
                       STRANGER_ADDRESS, Place)
from vm.tap import TapReport

BUILD_DIR = Path(os.environ.get("VT_BUILD_DIR", "build")).resolve()
KEYS = "1 AES128 HEX:00112233445566778899aabbccddeeff\n"
OTHER_KEYS = "1 AES128 HEX:ffeeddccbbaa99887766554433221100\n"
GOOD_AND_INTERLEAVED = r"^Interleaved     : Yes(?s:.*)^Total good RX   : [4-9]"
# What the host says of itself where it is trusted, as chronyc's 'ntpdata' shows it, as bytes of a
# reply, and as busybox prints them, which takes the bytes for a number.
TOLD = (r"^Leap status     : Normal$", r"^Stratum         : 10$", r"^Reference ID    : 7F7F0101 ")
TOLD_BYTES = r"^24 0a 00 ([0-9a-f]{2} ){9}7f 7f 01 01 "
TOLD_TO_BUSYBOX = (r"status:0x24 strat:10 "
                   fr"refid:0x{int.from_bytes((127, 127, 1, 1), sys.byteorder):08x}")
FAST = "iburst minpoll 0 maxpoll 0"


class Report(TapReport):
    """What was seen is of interest where it was not what is claimed."""

    def add(self, name: str, holds: bool, detail: str = "") -> None:
        super().add(name, holds, "" if holds else detail)


class Hostd:
    def __init__(self, place: Place, name: str, lines: str,
                 uri: str = "test:///default") -> None:
        self._place = place
        self._socket = str(place.folder / f"{name}.sock")
        settings = place.write(f"{name}.conf", "\n".join((
            "[hostd]", f"uri={uri}", f"control-socket={self._socket}",
            "opener-socket=", lines, "")))
        self._log = f"{name}.log"
        self._program = place.start(place.host, self._log,
                                    str(BUILD_DIR / "hostd/virt-time-hostd"), "-f", "--config",
                                    settings)
        wait_for(lambda: "yes" if "began" in place.read(self._log) else None)

    def ask(self, *command: str) -> object:
        answer = self._place.ask(self._place.host, str(BUILD_DIR / "ctl/virt-timectl"), *command,
                                 "--json", "--socket", self._socket)
        return json.loads(answer)

    def end(self) -> None:
        self._place.end(self._program)


def has_lines(answer: str, *patterns: str) -> bool:
    return all(re.search(pattern, answer, re.MULTILINE) for pattern in patterns)


def check_chronyd(place: Place, report: TapReport) -> None:
    basic = Chronyd(place, "basic", f"server {HOST_ADDRESS} {FAST}\ncmdport 0")
    answer = basic.wait_for("tracking", r"^Leap status     : Normal")
    report.add("/ntp/chronyd/basic-is-synchronised-through-the-host",
               has_lines(answer, r"^Stratum         : 11$", r"^Reference ID    : C0000201 "),
               answer or basic.log())

    interleaved = Chronyd(place, "interleaved", f"server {HOST_ADDRESS} {FAST} xleave\ncmdport 0")
    answer = interleaved.wait_for("ntpdata", GOOD_AND_INTERLEAVED)
    report.add("/ntp/chronyd/interleaved-mode-is-reached", has_lines(answer, *TOLD),
               answer or interleaved.log())

    v6 = Chronyd(place, "v6", f"server {HOST_ADDRESS_V6} {FAST}\ncmdport 0")
    answer = v6.wait_for("tracking", r"^Leap status     : Normal")
    # Of an IPv6 address the reference is a hash.
    hashed = hashlib.md5(ipaddress.ip_address(HOST_ADDRESS_V6).packed).hexdigest()[:8].upper()
    report.add("/ntp/chronyd/ipv6-is-synchronised",
               has_lines(answer, r"^Stratum         : 11$", f"^Reference ID    : {hashed} "),
               answer or v6.log())


def check_keys(place: Place, report: TapReport) -> None:
    good_keys = place.write("good.keys", KEYS)
    good = Chronyd(place, "good", f"keyfile {good_keys}\n"
                   f"server {HOST_ADDRESS} {FAST} key 1 xleave\ncmdport 0")
    answer = good.wait_for("ntpdata", GOOD_AND_INTERLEAVED)
    report.add("/ntp/chronyd/authenticated-is-synchronised",
               has_lines(answer, r"^Authenticated   : Yes", *TOLD), answer or good.log())

    bad_keys = place.write("bad.keys", OTHER_KEYS)
    bad = Chronyd(place, "bad", f"keyfile {bad_keys}\nserver {HOST_ADDRESS} {FAST} key 1\ncmdport 0")
    answer = bad.wait_for("ntpdata", r"^Total RX        : [3-9]")
    report.add("/ntp/chronyd/wrong-key-is-told-and-gets-nothing",
               has_lines(answer, r"^Total valid RX  : 0$"), answer or bad.log())


def check_daemons(place: Place, report: TapReport) -> None:
    answer = clients.run_ntpd(place)
    report.add("/ntp/ntpsec/ntpd-has-the-host-as-its-peer",
               has_lines(answer, r"stratum=11", r"refid=192\.0\.2\.1,",
                         r"^\*192\.0\.2\.1 +127\.127\.1\.1 +10 "),
               answer or place.read("ntpd.log"))
    answer = clients.run_timesyncd(place)
    report.add("/ntp/systemd/timesyncd-is-synchronised",
               has_lines(answer, r"^ +Leap: normal$", r"^ +Stratum: 10$",
                         r"^ +Reference: 7F7F0101$"),
               answer or place.read("timesyncd.log"))
    check_busybox(place, report)


def check_busybox(place: Place, report: TapReport) -> None:
    name = "/ntp/busybox/ntpd-is-synchronised-through-the-host"
    try:
        busybox.build(clients.BUSYBOX)
    except busybox.NoSourceError as error:
        report.skip(name, f"the mirror has no source of it: {error}")
        return
    answer = clients.run_busybox(place)
    report.add(name, has_lines(answer, TOLD_TO_BUSYBOX, r"^stratum 11$"),
               answer or place.read("busybox.log"))


def check_programs(place: Place, report: TapReport) -> None:
    """Those that ask once. What they print has no reference, but for ntpdig's copy of the reply."""
    answer = clients.run_ntpdig(place, "-d", "-d", "-d", HOST_ADDRESS)
    report.add("/ntp/ntpsec/ntpdig-has-the-time",
               has_lines(answer, r"192\.0\.2\.1 s10 no-leap", TOLD_BYTES), answer)
    answer = clients.run_ntpdig(place, "-j", "-c", HOST_ADDRESS, "-t", "2")
    report.add("/ntp/ntpsec/sntp-in-json-has-the-time",
               '"stratum":10,"leap":"no-leap"' in answer.replace(" ", ""), answer)
    answer = clients.run_ntpdate(place)
    report.add("/ntp/ntpsec/ntpdate-has-the-time", has_lines(answer, r"192\.0\.2\.1 s10 no-leap"),
               answer)
    answer = clients.run_rdate(place)
    report.add("/ntp/rdate/has-the-time",
               has_lines(answer, r"adjust local clock by -?0\.0\d+ seconds"), answer)


def check_access(place: Place, report: TapReport, hostd: Hostd) -> None:
    """The second network of the wire is one that `deny` names."""
    before = hostd.ask("serverstats")
    stranger = Chronyd(place, "stranger", "server 198.51.100.1 iburst minpoll 0 maxpoll 0\n"
                       f"bindacqaddress {STRANGER_ADDRESS}\ncmdport 0")
    answer = stranger.wait_for("ntpdata", r"^Total TX        : [3-9]")
    after = hostd.ask("serverstats")
    report.add("/ntp/access/denied-network-gets-nothing",
               has_lines(answer, r"^Total RX        : 0$")
               and after["denied"] - before["denied"] >= 3, answer + str(after))

    told = {client["address"]: client for client in hostd.ask("clients", "-n", "100")}
    report.add("/ntp/operator/sees-the-clients",
               GUEST_ADDRESS in told and told[GUEST_ADDRESS]["interface"] == "wire"
               and STRANGER_ADDRESS not in told, str(told))
    report.add("/ntp/operator/counts-what-was-served",
               after["interleaved"] > 0 and after["authenticated"] > 0 and after["nak"] > 0
               and after["malformed"] == 0 and after["unsent"] == 0, str(after))


def check_interface(place: Place, report: TapReport) -> None:
    """libvirt takes a bridge away and makes it again when a network is restarted."""
    def has_time() -> str | None:
        answer = clients.run_ntpdig(place, "-t", "1", "203.0.113.1")
        return answer if "no-leap" in answer else None
    def make() -> None:
        for command in (("link", "add", "again", "type", "veth", "peer", "name", "again",
                         "netns", place.guest), ("addr", "add", "203.0.113.1/24", "dev", "again"),
                        ("link", "set", "again", "up")):
            subprocess.run(["ip", "-n", place.host, *command], check=True)
        for command in (("addr", "add", "203.0.113.2/24", "dev", "again"),
                        ("link", "set", "again", "up")):
            subprocess.run(["ip", "-n", place.guest, *command], check=True)

    make()
    first = wait_for(has_time)
    subprocess.run(["ip", "-n", place.host, "link", "del", "again"], check=True)
    make()
    second = wait_for(has_time)
    report.add("/ntp/interface/that-comes-later-is-served", first != "", first)
    report.add("/ntp/interface/that-comes-again-is-served", second != "", second)


NODE = """<node>
  <domain type='test'>
    <name>tenant</name>
    <uuid>6695eb01-f6a4-8304-79aa-97f2502e1900</uuid>
    <memory>8192</memory>
    <os><type>hvm</type></os>
    <devices>
      <interface type='bridge'><mac address='{mac}'/><source bridge='wire'/></interface>
    </devices>
  </domain>
</node>
"""


def check_hanging_libvirt(place: Place, report: TapReport) -> None:
    """For longer than hostd's word on the host's clock counts without being renewed."""
    with Libvirtd(place) as libvirt:
        hostd = Hostd(place, "hanging", "host-clock=trusted\nlisten=wire", libvirt.uri)
        wait_for(lambda: "yes" if hostd.ask("guests") else None)
        libvirt.send(signal.SIGSTOP)
        time.sleep(7)
        answer = clients.run_ntpdig(place, HOST_ADDRESS)
        libvirt.send(signal.SIGCONT)
        report.add("/ntp/libvirt/that-hangs-has-no-effect",
                   has_lines(answer, r"192\.0\.2\.1 s10 no-leap"), answer)
        hostd.end()


ACTIVATOR = """
import os, socket, sys
listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind((sys.argv[1], 123))
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_FDNAMES="ntp", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def check_activation(place: Place, report: TapReport) -> None:
    """The service manager's socket is served, and what the settings name is not."""
    settings = place.write("activated.conf", "\n".join((
        "[hostd]", "uri=test:///default", f"control-socket={place.folder}/activated.sock",
        "opener-socket=", "host-clock=trusted", "allow=all", "listen=198.51.100.1", "")))
    program = place.start(place.host, "activated.log", "python3", "-c", ACTIVATOR, HOST_ADDRESS,
                          str(BUILD_DIR / "hostd/virt-time-hostd"), "-f", "--config", settings)
    def look() -> str | None:
        answer = clients.run_ntpdig(place, "-t", "1", HOST_ADDRESS)
        return answer if "no-leap" in answer else None
    answer = wait_for(look)
    other = clients.run_ntpdig(place, "-t", "1", "198.51.100.1")
    report.add("/ntp/activation/socket-of-the-service-manager-is-served-instead",
               answer != "" and "no-leap" not in other,
               answer + other + place.read("activated.log"))
    place.end(program)


def check_domains(place: Place, report: TapReport) -> None:
    """libvirt says whose the hardware address is, the kernel which address is behind it."""
    links = json.loads(place.ask(place.guest, "ip", "-j", "link", "show", "wire"))
    node = place.write("node.xml", NODE.format(mac=links[0]["address"]))
    def serve(name: str, lines: str) -> Hostd:
        return Hostd(place, name, f"host-clock=trusted\nlisten=wire\n{lines}", f"test://{node}")
    def get_time(address: str = HOST_ADDRESS) -> str | None:
        answer = clients.run_ntpdig(place, "-t", "1", address)
        return answer if "no-leap" in answer else None

    hostd = serve("tenants", "")
    answers = [wait_for(get_time), wait_for(lambda: get_time(HOST_ADDRESS_V6))]
    told = {client["address"]: client["guest"] for client in hostd.ask("clients", "-n", "100")}
    report.add("/ntp/domain/clients-are-known-as-guests",
               all(answers) and told.get(GUEST_ADDRESS) == "tenant"
               and told.get(GUEST_ADDRESS_V6) == "tenant", str(told))
    hostd.end()

    hostd = serve("denied", "deny=domain:tenant")
    wait_for(lambda: None if get_time() else "yes")
    answers = [clients.run_ntpdig(place, "-t", "1", address)
               for address in (HOST_ADDRESS, HOST_ADDRESS_V6)]
    count = hostd.ask("serverstats")["denied"]
    report.add("/ntp/domain/denied-guest-gets-nothing",
               not any("no-leap" in answer for answer in answers) and count > 0, str(answers))
    hostd.end()

    hostd = serve("allowed", "deny=192.0.2.0/24\nallow=domain:6695eb01-f6a4-8304-79aa-97f2502e1900")
    answer = wait_for(get_time)
    report.add("/ntp/domain/allowed-guest-of-a-denied-network-has-the-time", answer != "", answer)
    hostd.end()


def check_host_of_chronyd(place: Place, report: TapReport) -> None:
    """The host's own chronyd says how good the clock is, by UDP on loopback."""
    Chronyd(place, "host", "local stratum 5\nport 0", place.host)
    hostd = Hostd(place, "auto", "host-clock=auto\nlisten=wire")
    def look() -> str | None:
        answer = clients.run_ntpdig(place, HOST_ADDRESS)
        return answer if " s5 " in answer else None
    answer = wait_for(look)
    report.add("/ntp/host/stratum-is-that-of-its-chronyd", "no-leap" in answer,
               answer or clients.run_ntpdig(place, HOST_ADDRESS))
    hostd.end()

    island = Hostd(place, "island", "host-clock=unsynchronised\nstratum=9\nlisten=wire")
    answer = wait_for(lambda: clients.run_ntpdig(place, HOST_ADDRESS))
    report.add("/ntp/host/island-has-the-stratum-of-its-settings", " s9 " in answer, answer)
    island.end()


def check_capture(place: Place, report: TapReport, capture: subprocess.Popen, path: Path) -> None:
    place.end(capture)
    def tshark(*arguments: str) -> list[str]:
        return subprocess.run(["tshark", "-r", str(path), *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              check=True).stdout.splitlines()
    replies = tshark("-Y", "ntp.flags.mode == 4")
    bad = tshark("-Y", "_ws.malformed || _ws.expert.severity == error")
    report.add("/ntp/wire/tshark-reads-every-packet", len(replies) > 50 and not bad,
               f"{len(replies)} replies\n" + "\n".join(bad))


def check_all(place: Place, report: TapReport) -> None:
    safe = place.is_clock_safe()
    report.add("/ntp/rig/no-client-can-set-the-clock", safe)
    if not safe:
        return
    path = place.folder / "capture.pcapng"
    capture = place.start(place.host, "capture.log", "dumpcap", "-q", "-i", "wire", "-f",
                          "udp port 123", "-w", str(path))
    keys = place.write("host.keys", KEYS)
    hostd = Hostd(place, "hostd", f"host-clock=trusted\nlisten=wire again\nntp-keys={keys}\n"
                  "deny=198.51.100.0/24\nntp-interval=10ms\nntp-burst=100")
    wait_for(lambda: "yes" if path.exists() else None)
    check_chronyd(place, report)
    check_keys(place, report)
    check_daemons(place, report)
    check_programs(place, report)
    check_access(place, report, hostd)
    check_interface(place, report)
    hostd.end()
    check_domains(place, report)
    check_activation(place, report)
    check_hanging_libvirt(place, report)
    check_host_of_chronyd(place, report)
    check_capture(place, report, capture, path)


def main() -> int:
    report = Report()
    clients.prepare()
    begun = time.monotonic()
    with Place() as place:
        check_all(place, report)
    with Place() as place:
        agent.check_all(place, report)
    print(f"# {time.monotonic() - begun:.0f} s", flush=True)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
