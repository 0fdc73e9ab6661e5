# SPDX-License-Identifier: LGPL-2.1-or-later
"""An opener for tests that stays in the line: it can hold back what hostd sends to the guest, so
that a pause falls exactly between a reply and its reading."""

from __future__ import annotations

import array
import os
import pwd
import re
import select
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from .hypervisor import virsh
from .layout import RigError

# Of the opener's protocol and of the link's frames; docs/protocol.md.
OPENER_VERSION = 1
OPENER_OK = 0
FRAME_HEAD_BYTES = 12
TYPE_OFFSET = 5
TIME_REPLY = 3
N_UUID = 36

RETURN_SEC = 60
RETRY_SEC = 0.005


class Relay:
    """A context. `on_reply` is called once, with the first reply held, after `arm`."""

    def __init__(self, socket_path: Path) -> None:
        self.socket = socket_path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._on_reply: Callable[[], None] | None = None
        self.n_held = 0

    def __enter__(self) -> Relay:
        self._listener.bind(str(self.socket))
        os.chown(self.socket, pwd.getpwnam("virttime-host").pw_uid, -1)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_reason: object) -> None:
        self._listener.close()
        self.socket.unlink()

    def arm(self, on_reply: Callable[[], None]) -> None:
        self._on_reply = on_reply

    def _accept(self) -> None:
        while True:
            try:
                asker, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(asker,), daemon=True).start()

    def _answer(self, asker: socket.socket) -> None:
        with asker:
            request = asker.recv(1024)
            channel = _connect(request[6:6 + N_UUID].decode())
            ours, theirs = socket.socketpair()
            with theirs:
                rights = array.array("i", [theirs.fileno()])
                asker.sendmsg([bytes([OPENER_VERSION, OPENER_OK])],
                              [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        self._relay(ours, channel)

    def _relay(self, hostd: socket.socket, guest: socket.socket) -> None:
        with hostd, guest:
            while True:
                ready, _writable, _broken = select.select([hostd, guest], [], [])
                for source, target in ((hostd, guest), (guest, hostd)):
                    if source not in ready:
                        continue
                    data = source.recv(4096)
                    if not data:
                        return
                    if source is hostd:
                        self._hold(data)
                    try:
                        target.sendall(data)
                    except OSError:
                        return  # the guest was saved meanwhile

    def _hold(self, data: bytes) -> None:
        """hostd sends each frame in one piece."""
        if self._on_reply is None or len(data) < FRAME_HEAD_BYTES:
            return
        if data[TYPE_OFFSET] == TIME_REPLY:
            on_reply, self._on_reply = self._on_reply, None
            self.n_held += 1
            on_reply()


def _connect(uuid: str) -> socket.socket:
    """A domain that is about to return has no path yet, then one on which nobody listens."""
    deadline = time.monotonic() + RETURN_SEC
    while True:
        match = re.search(r"<source mode='bind' path='([^']+/org\.virttime\.0)'",
                          virsh("dumpxml", uuid))
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if match is not None:
                channel.connect(match.group(1))
                return channel
        except OSError:
            channel.close()
        if time.monotonic() > deadline:
            raise RigError(f"the channel of '{uuid}' does not appear")
        time.sleep(RETRY_SEC)
