# SPDX-License-Identifier: LGPL-2.1-or-later
"""A network between this host and its guests, and a time server on it that says what it is told."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import threading
import time

from .layout import RigError

# RFC 2544's addresses for tests of networks: nobody routes them.
HOST_ADDRESS = "198.18.77.1"
OTHER_ADDRESS = "198.18.77.3"
GUEST_ADDRESS = "198.18.77.2"
PREFIX_BITS = 24

# RFC 5905.
NTP_PORT = 123
PACKET_BYTES = 48
CLIENT = 3
SERVER = 4
UNIX_TO_NTP_SEC = 2_208_988_800
NS_PER_SEC = 1_000_000_000
LOOK_SEC = 0.2

# asm-generic/socket.h: when the kernel got the packet, not when this program was woken.
SO_TIMESTAMPNS = 35


def _ip(*words: str) -> None:
    result = subprocess.run(["ip", *words], stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, check=False)
    if result.returncode != 0:
        raise RigError(f"'ip {' '.join(words)}' failed: {result.stderr.strip()}")


class Bridge:
    """A context; QEMU's taps are its ports."""

    def __init__(self) -> None:
        self.name = f"vt{os.getpid() % 1_000_000}br"

    def __enter__(self) -> Bridge:
        _ip("link", "add", self.name, "type", "bridge")
        for address in (HOST_ADDRESS, OTHER_ADDRESS):
            _ip("address", "add", f"{address}/{PREFIX_BITS}", "dev", self.name)
        _ip("link", "set", self.name, "up")
        return self

    def __exit__(self, *_reason: object) -> None:
        _ip("link", "delete", self.name)


def _to_stamp(wall_ns: int) -> bytes:
    sec, rest_ns = divmod(wall_ns, NS_PER_SEC)
    fraction = (rest_ns << 32) // NS_PER_SEC
    return struct.pack("!II", (sec + UNIX_TO_NTP_SEC) & 0xFFFFFFFF, fraction)


def _find_stamp(notes: list[tuple[int, int, bytes]]) -> int:
    for level, kind, data in notes:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            sec, nsec = struct.unpack("@qq", data[:16])
            return sec * NS_PER_SEC + nsec
    return time.time_ns()


class NtpServer:
    """A context: stratum 1, ahead of this host by what `ahead_ns` says at each moment."""

    def __init__(self, address: str, ahead_ns: int = 0) -> None:
        self._address = address
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._is_ending = False
        self.ahead_ns = ahead_ns
        # Of this host's clock: announced until then, and from then on a second less.
        self.leap_at_ns: int | None = None

    def __enter__(self) -> NtpServer:
        self._socket.bind((self._address, NTP_PORT))
        self._socket.settimeout(LOOK_SEC)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._thread.start()
        return self

    def __exit__(self, *_reason: object) -> None:
        self._is_ending = True
        self._thread.join()
        self._socket.close()

    def _announces_leap(self) -> bool:
        return self.leap_at_ns is not None and time.time_ns() < self.leap_at_ns

    def _to_server(self, now_ns: int) -> int:
        if self.leap_at_ns is not None and now_ns >= self.leap_at_ns:
            now_ns -= NS_PER_SEC
        return now_ns + self.ahead_ns

    def _serve(self) -> None:
        while not self._is_ending:
            try:
                request, notes, _flags, peer = self._socket.recvmsg(2048, 256)
            except TimeoutError:
                continue
            received = _to_stamp(self._to_server(_find_stamp(notes)))
            if len(request) < PACKET_BYTES or request[0] & 7 != CLIENT:
                continue
            version = request[0] >> 3 & 7
            first = self._announces_leap() << 6 | version << 3 | SERVER
            head = struct.pack("!BBbbII4s", first, 1, 4, -20, 0, 16, b"TEST")
            transmit = _to_stamp(self._to_server(time.time_ns()))
            reply = head + received + request[40:48] + received + transmit
            self._socket.sendto(reply, peer)
