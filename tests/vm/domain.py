# SPDX-License-Identifier: LGPL-2.1-or-later
"""One libvirt domain of the rig: its XML, its life, its threads' priority."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from .hypervisor import find_security_models, virsh
from .kernel import Kernel
from .layout import RigError

MEMORY_MIB = 192

# Where libvirt tells the number of each QEMU process.
PID_FOLDER = "/run/libvirt/qemu"

METADATA_NAMESPACE = "https://virt-time.org/xmlns/domain/1"

# Above everything that is not real-time, below the sampler that watches it.
QEMU_PRIORITY = 10

# 'no_timer_check': a starved guest may panic at boot under emulation without it. 'panic=-1': a
# panicked guest reboots and, with that switched off below, ends, instead of spinning for ever.
# 'tsc=nowatchdog': a starved guest would find its clocksource unstable and go without it.
KERNEL_ARGUMENTS = ("console=ttyS0 quiet no_timer_check tsc=nowatchdog panic=-1 "
                    "random.trust_cpu=on")


@dataclass(frozen=True)
class Machine:
    """What kind of computer the guest is. PC: as old as the trade, without an HPET."""

    model: str = "pc"
    cpu: str = ""  # as libvirt names them; "": QEMU's own, or all that the host has
    has_hpet: bool = False
    emulator: Path | None = None  # None: libvirt's choice
    arguments: tuple[str, ...] = ()  # for QEMU


PC = Machine()


@dataclass(frozen=True)
class DomainPlan:
    name: str
    folder: Path  # sockets and logs; writable by QEMU
    kernel: Kernel
    initramfs: Path
    has_link: bool
    bridge: str
    has_kvm: bool
    memory_mib: int = MEMORY_MIB
    oscillator_library: Path | None = None  # the guest's oscillator is its own, on the HPET
    machine: Machine = PC

    @property
    def oscillator_page(self) -> Path:
        return self.folder / "oscillator"

    @property
    def probe_socket(self) -> Path:
        return self.folder / "probe.sock"

    @property
    def shell_socket(self) -> Path:
        return self.folder / "shell.sock"

    @property
    def qmp_socket(self) -> Path:
        return self.folder / "qmp.sock"

    @property
    def saved_image(self) -> Path:
        return self.folder / "saved"

    @property
    def disk(self) -> Path:
        """Empty, and never read by the guest: where snapshots are kept."""
        return self.folder / "disk.qcow2"


def make_xml(plan: DomainPlan) -> str:
    kind = "kvm" if plan.has_kvm else "qemu"
    machine = plan.machine
    cpu = "<cpu mode='host-passthrough'/>" if plan.has_kvm else ""
    if machine.cpu:
        cpu = f"<cpu mode='custom' match='minimum'><model>{machine.cpu}</model></cpu>"
    emulator = f"<emulator>{machine.emulator}</emulator>" if machine.emulator else ""
    qemu_arguments = "".join(f"<qemu:arg value={quoteattr(word)}/>"
                             for word in machine.arguments)
    labels = "".join(f"<seclabel type='none' model={quoteattr(model)}/>"
                     for model in find_security_models())
    link = ("<channel type='unix'><target type='virtio' name='org.virttime.0'/></channel>"
            if plan.has_link else "")
    has_oscillator = plan.oscillator_library is not None
    has_hpet = has_oscillator or machine.has_hpet
    arguments = KERNEL_ARGUMENTS + (" clocksource=hpet" if has_oscillator else "")
    preload = (f"<qemu:env name='LD_PRELOAD' value={quoteattr(str(plan.oscillator_library))}/>"
               f"<qemu:env name='VT_OSCILLATOR' value={quoteattr(str(plan.oscillator_page))}/>"
               if has_oscillator else "")
    return f"""
<domain type='{kind}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{plan.name}</name>
  <memory unit='MiB'>{plan.memory_mib}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='{machine.model}'>hvm</type>
    <kernel>{plan.kernel.image}</kernel>
    <initrd>{plan.initramfs}</initrd>
    <cmdline>{arguments}</cmdline>
  </os>
  <features><acpi/><apic/></features>
  {cpu}
  <clock offset='utc'>
    <timer name='rtc' tickpolicy='catchup'/>
    <timer name='pit' tickpolicy='delay'/>
    <timer name='hpet' present='{'yes' if has_hpet else 'no'}'/>
  </clock>
  <on_reboot>destroy</on_reboot>
  <devices>
    {emulator}
    <controller type='usb' model='none'/>
    <controller type='virtio-serial'/>
    <memballoon model='none'/>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='{plan.disk}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='bridge'>
      <source bridge='{plan.bridge}'/>
      <model type='virtio'/>
      <rom enabled='no'/>
    </interface>
    <serial type='file'><source path='{plan.folder}/console.log' append='on'/></serial>
    {link}
    <channel type='unix'>
      <source mode='bind' path='{plan.probe_socket}'/>
      <target type='virtio' name='org.virttime.test.probe'/>
    </channel>
    <channel type='unix'>
      <source mode='bind' path='{plan.shell_socket}'/>
      <target type='virtio' name='org.virttime.test.shell'/>
    </channel>
    <channel type='file'>
      <source path='{plan.folder}/guest.log' append='on'/>
      <target type='virtio' name='org.virttime.test.log'/>
    </channel>
  </devices>
  {labels}
  <qemu:commandline>
    <qemu:arg value='-qmp'/>
    <qemu:arg value='unix:{plan.qmp_socket},server=on,wait=off'/>
    {preload}
    {qemu_arguments}
  </qemu:commandline>
</domain>
"""


def make_disk(path: Path) -> None:
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(path), "64M"],
                   stdin=subprocess.DEVNULL, check=True)
    owner = path.parent.stat()
    os.chown(path, owner.st_uid, owner.st_gid)


class Domain:
    """Persistent, so that managed save and snapshots work; gone after `remove`."""

    def __init__(self, plan: DomainPlan) -> None:
        self.plan = plan
        self.name = plan.name

    def define(self) -> None:
        make_disk(self.plan.disk)
        xml_file = self.plan.folder / "domain.xml"
        xml_file.write_text(make_xml(self.plan), encoding="utf-8")
        virsh("define", str(xml_file))

    def start(self) -> None:
        """From a managed save, if there is one."""
        virsh("start", self.name)

    def destroy(self) -> None:
        virsh("destroy", self.name)

    def suspend(self) -> None:
        virsh("suspend", self.name)

    def resume(self) -> None:
        virsh("resume", self.name)

    def save(self) -> None:
        virsh("save", self.name, str(self.plan.saved_image))

    def restore(self) -> None:
        virsh("restore", str(self.plan.saved_image))
        self.plan.saved_image.unlink()

    def save_managed(self) -> None:
        virsh("managedsave", self.name)

    def take_snapshot(self, snapshot: str) -> None:
        """Memory and all, of the running guest."""
        virsh("snapshot-create-as", self.name, snapshot)

    def revert_to_snapshot(self, snapshot: str) -> None:
        virsh("snapshot-revert", self.name, snapshot, "--running")

    def delete_snapshot(self, snapshot: str) -> None:
        virsh("snapshot-delete", self.name, snapshot)

    def set_mode(self, mode: str) -> None:
        """What the guest may do to its clock, for hostd to read; "" says nothing of it."""
        words = ["metadata", self.name, METADATA_NAMESPACE, "--live"]
        if mode:
            words += ["--key", "vt", "--set", f"<time mode='{mode}'/>"]
        else:
            words += ["--remove"]
        virsh(*words)

    def is_running(self) -> bool:
        return virsh("domstate", self.name).strip() == "running"

    def remove(self) -> None:
        """Works from any state; the domain may not even be defined."""
        for action in (("destroy",), ("undefine", "--managed-save", "--snapshots-metadata")):
            try:
                virsh(action[0], self.name, *action[1:])
            except RigError:
                pass  # it was not running, or not defined

    def raise_priority(self) -> None:
        raise_priority(Path(PID_FOLDER) / f"{self.name}.pid")


def raise_priority(pid_file: Path) -> None:
    """A starved guest loses seconds of its own, which is not what is to be measured."""
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        if os.sched_getscheduler(pid) == os.SCHED_FIFO:
            return
        threads = os.listdir(f"/proc/{pid}/task")
    except (OSError, ValueError):
        return
    for thread in threads:
        _raise_thread(int(thread))


def _raise_thread(thread: int) -> None:
    # With cgroup version 1 a group without a real-time budget refuses; the root group has one.
    tasks = Path("/sys/fs/cgroup/cpu/tasks")
    try:
        if tasks.exists():
            tasks.write_text(str(thread), encoding="ascii")
        os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(QEMU_PRIORITY))
    except OSError:
        pass  # figures get worse, never wrong
