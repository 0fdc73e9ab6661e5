# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU's own word on when the guest stopped and ran: a second monitor that only listens."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

RETRY_SEC = 0.002


@dataclass(frozen=True)
class QmpEvent:
    name: str
    wall_ns: int  # QEMU's time stamp: the host's CLOCK_REALTIME, in whole microseconds


class QmpRecorder:
    """Follows one domain through the lives of its QEMU processes.

    `on_resume` is called in the recorder's thread each time the guest's CPUs begin to run.
    """

    def __init__(self, socket_path: Path, on_resume: Callable[[], None]) -> None:
        self._path = socket_path
        self._on_resume = on_resume
        self._events: list[QmpEvent] = []
        self._changed = threading.Condition()
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="qmp", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_ending = True
        self._thread.join(timeout=5)

    def count(self) -> int:
        with self._changed:
            return len(self._events)

    def wait_for(self, name: str, since: int, timeout_sec: float) -> QmpEvent:
        """The first event of that name among those from number `since` on."""
        deadline = time.monotonic() + timeout_sec
        with self._changed:
            while True:
                for event in self._events[since:]:
                    if event.name == name:
                        return event
                left_sec = deadline - time.monotonic()
                if left_sec <= 0:
                    raise TimeoutError(f"no {name} from QEMU within {timeout_sec:.0f} s")
                self._changed.wait(left_sec)

    def _run(self) -> None:
        while not self._is_ending:
            try:
                self._follow_one_process()
            except OSError:
                pass
            time.sleep(RETRY_SEC)

    def _follow_one_process(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(self._path))
            connection.settimeout(0.5)
            connection.sendall(b'{"execute": "qmp_capabilities"}\n')
            pending = b""
            while not self._is_ending:
                try:
                    data = connection.recv(65536)
                except TimeoutError:
                    continue
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                for line in lines:
                    if line.strip():
                        self._take(json.loads(line))

    def _take(self, message: dict) -> None:
        if "event" not in message:
            return
        stamp = message["timestamp"]
        wall_ns = stamp["seconds"] * 1_000_000_000 + stamp["microseconds"] * 1000
        with self._changed:
            self._events.append(QmpEvent(message["event"], wall_ns))
            self._changed.notify_all()
        if message["event"] == "RESUME":
            self._on_resume()
