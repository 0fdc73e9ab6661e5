# SPDX-License-Identifier: LGPL-2.1-or-later
"""What virt-timectl printed, read as an administrator reads it. Pure."""

from __future__ import annotations

import re

# base/units.c writes spans and offsets like these.
UNITS_NS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9, "min": 60e9, "h": 3600e9, "d": 86400e9}
SPAN = re.compile(r"([+-]?[0-9.]+) (ns|us|ms|s|min|h|d)\b")
SAMPLE = re.compile(r"(\S+ \S+) \[\s*(\S+ \S+)\] \+/-\s*(\S+ \S+)")


class TextError(Exception):
    """The output does not look as it should; the message says where."""


def parse_span(text: str) -> float:
    """In nanoseconds; "12.5 us", "-3 s"."""
    match = SPAN.fullmatch(text.strip())
    if match is None:
        raise TextError(f"'{text}' is no span of time")
    return float(match.group(1)) * UNITS_NS[match.group(2)]


def parse_facts(text: str) -> dict[str, str]:
    """Lines of "Name : value"; the colons stand below one another."""
    facts = {}
    columns = set()
    for line in text.splitlines():
        if not line.strip():
            continue
        name, colon, value = line.partition(": ")
        if not colon:
            raise TextError(f"'{line}' has no colon")
        columns.add(len(name))
        facts[name.strip()] = value.strip()
    if len(columns) != 1:
        raise TextError(f"colons in the columns {sorted(columns)}")
    return facts


def split_legend(text: str) -> tuple[str, str]:
    """What `-v` explains, and the table after it."""
    legend, blank, table = text.partition("\n\n")
    return (legend, table) if blank else ("", text)


def parse_table(text: str, headings: tuple[str, ...]) -> list[dict[str, str]]:
    """Columns are told by what is blank in all lines: one cell that reaches into the next column
    is enough, and there is no telling."""
    lines = text.splitlines()
    if not lines:
        raise TextError("nothing was printed")
    columns: list[tuple[int, int]] = []
    for begin, end in _find_columns(lines):
        if not lines[0][begin:end].strip() and columns:
            columns[-1] = (columns[-1][0], end)  # blanks within the cells of one column
        else:
            columns.append((begin, end))
    found = tuple(lines[0][begin:end].strip() for begin, end in columns)
    if found != headings:
        raise TextError(f"headings {found}, not {headings}; are the columns aligned?")
    return [{heading: line[begin:end].strip() for heading, (begin, end) in zip(headings, columns)}
            for line in lines[1:]]


def _find_columns(lines: list[str]) -> list[tuple[int, int]]:
    """Separated by two blanks at least, in every line."""
    width = max(map(len, lines))
    ink = "".join("#" if any(line[i:i + 1].strip() for line in lines) else " "
                  for i in range(width))
    return [match.span() for match in re.finditer(r"#(?: ?#)*", ink)]
