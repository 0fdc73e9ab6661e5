# SPDX-License-Identifier: LGPL-2.1-or-later
"""A live migration to another host and back: each hostd sees only its own half of it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

from .analysis import analyse
from .destination import Destination
from .guest import Sampler
from .hardships import Hardship, World
from .hypervisor import URI, virsh, virsh_at
from .layout import Layout
from .qmp import QmpRecorder
from .scenarios import AFTER_SEC, BEFORE_SEC, EVENT_SEC, IN_STEP_SEC, Claim, Outcome

# Between two files on one machine nothing is lost; libvirt cannot know.
MIGRATE = ("migrate", "--live", "--unsafe", "--persistent", "--undefinesource")
LINK_SEC = 10


def _wait_for_link(world: World) -> None:
    deadline = time.monotonic() + LINK_SEC
    while world.hostd.query_guest(world.guest.domain.name)["link"] != "up":
        if time.monotonic() > deadline:
            break
        time.sleep(0.2)


def _run_migration(world: World, csv_path: Path) -> Outcome:
    guest = world.guest
    name = guest.domain.name
    layout = Layout.from_environment()
    guest.wait_in_step(IN_STEP_SEC)
    here = guest.start_sampler(csv_path)
    there_csv = csv_path.with_name(f"{csv_path.stem}-there.csv")
    with Destination(layout, guest.plan, world.run_dir.parent / "destination",
                     csv_path.parent) as other:
        there_plan = replace(guest.plan, folder=other.folder)
        recorder = QmpRecorder(there_plan.qmp_socket, other.raise_priority)
        there = Sampler(layout, there_plan, there_csv)
        time.sleep(BEFORE_SEC)
        virsh(*MIGRATE, name, other.uri, "--migrateuri", other.find_path("there"))
        arrived = recorder.wait_for("RESUME", 0, EVENT_SEC)
        time.sleep(AFTER_SEC)
        told = other.hostd.query_guest(name)
        since = guest.qmp.count()
        virsh_at(other.uri, *MIGRATE, name, URI, "--migrateuri", other.find_path("back"))
        returned = guest.qmp.wait_for("RESUME", since, EVENT_SEC)
        there_probes = there.stop()
        recorder.close()
        time.sleep(AFTER_SEC)
    probes = here.stop()
    _wait_for_link(world)
    recoveries = (analyse(there_probes, arrived.wall_ns, returned.wall_ns),
                  analyse(probes, returned.wall_ns))
    journal = json.loads(guest.shell.check("virt-timectl journal --json --lines=2"))
    causes = [entry["cause"] for entry in journal]
    return Outcome("migration", csv_path, probes, recoveries, (), (
        Claim("is-told-what-it-was", causes == ["migrated-in"] * 2, ", ".join(causes)),
        Claim("is-seen-by-the-other-host", told["link"] == "up" and told["acks"] >= 1,
              f"link {told['link']}, {told['acks']} acknowledged"),
    ))


MIGRATION = (Hardship("migration", _run_migration),)
