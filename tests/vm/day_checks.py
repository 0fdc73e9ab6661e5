# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether what virt-timectl printed is true, by what was seen from outside. Pure: each check takes
an answer's text and returns claims."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .day_text import SAMPLE, TextError, parse_facts, parse_span, parse_table, split_legend
from .scenarios import Claim

# What a clock is said to be off by, and what it is: readings of an emulated guest over a network.
OFFSET_ERROR_NS = 500_000
OTHER_ERROR_NS = 1_000_000
# Each second, and what a busy machine makes of it.
MOST_AGE_NS = 3e9
MOST_CLIENT_LAG = 3
# Of the last eight; a starved guest may be too late for the 200 ms that a local server is given.
LEAST_REACHED = 6

SIGNS = "*+-x~?"
SOURCES = ("MS", "NAME", "ADDRESS", "STRATUM", "POLL", "REACH", "LASTRX", "LAST SAMPLE")
STATISTICS = ("NAME", "NP", "NR", "SPAN", "FREQUENCY", "FREQ SKEW", "OFFSET", "STD DEV")
SELECTION = ("S", "NAME", "OPTIONS", "LAST", "DISTANCE", "FROM", "TO", "LEAP")
CLIENTS = ("ADDRESS", "INTERFACE", "GUEST", "REQUESTS", "ANSWERED", "LIMITED", "INTERVAL", "LAST",
           "MODE", "KEY")
ALL_TESTS = "111 111 1111"


@dataclass(frozen=True)
class Truth:
    """What the node's clock is behind, as seen from outside, and how sure that is."""

    offset_ns: int
    error_ns: int

    def agrees(self, said_ns: float, tolerance_ns: float, ahead_ns: int = 0) -> bool:
        """`ahead_ns`: of the source that is spoken of."""
        return abs(said_ns - ahead_ns - self.offset_ns) <= tolerance_ns + self.error_ns

    def __str__(self) -> str:
        return f"{self.offset_ns / 1e3:+.0f} us +- {self.error_ns / 1e3:.0f} us in truth"


@dataclass(frozen=True)
class Expected:
    """Of one node's sources."""

    followed: str
    addresses: dict[str, str]
    ahead_ns: dict[str, int]  # of those that are
    liars: set[str]

    @property
    def names(self) -> set[str]:
        return set(self.addresses)


def guard(name: str, check) -> list[Claim]:
    """A text that cannot be read is a claim that does not hold."""
    try:
        return check()
    except (TextError, KeyError, ValueError, IndexError) as error:
        return [Claim(f"{name}-can-be-read", False, f"{type(error).__name__}: {error}")]


def check_tracking(text: str, followed: str, stratum: int, truth: Truth) -> list[Claim]:
    facts = parse_facts(text)
    said = re.fullmatch(r"(\d+\.\d{9}) seconds (slow|fast) of reference", facts["System time"])
    if said is None:
        raise TextError(f"System time '{facts['System time']}'")
    said_ns = float(said.group(1)) * 1e9 * (1 if said.group(2) == "slow" else -1)
    bound_ns = parse_span(facts["Error bound"].split(" (")[0])
    states = [facts[key] for key in ("Leap status", "Synchronised", "State")]
    return [
        Claim("tracking-names-the-followed", facts["Reference ID"] == followed
              and facts["Stratum"] == str(stratum),
              f"'{facts['Reference ID']}', stratum {facts['Stratum']}, {stratum} expected"),
        Claim("tracking-is-synchronised", states == ["Normal", "yes", "tracking"],
              ", ".join(states)),
        Claim("tracking-tells-the-offset", truth.agrees(said_ns, max(OFFSET_ERROR_NS, bound_ns)),
              f"{said_ns / 1e3:+.1f} us said, {truth}"),
        Claim("tracking-tells-a-true-bound", abs(truth.offset_ns) - truth.error_ns <= bound_ns,
              f"{bound_ns / 1e3:.0f} us said, {truth}"),
    ]


def _get_headings(table: str, headings: tuple[str, ...]) -> tuple[str, ...]:
    """What stands in the way has a column only if something does."""
    has_problem = table.split("\n", maxsplit=1)[0].endswith("PROBLEM")
    return (*headings, "PROBLEM") if has_problem else headings


def check_sources(text: str, expected: Expected, truth: Truth) -> list[Claim]:
    legend, table = split_legend(text)
    rows = {row["NAME"]: row for row in parse_table(table, _get_headings(table, SOURCES))}
    rows = {name: row for name, row in rows.items() if row["MS"][0] == "^"}
    signs = {name: row["MS"][1] for name, row in rows.items()}
    wrong_samples, wrong_others = [], []
    for name, row in rows.items():
        sample = SAMPLE.fullmatch(row["LAST SAMPLE"])
        ahead_ns = expected.ahead_ns.get(name, 0)
        if sample is None or not truth.agrees(parse_span(sample.group(1)),
                                              OTHER_ERROR_NS + parse_span(sample.group(3)),
                                              ahead_ns):
            wrong_samples.append(f"{name}: {row['LAST SAMPLE']}")
        n_reached = int(row["REACH"], 8).bit_count()
        if (row["ADDRESS"] != f"{expected.addresses.get(name)}:123" or n_reached < LEAST_REACHED
                or row["POLL"] != "0" or parse_span(row["LASTRX"]) > MOST_AGE_NS):
            wrong_others.append(f"{name}: {row}")
    return [
        Claim("sources-explains-the-signs", all(sign in legend for sign in SIGNS)),
        Claim("sources-lists-all", set(rows) == expected.names, ", ".join(rows)),
        Claim("sources-marks-each", signs.get(expected.followed) == "*"
              and list(signs.values()).count("*") == 1
              and all((sign == "x") == (name in expected.liars) for name, sign in signs.items()),
              ", ".join(f"{sign} {name}" for name, sign in signs.items())),
        Claim("sources-tells-the-offsets", not wrong_samples,
              "; ".join(wrong_samples) or str(truth)),
        Claim("sources-tells-reach-poll-and-age", not wrong_others, "; ".join(wrong_others)),
    ]


def check_sourcestats(text: str, expected: Expected, truth: Truth) -> list[Claim]:
    rows = {row["NAME"]: row for row in parse_table(text, STATISTICS)}
    wrong = [f"{name}: {row}" for name, row in rows.items() if name in expected.names
             and (int(row["NP"]) < 3 or int(row["NR"]) > int(row["NP"])
                  or not truth.agrees(parse_span(row["OFFSET"]),
                                      OTHER_ERROR_NS + 2 * parse_span(row["STD DEV"]),
                                      expected.ahead_ns.get(name, 0)))]
    return [Claim("sourcestats-tells-the-offsets", not wrong and expected.names <= set(rows),
                  "; ".join(wrong) or f"{', '.join(rows)}; {truth}")]


def check_selectdata(text: str, expected: Expected, truth: Truth) -> list[Claim]:
    rows = {row["NAME"]: row for row in parse_table(text, _get_headings(text, SELECTION))}
    rows = {name: row for name, row in rows.items() if name in expected.names}
    outside = [f"{name}: {row['FROM']} to {row['TO']}" for name, row in rows.items()
               if name not in expected.liars
               and not (parse_span(row["FROM"]) - truth.error_ns <= truth.offset_ns
                        <= parse_span(row["TO"]) + truth.error_ns)]
    followed = [name for name, row in rows.items() if row["S"] == "*"]
    return [Claim("selectdata-holds-the-truth", not outside and set(rows) == expected.names,
                  "; ".join(outside) or str(truth)),
            Claim("selectdata-marks-the-followed", followed == [expected.followed],
                  ", ".join(followed))]


def split_ntpdata(text: str) -> dict[str, dict[str, str]]:
    blocks = [parse_facts(block) for block in text.split("\n\n") if block.strip()]
    return {block["Name"]: block for block in blocks}


def check_ntpdata(text: str, expected: Expected, truth: Truth) -> list[Claim]:
    blocks = split_ntpdata(text)
    wrong = []
    for name, facts in blocks.items():
        sent, came, good = (int(facts[f"Total {what}"]) for what in ("TX", "RX", "valid RX"))
        if (not facts["Remote address"].startswith(expected.addresses.get(name, "nowhere"))
                or facts["NTP tests"] != ALL_TESTS or not sent >= came >= good > 3
                or facts["Leap status"] != "Normal" or facts["Mode"] != "Server"
                or not truth.agrees(parse_span(facts["Offset"]),
                                    OTHER_ERROR_NS + parse_span(facts["Peer delay"]) / 2,
                                    expected.ahead_ns.get(name, 0))):
            wrong.append(f"{name}: {facts}")
    return [Claim("ntpdata-tells-the-exchange", not wrong and set(blocks) == expected.names,
                  "; ".join(wrong) or f"{', '.join(blocks)}; {truth}")]


def check_activity(text: str, n_online: int, n_offline: int) -> list[Claim]:
    numbers = [int(number) for number in re.findall(r"^(\d+) sources", text, re.MULTILINE)]
    return [Claim(f"activity-counts-{n_online}-and-{n_offline}",
                  numbers[:2] == [n_online, n_offline], "; ".join(text.splitlines()))]


def check_clients(text: str, address: str, n_sent: int) -> list[Claim]:
    """`n_sent`: by what the client itself says."""
    rows = {row["ADDRESS"]: row for row in parse_table(text, CLIENTS)}
    row = rows.get(address)
    if row is None:
        return [Claim("clients-lists-the-client", False, ", ".join(rows) or text)]
    n_requests, n_answered = int(row["REQUESTS"]), int(row["ANSWERED"])
    return [Claim("clients-lists-the-client", row["INTERFACE"] == "eth0"
                  and parse_span(row["LAST"]) <= MOST_AGE_NS, str(row)),
            Claim("clients-counts-what-was-sent",
                  n_sent <= n_requests <= n_sent + MOST_CLIENT_LAG
                  and n_answered + int(row["LIMITED"]) == n_requests,
                  f"{n_sent} sent before, {n_requests} seen, {n_answered} answered")]


def check_serverstats(text: str, n_answered: int) -> list[Claim]:
    """`n_answered`: by what clients said before."""
    facts = parse_facts(text)
    answered = int(facts["Answered"])
    refused = {name: value for name, value in facts.items()
               if name not in ("Answered", "interleaved", "authenticated") and value != "0"}
    return [Claim("serverstats-counts-what-was-answered",
                  n_answered <= answered <= n_answered + MOST_CLIENT_LAG and not refused,
                  f"{n_answered} before, {answered} now; {refused or 'nothing refused'}")]
