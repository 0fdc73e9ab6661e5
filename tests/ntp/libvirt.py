# SPDX-License-Identifier: LGPL-2.1-or-later
"""A libvirt daemon of the test's own, which serves libvirt's test driver and can be made to hang."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from ntp.clients import wait_for
from ntp.place import Place

if TYPE_CHECKING:
    from ntp.servers import Server

# It must not find the domains, networks and drivers of the machine that it runs on.
PRIVATE = ("/run", "/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt")


class Libvirtd:
    """Use as a context."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._socket = place.folder / "libvirt" / "libvirt-sock-ro"
        self.uri = f"test+unix:///default?socket={self._socket}"

    def __enter__(self) -> Libvirtd:
        place = self._place
        folder = place.folder / "libvirt"
        empty = place.folder / "no-drivers"
        for path in (folder, empty):
            path.mkdir(exist_ok=True)
        settings = place.write("libvirtd.conf", "\n".join((
            f'unix_sock_dir = "{folder}"', 'auth_unix_ro = "none"', 'auth_unix_rw = "none"',
            'unix_sock_ro_perms = "0700"', "listen_tls = 0", "")))
        mounts = " && ".join(f"mount -t tmpfs tmpfs {path}" for path in PRIVATE)
        self._program = place.start(
            place.host, "libvirtd.log", "unshare", "-m", "sh", "-c",
            f"{mounts} && exec libvirtd --config {settings} --pid-file {folder}/pid",
            environment={"LIBVIRT_DRIVER_DIR": str(empty)})
        if not wait_for(lambda: "yes" if self._socket.exists() else None):
            raise RuntimeError(f"libvirtd does not begin: {place.read('libvirtd.log')}")
        return self

    def wait_until_connected(self, server: Server) -> None:
        if not wait_for(lambda: "yes" if server.is_connected() else None):
            raise RuntimeError(f"hostd is not connected: {self._place.read(server.log)}")

    def send(self, number: signal.Signals) -> None:
        """To the daemon: SIGSTOP makes every call hang."""
        os.kill(self._program.pid, number)

    def __exit__(self, *_: object) -> None:
        os.kill(self._program.pid, signal.SIGCONT)
        self._place.end(self._program)
