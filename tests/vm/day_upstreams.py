# SPDX-License-Identifier: LGPL-2.1-or-later
"""chronyd, four times, each in a network namespace of its own on the bridge of the guests: the
servers that an administrator finds on the internet, here with a time that is known."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Self

from ntp.clients import Chronyd
from ntp.place import Programs, run

from .wire import OTHER_ADDRESS, PREFIX_BITS, NtpServer

# Behind the addresses of the guests.
ADDRESSES = {"alpha": "198.18.77.11", "beta": "198.18.77.12", "gamma": "198.18.77.13",
             "delta": "198.18.77.14"}

# It believes somebody who is that far ahead.
FALSE_NAME = "delta"
FALSE_AHEAD_NS = 10_000_000

TRUE_LINES = "local stratum 1"
# Sixteen times a second, so that it is as far off as its server soon, and stays so.
FALSE_LINES = f"server {OTHER_ADDRESS} iburst minpoll -4 maxpoll -4 maxsamples 8"


@dataclass
class Upstreams(Programs):
    """Use as a context."""

    bridge: str = ""
    _servers: dict[str, Chronyd] = field(default_factory=dict)
    _wrong: NtpServer = field(default_factory=lambda: NtpServer(OTHER_ADDRESS, FALSE_AHEAD_NS))

    def __enter__(self) -> Self:
        self._wrong.__enter__()
        try:
            return super().__enter__()
        except BaseException:
            self._wrong.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._wrong.__exit__()

    @staticmethod
    def find_namespace(name: str) -> str:
        return f"vtday{os.getpid()}{name}"

    def list_namespaces(self) -> list[str]:
        return [self.find_namespace(name) for name in ADDRESSES]

    def lay_out(self) -> None:
        for name, address in ADDRESSES.items():
            namespace, port = self.find_namespace(name), self._find_port(name)
            run("ip", "netns", "add", namespace)
            run("ip", "-n", namespace, "link", "set", "lo", "up")
            run("ip", "link", "add", port, "type", "veth", "peer", "name", "wire", "netns",
                namespace)
            run("ip", "link", "set", port, "master", self.bridge, "up")
            run("ip", "-n", namespace, "address", "add", f"{address}/{PREFIX_BITS}", "dev", "wire")
            run("ip", "-n", namespace, "link", "set", "wire", "up")

    def start_server(self, name: str) -> None:
        lines = FALSE_LINES if name == FALSE_NAME else TRUE_LINES
        self._servers[name] = Chronyd(self, name, f"{lines}\nallow\ncmdport 0",
                                      self.find_namespace(name))

    def wait_until_it_serves(self, name: str) -> bool:
        return self._servers[name].wait_for("tracking", r"^Leap status +: Normal") != ""

    def end_server(self, name: str) -> None:
        """Its machine then says that nobody is there."""
        self._servers.pop(name).end()

    def cut(self, name: str) -> None:
        """Not a word from there any more."""
        run("ip", "link", "set", self._find_port(name), "down")

    def mend(self, name: str) -> None:
        run("ip", "link", "set", self._find_port(name), "up")

    @staticmethod
    def _find_port(name: str) -> str:
        return f"vt{os.getpid() % 1_000_000}{name[0]}"
