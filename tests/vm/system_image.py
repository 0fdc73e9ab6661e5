# SPDX-License-Identifier: LGPL-2.1-or-later
"""A second guest: this machine's own systemd as first process, and virt-time installed as
'meson install' does it. Shows the units with all that they take away."""

from __future__ import annotations

import gzip
import subprocess
import tempfile
from pathlib import Path

from .initramfs import Archive, find_busybox, find_libraries
from .kernel import Kernel
from .layout import Layout, RigError
from .neighbours import LIBRARIES, Neighbour, find_packages

MANAGER = Path("/usr/lib/systemd")
UNITS = MANAGER / "system"
PROGRAMS = ("/usr/lib/systemd/systemd", "/usr/lib/systemd/systemd-journald",
            "/usr/lib/systemd/systemd-udevd", "/usr/bin/systemctl", "/usr/bin/journalctl",
            "/usr/bin/systemd-sysusers", "/usr/bin/systemd-tmpfiles", "/usr/bin/udevadm")

# Each of them wanted by what it stands with.
SYSTEM_UNITS = {
    "sysinit.target": ("systemd-journald.service", "systemd-sysusers.service",
                       "systemd-tmpfiles-setup-dev.service", "systemd-tmpfiles-setup.service",
                       "systemd-udevd.service", "systemd-udev-trigger.service"),
    "sockets.target": ("systemd-journald.socket", "systemd-journald-dev-log.socket",
                       "systemd-udevd-control.socket", "systemd-udevd-kernel.socket"),
    "multi-user.target": (),
    "basic.target": (),
    "local-fs.target": (),
    "paths.target": (),
    "shutdown.target": (),
    "slices.target": (),
    "timers.target": (),
}
OWN_UNITS = ("virt-time-agent.service", "virt-time-chrony-helper.socket")
HOST_UNITS = ("virt-time-hostd.service", "virt-time-opener.socket")
TEST_UNITS = ("test-probe.service", "test-shell.service", "test-channel.socket")
UDEV_RULES = ("50-udev-default.rules", "99-systemd.rules")

# What a whole system has beside: its bus, what timedatectl asks, and who decides what others may.
BUS_PROGRAMS = ("/usr/bin/dbus-daemon", "/usr/bin/timedatectl", "/usr/bin/setpriv",
                "/usr/lib/systemd/systemd-timedated", "/usr/lib/polkit-1/polkitd")
BUS_UNITS = ("dbus.service", "dbus.socket", "polkit.service", "systemd-timedated.service",
             "time-sync.target")
BUS_NAMES = ("org.freedesktop.PolicyKit1", "org.freedesktop.systemd1", "org.freedesktop.timedate1")
BUS_FILES = ("/usr/share/dbus-1/system.conf", "/usr/share/polkit-1/rules.d/50-default.rules",
             "/usr/share/polkit-1/actions/org.freedesktop.policykit.policy",
             "/usr/lib/sysusers.d/dbus.conf", "/usr/lib/sysusers.d/polkitd.conf",
             "/usr/lib/tmpfiles.d/polkitd.conf")
# A user who is nobody special.
VISITOR = "visitor"

FOLDERS = ("dev", "etc", "proc", "root", "run", "sys", "tmp", "usr/local/bin", "var/lib",
           "var/log", "modules")
MERGED = ("bin", "sbin", "lib", "lib64")
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/machine-id": "uninitialized\n",
    "etc/hostname": "guest\n",
    "etc/systemd/journald.conf": "[Journal]\nStorage=volatile\nForwardToConsole=yes\n",
}


class _Merged:
    """An archive in which /bin, /lib and so on are the same as below /usr."""

    def __init__(self) -> None:
        self.archive = Archive()
        self._known: set[str] = set()
        for name in FOLDERS:
            self.archive.add_folder(name)
        for name in MERGED:
            self.archive.add_folder(f"usr/{name}")
            self.archive.add_link(name, f"usr/{name}")

    def add(self, path: Path, data: bytes, mode: int) -> None:
        name = str(path).lstrip("/")
        if name.split("/")[0] in MERGED:
            name = f"usr/{name}"
        if name not in self._known:
            self._known.add(name)
            self.archive.add_file(name, data, mode)

    def add_copy(self, source: Path) -> None:
        self.add(source, source.read_bytes(), source.stat().st_mode & 0o777)

    def add_program(self, source: Path, target: Path) -> None:
        self.add(target, source.read_bytes(), 0o755)
        for library in find_libraries(source):
            self.add_copy(library)

    def add_text(self, name: str, text: str) -> None:
        self.add(Path(name), text.encode(), 0o644)


def build_system_image(layout: Layout, kernel: Kernel, target: Path,
                       neighbour: Neighbour | None = None) -> None:
    """Both daemons; or the agent beside a time daemon of somebody else's."""
    image = _Merged()
    _add_manager(image)
    if neighbour is not None:
        _add_neighbour(image, neighbour, find_packages(layout))
        _add_bus(image)
    units = OWN_UNITS if neighbour is not None else OWN_UNITS + HOST_UNITS
    with tempfile.TemporaryDirectory(prefix="virt-time-stage-") as stage:
        _install(layout, Path(stage), units)
        _add_installed(image, Path(stage))
    _add_test_parts(image, layout)
    for module in kernel.modules:
        image.add(Path("/modules") / module.name, module.read_bytes(), 0o644)
    order = "".join(f"/modules/{module.name}\n" for module in kernel.modules)
    image.add_text("modules/order", order)
    for name, text in FILES.items():
        image.add_text(name, text + _make_account(name, neighbour))
    target.write_bytes(gzip.compress(image.archive.finish(), compresslevel=1))


def _add_manager(image: _Merged) -> None:
    for program in PROGRAMS:
        if not Path(program).exists():
            raise RigError(f"'{program}' is missing (packages systemd and udev)")
        image.add_program(Path(program), Path(program))
    for wanting, wanted in SYSTEM_UNITS.items():
        image.add_copy(UNITS / wanting)
        for unit in wanted:
            image.add_copy(UNITS / unit)
            image.archive.add_link(f"usr/lib/systemd/system/{wanting}.wants/{unit}",
                                   f"../{unit}")
    image.archive.add_link("usr/lib/systemd/system/default.target", "multi-user.target")
    for rules in UDEV_RULES:
        image.add_copy(Path("/usr/lib/udev/rules.d") / rules)
    image.add_copy(Path("/usr/lib/sysusers.d/basic.conf"))


def _add_bus(image: _Merged) -> None:
    for program in BUS_PROGRAMS:
        if not Path(program).exists():
            raise RigError(f"'{program}' is missing (packages dbus, polkitd and systemd)")
        image.add_program(Path(program), Path(program))
    for unit in BUS_UNITS:
        image.add_copy(UNITS / unit)
    links = {"sockets.target.wants/dbus.socket": "../dbus.socket",
             "dbus-org.freedesktop.timedate1.service": "systemd-timedated.service"}
    for name, target in links.items():
        image.archive.add_link(f"usr/lib/systemd/system/{name}", target)
    for name in BUS_NAMES:
        image.add_copy(Path(f"/usr/share/dbus-1/system.d/{name}.conf"))
        image.add_copy(Path(f"/usr/share/dbus-1/system-services/{name}.service"))
    for name in BUS_FILES:
        image.add_copy(Path(name))
    image.archive.add_link("usr/bin/sh", "busybox")  # for scripts of packages
    image.archive.add_link("var/run", "/run")  # where GLib looks for the bus
    image.add_text("usr/lib/sysusers.d/visitor.conf", f"u {VISITOR} -\n")


def _make_account(name: str, neighbour: Neighbour | None) -> str:
    if neighbour is None or name not in ("etc/passwd", "etc/group"):
        return ""
    user, password, user_id, *_ = neighbour.user.split(":")
    return {"etc/passwd": f"{neighbour.user}\n",
            "etc/group": f"{user}:{password}:{user_id}:\n"}[name]


def _add_neighbour(image: _Merged, neighbour: Neighbour, packages: Path) -> None:
    for name in neighbour.programs:
        image.add(Path(name), (packages / name).read_bytes(), 0o755)
        for library in find_libraries(packages / name, packages / LIBRARIES):
            inside = library.is_relative_to(packages)
            place = Path("/") / library.relative_to(packages) if inside else library
            image.add(place, library.read_bytes(), 0o755)
    for tool in neighbour.tools:
        image.add_program(Path(tool), Path(tool))
    for name, source in neighbour.files.items():
        path = packages / source
        image.add(Path(name), path.read_bytes(), path.stat().st_mode & 0o777)
    for name, text in neighbour.texts.items():
        image.add_text(name, text)
    # What is installed is started at the first boot, by default: the scenario does it, later.
    image.add_text("etc/systemd/system-preset/00-test.preset",
                   "".join(f"disable {unit}\n" for unit in (neighbour.unit, *HOST_UNITS)))


def _install(layout: Layout, stage: Path, units: tuple[str, ...]) -> None:
    result = subprocess.run(
        ["meson", "install", "--quiet", "--no-rebuild", "-C", str(layout.build_dir),
         "--destdir", str(stage)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False)
    if result.returncode != 0:
        raise RigError(f"'meson install' failed: {result.stderr.strip() or result.stdout}")
    # Works below a folder, and shows what each [Install] says.
    result = subprocess.run(["systemctl", f"--root={stage}", "enable", *units],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RigError(f"the units cannot be enabled: {result.stderr.strip()}")


def _add_installed(image: _Merged, stage: Path) -> None:
    for path in sorted(stage.rglob("*")):
        place = Path("/") / path.relative_to(stage)
        if path.is_symlink():
            image.archive.add_link(str(place).lstrip("/"), str(path.readlink()))
        elif path.is_file() and place.parent.name in ("bin", "sbin"):
            image.add_program(path, place)
        elif path.is_file() and "include" not in place.parts and "man" not in place.parts:
            image.add(place, path.read_bytes(), path.stat().st_mode & 0o777)


def _add_test_parts(image: _Merged, layout: Layout) -> None:
    image.add_program(find_busybox(), Path("/usr/bin/busybox"))
    image.add_program(layout.probe_guest, Path("/usr/bin/probe-guest"))
    image.add_program(layout.step_clock, Path("/usr/bin/step-clock"))
    image.add_program(layout.watch_clock, Path("/usr/bin/watch-clock"))
    scripts = layout.guest_scripts
    image.add(Path("/init"), (scripts / "system-init").read_bytes(), 0o755)
    image.add(Path("/usr/bin/shell-port"), (scripts / "shell-port").read_bytes(), 0o755)
    for path in sorted((scripts / "system").iterdir()):
        image.add(Path("/etc/systemd/system") / path.name, path.read_bytes(), 0o644)
    for unit in TEST_UNITS:
        image.archive.add_link(f"etc/systemd/system/multi-user.target.wants/{unit}", f"../{unit}")
    for path in sorted((scripts / "settings").iterdir()):
        image.add(Path("/usr/local/etc/virt-time") / path.name, path.read_bytes(), 0o644)
