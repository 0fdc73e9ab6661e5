# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients of others: how each is started and what it says when it has the time."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from ntp.place import HOST_ADDRESS, Place, Programs

# Where the packages of tools/client-packages.txt were unpacked.
ROOT = Path(os.environ.get("VT_NTP_CLIENTS", "/nonexistent"))
LIBRARIES = ROOT / "usr/lib/x86_64-linux-gnu"
BUSYBOX = ROOT / "usr/local/bin/busybox"
ENVIRONMENT = {
    "LD_LIBRARY_PATH": f"{LIBRARIES}:{ROOT}/lib/x86_64-linux-gnu",
    "PYTHONPATH": str(ROOT / "usr/lib/python3/dist-packages"),
    "PYTHONDONTWRITEBYTECODE": "1",
}
MOST_SEC = 30


def prepare() -> None:
    """ntpsec's Python looks for its library beside itself first, or where it would be installed."""
    beside = ROOT / "usr/lib/python3/dist-packages/ntp/libntpc.so"
    if not beside.exists():
        beside.symlink_to(LIBRARIES / "ntp/libntpc.so.1")


def wait_for(look: Callable[[], str | None]) -> str:
    """Until `look` finds something, or the time is over: then ''."""
    until = time.monotonic() + MOST_SEC
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    return ""


class Chronyd:
    """Never steers the clock (-x), and could not."""

    def __init__(self, place: Programs, name: str, lines: str,
                 namespace: str | None = None) -> None:
        self._place = place
        self._socket = str(place.folder / f"{name}.sock")
        self._log = f"{name}.log"
        self._namespace = namespace or place.list_namespaces()[-1]
        settings = place.write(f"{name}.conf", "\n".join((
            lines, f"bindcmdaddress {self._socket}", "user root",
            f"pidfile {place.folder}/{name}.pid", "")))
        self.program = place.start(self._namespace, self._log, str(ROOT / "usr/sbin/chronyd"),
                                   "-x", "-d", "-f", settings, environment=ENVIRONMENT)

    def end(self) -> None:
        self._place.end(self.program)

    def ask(self, command: str) -> str:
        return self._place.ask(self._namespace, str(ROOT / "usr/bin/chronyc"), "-h",
                               self._socket, command, environment=ENVIRONMENT)

    def wait_for(self, command: str, pattern: str) -> str:
        """The first answer that matches; '' if none did in time."""
        def look() -> str | None:
            answer = self.ask(command)
            return answer if re.search(pattern, answer, re.MULTILINE) else None
        return wait_for(look)

    def log(self) -> str:
        return self._place.read(self._log)


def run_ntpd(place: Place) -> str:
    """ntpd of ntpsec that is told to leave the clock alone; its variables once it has a peer."""
    settings = place.write("ntp.conf", "\n".join((
        "disable ntp", "restrict default nomodify", "restrict 127.0.0.1",
        f"server {HOST_ADDRESS} iburst minpoll 0 maxpoll 2", "")))
    program = place.start(place.guest, "ntpd.log", str(ROOT / "usr/sbin/ntpd"), "-n", "-c",
                          settings, environment=ENVIRONMENT)
    def look() -> str | None:
        answer = place.ask(place.guest, "python3", str(ROOT / "usr/bin/ntpq"), "-c", "rv", "-n",
                           "-p", "127.0.0.1", environment=ENVIRONMENT)
        return answer if re.search(r"^\*" + re.escape(HOST_ADDRESS), answer, re.MULTILINE) else None
    answer = wait_for(look)
    place.end(program)
    return answer


def run_busybox(place: Place) -> str:
    """What it prints until it has chosen its server; it ends when the kernel forbids the rest."""
    script = place.write("chosen.sh", '#!/bin/sh\necho "$1 $stratum"\n')
    os.chmod(script, 0o700)
    program = place.start(place.guest, "busybox.log", str(BUSYBOX), "ntpd", "-n", "-d", "-p",
                          HOST_ADDRESS, "-S", script)
    def look() -> str | None:
        log = place.read("busybox.log")
        return log if "stratum 11" in log and "adjtimex" in log else None
    log = wait_for(look)
    place.end(program)
    return log


BUS = """<busconfig>
  <listen>unix:path=/run/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/> <allow own="*"/>
    <allow send_destination="*"/> <allow receive_sender="*"/>
  </policy>
</busconfig>
"""
BUS_ADDRESS = {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/run/bus"}


def run_timesyncd(place: Place) -> str:
    """systemd-timesyncd without systemd, in a mount namespace with a /run and a bus of its own;
    what timedatectl tells of it once it has the time."""
    settings = f"[Time]\\nNTP={HOST_ADDRESS}\\nFallbackNTP=\\n"
    bus = place.write("bus.conf", BUS)
    program = place.start(
        place.guest, "timesyncd.log", "unshare", "-m", "sh", "-c",
        "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system /run/systemd/netif"
        " /run/systemd/timesync /run/systemd/timesyncd.conf.d &&"
        f" printf '{settings}' >/run/systemd/timesyncd.conf.d/test.conf || exit;"
        f" dbus-daemon --nofork --config-file={bus} &"
        f" exec setpriv --reuid 65534 --clear-groups {ROOT}/lib/systemd/systemd-timesyncd",
        environment={"SYSTEMD_LOG_TARGET": "console", "SYSTEMD_LOG_LEVEL": "debug",
                     **BUS_ADDRESS})
    def look() -> str | None:
        if "Initial clock synchronization" not in place.read("timesyncd.log"):
            return None
        answer = place.ask(place.guest, "nsenter", "-t", str(program.pid), "-m", "timedatectl",
                           "timesync-status", environment=BUS_ADDRESS)
        return answer if "Reference:" in answer else None
    answer = wait_for(look)
    place.end(program)
    return answer


def run_ntpdig(place: Place, *arguments: str) -> str:
    return place.ask(place.guest, "python3", str(ROOT / "usr/bin/ntpdig"), *arguments,
                     environment=ENVIRONMENT)


def run_ntpdate(place: Place) -> str:
    """A shell script of ntpsec that looks for ntpdig in the path."""
    return place.ask(place.guest, "sh", "-c", f'PATH="{ROOT}/usr/bin:/usr/bin:$PATH"'
                     f" exec sh {ROOT}/usr/sbin/ntpdate -q {HOST_ADDRESS}",
                     environment=ENVIRONMENT)


def run_rdate(place: Place) -> str:
    return place.ask(place.guest, str(ROOT / "usr/sbin/rdate"), "-n", "-p", "-v", HOST_ADDRESS,
                     environment=ENVIRONMENT)
