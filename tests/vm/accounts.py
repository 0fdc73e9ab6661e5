# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemons' own users, and the privileges that their units leave them."""

from __future__ import annotations

import subprocess

from .layout import Layout, RigError

# As far as that can be had without a service manager.
HOSTD = ("setpriv", "--reuid=virttime-host", "--regid=virttime-host", "--init-groups",
         "--bounding-set=-all,+net_bind_service", "--inh-caps=-all,+net_bind_service",
         "--ambient-caps=-all,+net_bind_service", "--no-new-privs")
OPENER = ("setpriv", "--bounding-set=-all,+dac_override", "--inh-caps=-all,+dac_override",
          "--no-new-privs")


def make_accounts(layout: Layout) -> None:
    """For good: libvirtd, which may be running, wants to know who connects to it."""
    script = layout.source_dir / "tools" / "install-users"
    result = subprocess.run([str(script)], stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, check=False)
    if result.returncode != 0:
        raise RigError(f"'{script.name}' failed: {result.stderr.strip()}")
