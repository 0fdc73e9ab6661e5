# SPDX-License-Identifier: LGPL-2.1-or-later
"""busybox' ntpd, which Debian builds without: from Debian's source, with nothing else in it. Takes
some ten seconds, once for each build folder."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

from vm.debian import Suites, find_mirror, run
from vm.layout import RigError

CHOSEN = ("NTPD", "LONG_OPTS")


class NoSourceError(Exception):
    """The mirror has packages alone."""


def _fetch(folder: Path) -> Path:
    try:
        mirror = find_mirror()
        return Suites(mirror, [mirror.release], folder, kind="deb-src").unpack_source("busybox")
    except RigError as error:
        raise NoSourceError(str(error)) from error


def _choose(settings: Path) -> None:
    text = settings.read_text(encoding="utf-8")
    for name in CHOSEN:
        text, n_chosen = re.subn(f"^# CONFIG_{name} is not set$", f"CONFIG_{name}=y", text,
                                 flags=re.MULTILINE)
        if n_chosen != 1:
            raise ValueError(f"busybox has no setting '{name}'")
    settings.write_text(text, encoding="utf-8")


def build(program: Path) -> None:
    """Leaves it at `program`, unless it is there; or raises NoSourceError."""
    if program.exists():
        return
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent, prefix="busybox-") as name:
        source = _fetch(Path(name) / "apt")
        run(["make", "-s", "allnoconfig"], source)
        _choose(source / ".config")
        # What the choice brings along gets its default.
        run(["sh", "-c", "yes '' | make -s oldconfig"], source)
        run(["make", "-s", "-j2", "busybox"], source)
        os.replace(source / "busybox", program)
