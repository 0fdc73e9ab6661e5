# SPDX-License-Identifier: LGPL-2.1-or-later
"""The two nodes of the administrator's day: what is typed there, and what came of it when."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from .day_upstreams import ADDRESSES
from .guest import Guest
from .layout import RigError
from .wire import GUEST_ADDRESS, PREFIX_BITS

SERVER_ADDRESS = "198.18.77.21"
CLIENT_ADDRESS = GUEST_ADDRESS
NETWORK = "198.18.77.0/24"

HOSTD_SETTINGS = "/etc/hostd.conf"
LOOK_SEC = 0.25


@dataclass(frozen=True)
class Answer:
    """Of a command that was typed on a node; both times are the host's."""

    command: str
    status: int
    text: str
    asked_ns: int
    answered_ns: int

    @property
    def at_ns(self) -> int:
        return (self.asked_ns + self.answered_ns) // 2


@dataclass(frozen=True)
class Look:
    """At all sources of a node."""

    at_ns: int
    sources: dict[str, dict]

    @property
    def followed(self) -> str:
        return next((name for name, source in self.sources.items() if source["sign"] == "*"), "")

    def get_sign(self, name: str) -> str:
        return self.sources[name]["sign"]

    def count_polls(self, name: str) -> int:
        return self.sources[name]["readings"] + self.sources[name]["failures"]


def name_server(guest: Guest) -> None:
    """Both boot with the same address."""
    guest.shell.check("ip address flush dev eth0 && "
                      f"ip address add {SERVER_ADDRESS}/{PREFIX_BITS} dev eth0")


def describe_server(name: str, address: str, *options: str) -> str:
    """For printf: a group of the agent's settings."""
    return "".join(f"{line}\\n" for line in (f"[server {name}]", f"address={address}", *options))


def describe_upstreams(*names: str) -> str:
    return "".join(describe_server(name, ADDRESSES[name], "iburst=yes", "local=yes")
                   for name in names)


class Node:
    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        self.answers: list[Answer] = []
        self.looks: list[Look] = []

    def ask(self, command: str) -> Answer:
        asked_ns = time.time_ns()
        status, text = self.guest.shell.run(f"virt-timectl {command}")
        answer = Answer(command, status, text, asked_ns, time.time_ns())
        self.answers.append(answer)
        return answer

    def ask_json(self, command: str) -> object:
        answer = self.ask(f"{command} --json")
        if answer.status != 0:
            raise RigError(f"'virt-timectl {command}' failed: {answer.text}")
        return json.loads(answer.text)

    def look(self) -> Look:
        """At the sources, which is not worth keeping as an answer."""
        asked_ns = time.time_ns()
        text = self.guest.shell.check("virt-timectl sources --json")
        sources = {source["name"]: source for source in json.loads(text)}
        look = Look((asked_ns + time.time_ns()) // 2, sources)
        self.looks.append(look)
        return look

    def look_until(self, holds: Callable[[Look], bool], timeout_sec: float) -> Look | None:
        """The first look for which it does; None: it never did."""
        deadline = time.monotonic() + timeout_sec
        while time.monotonic() < deadline:
            look = self.look()
            if holds(look):
                return look
            time.sleep(LOOK_SEC)
        return None

    def clear(self) -> None:
        """Nothing runs, and nothing is known of an earlier day, nor of its servers' hardware."""
        self.guest.shell.check("supervise stop agent; supervise stop hostd; "
                               "rm -rf /var/lib/virt-time/*/*; ip neigh flush dev eth0")

    def start_agent(self, settings: str) -> int:
        """When."""
        self.guest.shell.check(f"printf '{settings}' >/etc/agent.conf")
        started_ns = time.time_ns()
        self.guest.shell.check("start-agent -c /etc/agent.conf")
        deadline = time.monotonic() + 20
        while self.guest.shell.run("virt-timectl tracking")[0] != 0:
            if time.monotonic() > deadline:
                raise RigError(f"no agent answers in '{self.guest.domain.name}'")
            time.sleep(0.1)
        return started_ns

    def start_hostd(self) -> None:
        settings = f"[hostd]\\nlisten={SERVER_ADDRESS}\\nallow={NETWORK}\\n"
        self.guest.shell.check(f"printf '{settings}' >{HOSTD_SETTINGS}")
        self.guest.shell.check(f"start-hostd -c {HOSTD_SETTINGS}")

    def stop_hostd(self) -> None:
        self.guest.shell.check("supervise stop hostd")
