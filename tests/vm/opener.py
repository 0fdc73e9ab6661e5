# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-time-opener, with the one capability that its unit leaves it, on a socket that was made
for it, as by its socket unit."""

from __future__ import annotations

import os
import pwd
import select
import socket
import subprocess
import threading
from pathlib import Path

from .accounts import OPENER
from .hypervisor import URI
from .layout import Layout

# The first descriptor that a service manager passes.
PASSED_FD = 3


class Opener:
    """Started when somebody asks, again and again: it leaves when nobody has for a minute."""

    def __init__(self, layout: Layout, run_dir: Path, log_dir: Path,
                 enter: tuple[str, ...] = ()) -> None:
        """`enter`: words before the command, for one that sees folders of its own."""
        self.socket = run_dir / "opener.socket"
        self._log_path = log_dir / "opener.log"
        settings = log_dir / "opener.conf"
        settings.write_text(f"[opener]\nuris={URI}\n", encoding="ascii")
        # The passed descriptor is for the process that executes it, known only then.
        self._command = ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *enter, *OPENER,
                         str(layout.opener), "-f", "-c", str(settings)]
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(self.socket))
        self.socket.chmod(0o600)
        os.chown(self.socket, pwd.getpwnam("virttime-host").pw_uid, -1)
        self._listener.listen()
        self._stop_read, self._stop_write = os.pipe()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def stop(self) -> None:
        os.close(self._stop_write)
        self._keeper.join()
        os.close(self._stop_read)
        self._listener.close()

    def _keep(self) -> None:
        while self._wait_for(self._listener.fileno()):
            process = self._spawn()
            ended = os.pidfd_open(process.pid)
            is_wanted = self._wait_for(ended)
            os.close(ended)
            if not is_wanted:
                process.terminate()
            process.wait(timeout=10)

    def _wait_for(self, fd: int) -> bool:
        """Until it can be read; False: the end of the rig came first."""
        ready, _writable, _broken = select.select([fd, self._stop_read], [], [])
        return self._stop_read not in ready

    def _spawn(self) -> subprocess.Popen[bytes]:
        with open(self._log_path, "ab") as log:
            return subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "opener"},
                start_new_session=True, pass_fds=(PASSED_FD,),
                preexec_fn=lambda: os.dup2(self._listener.fileno(), PASSED_FD))
