# SPDX-License-Identifier: LGPL-2.1-or-later
"""Time daemons of others beside the agent, as their packages install them: unit, settings, user. What
is added to the settings is a server, where an administrator would add one."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from .layout import Layout, RigError
from .wire import HOST_ADDRESS

FEED_SOCKET = "/run/chrony.virt-time.sock"
LIBRARIES = "usr/lib/x86_64-linux-gnu"


@dataclass(frozen=True)
class Neighbour:
    name: str
    process: str  # as virt-timectl calls it
    unit: str
    user: str  # a line of passwd(5)
    programs: tuple[str, ...]  # below the folder of the packages, and in the guest
    tools: tuple[str, ...] = ()  # of this machine, that its scripts use
    files: dict[str, str] = field(default_factory=dict)  # in the guest: below that folder
    texts: dict[str, str] = field(default_factory=dict)
    # What the package's own scripts, or a whole system, would have done.
    prepare: str = "true"
    # Prints something once the daemon follows its server.
    is_in_step: str = ""
    show: str = ""  # its own word on the clock
    role: str = "assist"  # of the agent's beside it


CHRONYD = Neighbour(
    name="chronyd", process="chronyd", unit="chrony.service",
    user="_chrony:x:101:101::/var/lib/chrony:/usr/sbin/nologin",
    programs=("usr/sbin/chronyd", "usr/bin/chronyc"),
    files={
        "usr/lib/systemd/system/chrony.service": "lib/systemd/system/chrony.service",
        "etc/chrony/chrony.conf": "usr/share/chrony/chrony.conf",
        "etc/chrony/chrony.keys": "usr/share/chrony/chrony.keys",
        "etc/default/chrony": "etc/default/chrony",
    },
    texts={"etc/chrony/sources.d/host.sources": f"server {HOST_ADDRESS} iburst\n"},
    prepare="mkdir -p /etc/chrony/conf.d /run/chrony-dhcp",
    is_in_step="chronyc -n tracking | grep '^Leap status *: Normal'",
    show="chronyc -n tracking",
)
TIMESYNCD = Neighbour(
    name="timesyncd", process="systemd-timesyncd", unit="systemd-timesyncd.service",
    user="systemd-timesync:x:102:102::/:/usr/sbin/nologin",
    programs=("lib/systemd/systemd-timesyncd",),
    files={"usr/lib/systemd/system/systemd-timesyncd.service":
           "lib/systemd/system/systemd-timesyncd.service"},
    texts={"etc/systemd/timesyncd.conf.d/host.conf": f"[Time]\nNTP={HOST_ADDRESS}\n"},
    prepare="mkdir -p /run/systemd/netif/links",
    is_in_step="ls /run/systemd/timesync/synchronized",
    show="journalctl -o cat --no-pager -u systemd-timesyncd",
)
NTPD = Neighbour(
    name="ntpd", process="ntpd", unit="ntpsec.service",
    user="ntpsec:x:103:103::/var/lib/ntpsec:/usr/sbin/nologin",
    programs=("usr/sbin/ntpd",),
    tools=("/usr/bin/flock",),
    files={
        "usr/lib/systemd/system/ntpsec.service": "lib/systemd/system/ntpsec.service",
        "usr/libexec/ntpsec/ntp-systemd-wrapper": "usr/libexec/ntpsec/ntp-systemd-wrapper",
        "etc/ntpsec/ntp.conf": "etc/ntpsec/ntp.conf",
        "etc/default/ntpsec": "etc/default/ntpsec",
    },
    # One server is too few for the package's own 'minsane 3'.
    texts={"etc/ntpsec/host.txt": f"tos minsane 1 minclock 1\nserver {HOST_ADDRESS} iburst\n"},
    prepare="mkdir -p /run/lock /var/lib/ntpsec /var/log/ntpsec && chown ntpsec /var/lib/ntpsec"
            " && cat /etc/ntpsec/host.txt >>/etc/ntpsec/ntp.conf",
    is_in_step="sleep 5; adjtimex | grep 'clock synchronized'",
    show="journalctl -o cat --no-pager -u ntpsec",
)
# With the line that the manual page of the agent names.
FED_CHRONYD = replace(
    CHRONYD, name="chronyd-fed", role="feed", tools=("/usr/bin/chgrp", "/usr/bin/chmod"),
    texts={**CHRONYD.texts, "etc/chrony/conf.d/virt-time.conf":
           f"refclock SOCK {FEED_SOCKET} refid VIRT poll 2 filter 4 precision 1e-5 delay 1e-4\n"},
    prepare=f"{CHRONYD.prepare}; systemctl enable virt-time-chrony-feed",
    is_in_step="chronyc -n sources | grep '^#\\* VIRT'",
    show="chronyc -n sources; chronyc -n tracking",
)
NEIGHBOURS = (CHRONYD, FED_CHRONYD, TIMESYNCD, NTPD)


def find_packages(layout: Layout) -> Path:
    """Where the packages of tools/client-packages.txt are unpacked."""
    folder = Path(os.environ.get("VT_NTP_CLIENTS", layout.build_dir / "ntp-clients"))
    if not (folder / "usr/sbin/chronyd").exists():
        raise RigError(f"no time daemons of others in '{folder}'; tools/check fetches them")
    return folder
