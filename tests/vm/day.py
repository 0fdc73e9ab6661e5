# SPDX-License-Identifier: LGPL-2.1-or-later
"""The administrator's day: node 1 follows four servers of the internet and serves its network,
node 2 follows node 1. A server lies, one dies and returns, and so does node 1's own service; every
command that chronyc's users know is typed on the way, and compared with what was seen from outside."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ntp import clients

from . import day_checks as checks
from .analysis import Probe, analyse, find_residual, shows_wrong
from .day_nodes import (CLIENT_ADDRESS, SERVER_ADDRESS, Answer, Node, describe_server,
                        describe_upstreams)
from .day_speed import check_speed
from .day_upstreams import ADDRESSES, FALSE_AHEAD_NS, FALSE_NAME, Upstreams
from .hardships import Hardship, World
from .layout import RigError
from .scenarios import Claim, Outcome

WRONG_NS = 30_000_000_000
RATE_HZ = 100
WINDOW_NS = 250_000_000
NS_PER_SEC = 1_000_000_000

# The goals; a poll is a second.
SYNCHRONISED_SEC = 2.0
START_SEC = 3.0  # of a program under emulation, beside that
# The goal is 5; of those that come in a burst, and of two guests on two processors, some are late.
NAMED_POLLS = 15
# Two guests starve each other under emulation, where a clock loses some ms now and then; whoever
# believes the liar is further off. A bound may be late by as much as after a disruption.
STAYS_NS = 5_000_000
MOST_LIE_NS = 1_500_000_000
REPLACED_POLLS = 3

WAIT_SEC = 15
SETTLE_SEC = 6
SERVER_NAME = "node-1"

ALL_SETTINGS = describe_upstreams(*ADDRESSES)
CLIENT_SETTINGS = (describe_server(SERVER_NAME, SERVER_ADDRESS, "iburst=yes", "prefer=yes",
                                   "local=yes")
                   + describe_upstreams("alpha", "beta"))

AHEAD_NS = {FALSE_NAME: FALSE_AHEAD_NS}
CLIENT_ADDRESSES = {SERVER_NAME: SERVER_ADDRESS, "alpha": ADDRESSES["alpha"],
                    "beta": ADDRESSES["beta"]}


@dataclass(frozen=True)
class Watched:
    """A node's clock from outside, all day."""

    probes: Sequence[Probe]

    def find_truth(self, at_ns: int) -> checks.Truth:
        window = [p for p in self.probes if at_ns - WINDOW_NS // 2 <= p.sent_ns
                  and p.read_ns <= at_ns + WINDOW_NS // 2]
        residual = find_residual(window)
        if residual is None:
            raise RigError("a node did not answer when it was compared")
        return checks.Truth(residual.offset_ns, residual.error_ns)

    def check_start(self, node: str, started_ns: int) -> list[Claim]:
        """And that it is right from then on, whoever lies, dies and returns."""
        recovery = analyse(self.probes, started_ns)
        if recovery.exposure_ns is None:
            return [Claim(f"{node}-is-synchronised-soon", False, "never")]
        right_ns = started_ns + recovery.exposure_ns
        wrong = [p for p in self.probes if p.sent_ns > right_ns and shows_wrong(p, STAYS_NS)]
        ceiling_sec = SYNCHRONISED_SEC + START_SEC
        return [
            Claim(f"{node}-is-synchronised-soon", recovery.exposure_ns <= ceiling_sec * 1e9,
                  f"after {recovery.exposure_ns / 1e9:.2f} s, ceiling {ceiling_sec:g} s"),
            Claim(f"{node}-stays-right", not wrong and recovery.lie_ns <= MOST_LIE_NS,
                  f"{len(wrong)} readings more than {STAYS_NS / 1e6:g} ms off, at most "
                  f"{recovery.worst_after_ns / 1e3:.0f} us; {recovery.lie_ns / 1e6:.0f} ms beyond "
                  "the published bound"),
        ]


class Day:
    def __init__(self, world: World, output_dir: Path) -> None:
        if world.neighbour is None:
            raise RigError("this takes two guests")
        self._server = Node(world.neighbour)
        self._client = Node(world.guest)
        self._output_dir = output_dir
        self._upstreams = Upstreams(bridge=world.guest.plan.bridge)
        self._claims: list[Claim] = []
        self._ahead_ns = dict(AHEAD_NS)

    def run(self, csv_path: Path) -> Outcome:
        if not clients.ROOT.is_dir():
            raise RigError("no chronyd: VT_NTP_CLIENTS names no folder; tools/check makes it")
        clients.prepare()
        with self._upstreams:
            for name in ADDRESSES:
                self._upstreams.start_server(name)
            for node in (self._server, self._client):
                node.clear()
                node.guest.set_right()
                node.guest.step_clock(-WRONG_NS)
            missing = [n for n in ADDRESSES if not self._upstreams.wait_until_it_serves(n)]
            if missing:
                raise RigError(f"no time from {', '.join(missing)}")
            samplers = [node.guest.start_sampler(csv_path.with_name(f"day-{name}.csv"),
                                                 rate_hz=RATE_HZ)
                        for name, node in (("node-1", self._server), ("node-2", self._client))]
            try:
                started = self._live()
            finally:
                watched = [Watched(sampler.stop()) for sampler in samplers]
                self._keep_answers()
            self._claims += check_speed(self._upstreams)
        self._judge(watched, started)
        probes = [probe for clock in watched for probe in clock.probes]
        return Outcome("day", csv_path, probes, (), (), tuple(self._claims))

    def _add(self, name: str, holds: bool, detail: str = "") -> None:
        self._claims.append(Claim(name, holds, detail))

    def _live(self) -> tuple[int, int]:
        self._server.start_hostd()
        server_ns = self._server.start_agent(ALL_SETTINGS)
        self._name_the_liar()
        client_ns = self._client.start_agent(CLIENT_SETTINGS)
        time.sleep(SETTLE_SEC)
        preferred = self._client.look_until(lambda look: look.followed == SERVER_NAME, WAIT_SEC)
        self._add("preferred-source-is-followed", preferred is not None,
                  "; ".join(self._describe(self._client)))
        self._server.look()
        self._type_commands()
        self._change_by_hand()
        self._lose_a_server()
        self._lose_the_service()
        self._end_the_agent()
        return server_ns, client_ns

    @staticmethod
    def _describe(node: Node) -> list[str]:
        return [f"{source['sign']} {name} {source['problem']}".strip()
                for name, source in node.look().sources.items()]

    def _name_the_liar(self) -> None:
        look = self._server.look_until(lambda look: look.get_sign(FALSE_NAME) == "x", WAIT_SEC)
        polls = look.count_polls(FALSE_NAME) if look else 0
        self._add("liar-is-named-soon", look is not None and polls <= NAMED_POLLS,
                  f"after {polls} polls at most, ceiling {NAMED_POLLS}" if look
                  else "; ".join(self._describe(self._server)))

    def _type_commands(self) -> None:
        for node in (self._server, self._client):
            for command in ("tracking", "sources -v", "sourcestats", "selectdata", "ntpdata",
                            "activity", "journal", "waitsync --max-error=20ms"):
                node.ask(command)
        for command in ("clients", "serverstats"):
            self._server.ask(command)

    def _change_by_hand(self) -> None:
        """offline, burst and online, by node 2's administrator."""
        node = self._client
        node.ask("offline beta")
        self._claims += checks.check_activity(node.ask("activity").text, 2, 1)
        before = node.look().count_polls("beta")
        time.sleep(2)
        after = node.look().count_polls("beta")
        self._add("offline-leaves-it-alone", after - before <= 1, f"{after - before} polls in 2 s")
        node.ask("online beta")
        node.ask("burst beta")
        soon = node.look_until(lambda look: look.count_polls("beta") > after + 1, 3)
        self._add("online-and-burst-ask-again", soon is not None)
        self._claims += checks.check_activity(node.ask("activity").text, 3, 0)

    def _lose_a_server(self) -> None:
        node = self._server
        lost = node.look().followed
        self._upstreams.cut(lost)
        self._check_replaced("dying-source-is-replaced", node, lost)
        gone = node.look_until(lambda look: look.get_sign(lost) == "?", WAIT_SEC)
        self._add("dead-source-is-marked", gone is not None, "; ".join(self._describe(node)))
        node.ask("sources")
        self._upstreams.mend(lost)
        back = node.look_until(lambda look: look.get_sign(lost) in "*+-", WAIT_SEC)
        self._add("returning-source-counts-again", back is not None,
                  "; ".join(self._describe(node)))

    def _check_replaced(self, name: str, node: Node, lost: str) -> None:
        """Once so many polls in a row have failed, no look finds it followed any more."""
        begun = len(node.looks) - 1
        n_before = node.looks[begun].sources[lost]["failures"]
        look = node.look_until(lambda look: look.followed not in ("", lost), WAIT_SEC)
        n_failed = max(look.sources[lost]["failures"] - n_before for look in node.looks[begun:]
                       if look.followed == lost)
        self._add(name, look is not None and n_failed < REPLACED_POLLS,
                  f"{lost} by {look.followed}; {n_failed} polls had failed when it was followed "
                  f"last, ceiling {REPLACED_POLLS - 1}" if look
                  else "; ".join(self._describe(node)))

    def _lose_the_service(self) -> None:
        """The one that node 2 prefers; others step in, and give way again."""
        node = self._client
        node.look()
        self._server.stop_hostd()
        self._check_replaced("preferred-source-is-replaced", node, SERVER_NAME)
        self._server.start_hostd()
        back = node.look_until(lambda look: look.followed == SERVER_NAME, WAIT_SEC)
        self._add("preferred-source-is-taken-back", back is not None,
                  "; ".join(self._describe(node)))

    def _end_the_agent(self) -> None:
        self._client.guest.stop_agent()
        status, text = self._client.guest.shell.run("virt-timectl tracking")
        self._add("error-says-what-to-do", status == 1 and "virt-time-agent is not running" in text
                  and "systemctl start virt-time-agent" in text, f"{status}: {text.strip()}")

    def _keep_answers(self) -> None:
        """For docs/administrator.md, and for whoever looks for what went wrong."""
        for name, node in (("node-1", self._server), ("node-2", self._client)):
            text = "".join(f"$ virt-timectl {answer.command}\n{answer.text}\n"
                           for answer in node.answers)
            (self._output_dir / f"day-{name}.txt").write_text(text, encoding="utf-8")
            looks = "".join(json.dumps({"at": look.at_ns, "sources": look.sources}) + "\n"
                            for look in node.looks)
            (self._output_dir / f"day-{name}.jsonl").write_text(looks, encoding="utf-8")

    def _judge(self, watched: Sequence[Watched], started: tuple[int, int]) -> None:
        for name, clock, started_ns in zip(("node-1", "node-2"), watched, started):
            self._claims += clock.check_start(name, started_ns)
        liked = [look for look in self._server.looks if look.followed == FALSE_NAME]
        self._add("liar-is-never-followed", not liked and self._server.looks != [],
                  f"{len(self._server.looks)} looks")
        self._judge_node("node-1", self._server, watched[0], 2, ADDRESSES)
        # What node 1 serves is its own clock, right or not.
        at_ns = self._find(self._client, "tracking").at_ns
        self._ahead_ns[SERVER_NAME] = -watched[0].find_truth(at_ns).offset_ns
        self._judge_node("node-2", self._client, watched[1], 3, CLIENT_ADDRESSES)
        self._judge_service()

    def _find(self, node: Node, command: str) -> Answer:
        return next(answer for answer in node.answers if answer.command == command)

    def _judge_node(self, name: str, node: Node, clock: Watched, stratum: int,
                    addresses: dict[str, str]) -> None:
        def judge(command: str, check) -> None:
            answer = self._find(node, command)
            truth = clock.find_truth(answer.at_ns)
            for claim in checks.guard(command.split()[0], lambda: check(answer.text, truth)):
                self._add(f"{name}/{claim.name}", claim.holds, claim.detail)

        at_ns = self._find(node, "tracking").at_ns
        followed = min(node.looks, key=lambda look: abs(look.at_ns - at_ns)).followed
        expected = checks.Expected(followed, addresses, self._ahead_ns, {FALSE_NAME})
        failed = [f"{a.command}: {a.text.strip()}" for a in node.answers if a.status != 0]
        self._add(f"{name}/every-command-succeeds", not failed, "; ".join(failed))
        judge("sources -v", lambda text, truth: checks.check_sources(text, expected, truth))
        judge("tracking", lambda text, truth: checks.check_tracking(text, followed, stratum, truth))
        judge("sourcestats", lambda text, truth: checks.check_sourcestats(text, expected, truth))
        judge("selectdata", lambda text, truth: checks.check_selectdata(text, expected, truth))
        judge("ntpdata", lambda text, truth: checks.check_ntpdata(text, expected, truth))
        judge("activity", lambda text, _: checks.check_activity(text, len(addresses), 0))

    def _judge_service(self) -> None:
        def judge() -> list[Claim]:
            data = checks.split_ntpdata(self._find(self._client, "ntpdata").text)
            n_sent = int(data[SERVER_NAME]["Total TX"])
            clients_text = self._find(self._server, "clients").text
            rows = checks.parse_table(clients_text, checks.CLIENTS)
            n_answered = sum(int(row["ANSWERED"]) for row in rows)
            return (checks.check_clients(clients_text, CLIENT_ADDRESS, n_sent)
                    + checks.check_serverstats(self._find(self._server, "serverstats").text,
                                               n_answered))
        self._claims += checks.guard("service", judge)


def _run(world: World, csv_path: Path) -> Outcome:
    return Day(world, csv_path.parent).run(csv_path)


DAY = (Hardship("administrators-day", _run),)
