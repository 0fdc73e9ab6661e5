# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rig: libvirt, kernel, guests and hostd, put up and taken down again whatever happens."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import FrameType, TracebackType

from .accelerator import can_use_kvm
from .accounts import make_accounts
from .domain import MEMORY_MIB, PC, DomainPlan, Machine
from .emulator import find_emulator
from .guest import Guest
from .hostd import Hostd
from .hypervisor import Hypervisor
from .initramfs import build_initramfs
from .kernel import Kernel, fetch_kernel, fetch_new_kernel
from .layout import Layout, RigError
from .neighbours import Neighbour
from .opener import Opener
from .peers import Peers
from .system_image import build_system_image
from .wire import Bridge

# Its image, packed and unpacked twice, and what runs in it.
SYSTEM_MEMORY_MIB = 512

# hostd's libraries, those of libvirt among them, packed and unpacked.
SERVER_MEMORY_MIB = 320

# The same, and a kernel that is made for every computer.
NEW_MEMORY_MIB = 448

QEMU_USERS = ("libvirt-qemu", "qemu")


class Rig:
    """A context: what it made is gone after it, but for `output_dir`, which keeps the samples
    and the logs."""

    def __init__(self, layout: Layout, output_dir: Path, peers: Peers | None = None) -> None:
        self.layout = layout
        self.output_dir = output_dir
        self._peers = peers
        self._suffix = f"{os.getpid()}-{secrets.token_hex(2)}"
        self._stack = ExitStack()
        self._run_dir: Path
        self._kernel: Kernel
        self._initramfs: Path
        self._bridge: Bridge
        self.hypervisor: Hypervisor
        self.has_kvm: bool

    def __enter__(self) -> Rig:
        if os.geteuid() != 0:
            raise RigError("the rig needs root: it starts libvirt and real-time threads")
        self.output_dir.mkdir(parents=True, exist_ok=True)
        try:
            self._put_up()
        except BaseException:
            self._take_down()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._take_down()

    def boot_guest(self, role: str, has_link: bool, machine: Machine = PC) -> Guest:
        """Returns when the guest answers. Its agent is not started."""
        plan = self._plan(role, has_link, self._initramfs, MEMORY_MIB)
        return self._boot(replace(plan, machine=machine))

    def boot_server(self, role: str) -> Guest:
        """One that has hostd, too, and no link."""
        initramfs = self._run_dir / "server-initramfs"
        build_initramfs(self.layout, self._kernel, initramfs, has_hostd=True)
        return self._boot(self._plan(role, False, initramfs, SERVER_MEMORY_MIB))

    def boot_guest_with_oscillator(self, role: str) -> Guest:
        """One whose oscillator can be made to jump, and with a link."""
        library = self._run_dir / "oscillator.so"
        if not library.exists():
            shutil.copyfile(self.layout.oscillator, library)
        plan = self._plan(role, True, self._initramfs, MEMORY_MIB)
        return self._boot(replace(plan, oscillator_library=library))

    def boot_new(self, role: str, arguments: tuple[str, ...]) -> Guest:
        """A guest with a link and hostd, of a QEMU and a kernel that know more devices."""
        kernel = self._copy_kernel(fetch_new_kernel(self.layout.cache_dir), "new-vmlinuz")
        initramfs = self._run_dir / "new-initramfs"
        build_initramfs(self.layout, kernel, initramfs, has_hostd=True)
        emulator = find_emulator(self.layout.cache_dir, self._run_dir / "new-qemu")
        machine = Machine(model="q35", emulator=emulator, arguments=arguments)
        plan = self._plan(role, True, initramfs, NEW_MEMORY_MIB)
        return self._boot(replace(plan, kernel=kernel, machine=machine))

    def boot_system(self, role: str, neighbour: Neighbour | None = None) -> Guest:
        """A guest with systemd, which starts what is installed."""
        image = self._run_dir / f"{role}-image"
        build_system_image(self.layout, self._kernel, image, neighbour)
        return self._boot(self._plan(role, True, image, SYSTEM_MEMORY_MIB))

    def _plan(self, role: str, has_link: bool, initramfs: Path, memory_mib: int) -> DomainPlan:
        return DomainPlan(f"virt-time-{role}-{self._suffix}", self._run_dir / role, self._kernel,
                          initramfs, has_link, self._bridge.name, self.has_kvm, memory_mib)

    def _boot(self, plan: DomainPlan) -> Guest:
        folder = plan.folder
        role = folder.name
        folder.mkdir()
        _give_to_qemu(folder)
        guest = Guest(self.layout, plan)
        self._stack.callback(self._keep_logs, folder, role)
        self._stack.callback(guest.close)
        guest.boot()
        return guest

    def _copy_kernel(self, cached: Kernel, name: str) -> Kernel:
        """QEMU's user need not be able to reach the build folder."""
        image = self._run_dir / name
        shutil.copyfile(cached.image, image)
        return replace(cached, image=image)

    @property
    def hostd_dir(self) -> Path:
        """Where hostd's sockets are."""
        return self._run_dir / "hostd"

    def start_hostd(self) -> Hostd:
        make_accounts(self.layout)
        opener = Opener(self.layout, self._run_dir, self.output_dir)
        self._stack.callback(opener.stop)
        self.hostd_dir.mkdir()
        hostd = Hostd(self.layout, opener, self.hostd_dir, self.output_dir)
        self._stack.callback(hostd.stop)
        return hostd

    def _put_up(self) -> None:
        for name in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, _raise_interrupt)
        self._run_dir = Path(tempfile.mkdtemp(prefix="virt-time-rig-"))
        self._run_dir.chmod(0o755)
        self._stack.callback(shutil.rmtree, self._run_dir, ignore_errors=True)
        self._kernel = self._copy_kernel(fetch_kernel(self.layout.cache_dir), "vmlinuz")
        self.has_kvm = can_use_kvm(self._kernel.image)
        self._initramfs = self._run_dir / "initramfs"
        build_initramfs(self.layout, self._kernel, self._initramfs, self._peers)
        self._bridge = self._stack.enter_context(Bridge())
        self.hypervisor = Hypervisor(self.output_dir)
        self._stack.callback(self.hypervisor.stop)
        self.hypervisor.start()

    def _take_down(self) -> None:
        """A second Ctrl-C must not leave a domain behind."""
        caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = [signal.signal(name, signal.SIG_IGN) for name in caught]
        try:
            self._stack.close()
        finally:
            for name, handler in zip(caught, before):
                signal.signal(name, handler)

    def _keep_logs(self, folder: Path, role: str) -> None:
        for name in ("guest.log", "console.log", "sampler.log", "domain.xml"):
            if (folder / name).exists():
                shutil.copyfile(folder / name, self.output_dir / f"{role}-{name}")


def _raise_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _give_to_qemu(folder: Path) -> None:
    """Sockets, logs and saved images are QEMU's; nobody else may look in."""
    for name in QEMU_USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, user.pw_uid, user.pw_gid)
        folder.chmod(0o700)
        return
    raise RigError(f"none of the users {', '.join(QEMU_USERS)} exists: is libvirt installed?")
