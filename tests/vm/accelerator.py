# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether this machine's KVM can run the guest. That /dev/kvm is there says little: inside of a
virtual machine it may refuse the CPU model, and a kernel that makes virtual machines without the
processor's help offers it, too, but runs only kernels that were made for it."""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from pathlib import Path

# On KVM the first line comes within half a second; under load, or nested, later.
FIRST_LINE_SEC = 10
FIRST_LINE = b"Linux version"


def has_kvm() -> bool:
    """Of a processor that has virtual machines."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    processor = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    return re.search(r"^flags\s*:.*\b(vmx|svm)\b", processor, re.MULTILINE) is not None


def can_use_kvm(kernel_image: Path) -> bool:
    """Boots the kernel, which needs nothing else to say who it is."""
    if not has_kvm():
        return False
    command = ["qemu-system-x86_64", "-accel", "kvm", "-cpu", "host", "-m", "256",
               "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
               "-kernel", str(kernel_image), "-append", "console=ttyS0 panic=-1"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            is_usable = says(process.stdout.fileno(), FIRST_LINE, FIRST_LINE_SEC)
        finally:
            process.kill()
    if not is_usable:
        print("# /dev/kvm cannot run the guest's kernel; it is emulated", flush=True)
    return is_usable


def says(fd: int, word: bytes, timeout_sec: float) -> bool:
    """Whether `word` can be read from `fd` before its end and before the time is over."""
    deadline = time.monotonic() + timeout_sec
    said = b""
    while word not in said:
        left_sec = deadline - time.monotonic()
        if left_sec <= 0 or not select.select([fd], [], [], left_sec)[0]:
            return False
        block = os.read(fd, 4096)
        if not block:
            return False
        said += block
    return True
