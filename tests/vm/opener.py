# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-time-opener, with the one capability that its unit leaves it, on a socket that was made
for it, as by its socket unit."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
from pathlib import Path

from .accounts import OPENER
from .hypervisor import URI
from .layout import Layout

# The first descriptor that a service manager passes.
PASSED_FD = 3


class Opener:
    def __init__(self, layout: Layout, run_dir: Path, log_dir: Path) -> None:
        self.socket = run_dir / "opener.socket"
        settings = log_dir / "opener.conf"
        settings.write_text(f"[opener]\nuris={URI}\n", encoding="ascii")
        # The passed descriptor is for the process that executes it, known only then.
        command = ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *OPENER,
                   str(layout.opener), "-f", "-c", str(settings)]
        with (socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener,
              open(log_dir / "opener.log", "ab") as log):
            listener.bind(str(self.socket))
            self.socket.chmod(0o600)
            os.chown(self.socket, pwd.getpwnam("virttime-host").pw_uid, -1)
            listener.listen()
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "opener"},
                start_new_session=True, pass_fds=(PASSED_FD,),
                preexec_fn=lambda: os.dup2(listener.fileno(), PASSED_FD))

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        if self.is_alive():
            self._process.terminate()
            self._process.wait(timeout=10)
