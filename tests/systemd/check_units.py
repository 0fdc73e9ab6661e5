# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The units against the programs they start and the users they run as, and against what a sandbox
must leave to a clock daemon. Arguments: the folder of the units as configured, the source tree,
then each program as built and, after a '=', the path it is installed at.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

# A directive that takes the clock, its devices or the kernel's news of them away.
FORBIDDEN = {
    "virt-time-agent.service": {
        "ProtectClock", "PrivateDevices", "PrivateUsers", "PrivateNetwork", "RestrictRealtime",
        "ProtectProc", "DevicePolicy", "DeviceAllow", "WatchdogSec", "DynamicUser", "ProcSubset",
    },
    "virt-time-hostd.service": {
        "ProtectClock", "PrivateUsers", "PrivateNetwork", "RestrictRealtime", "DynamicUser",
        "ProcSubset",
    },
    "virt-time-opener.service": {"User", "AmbientCapabilities", "RestrictSUIDSGID"},
    "virt-time-chrony-helper.service": {"AmbientCapabilities", "DynamicUser", "PrivateUsers"},
}
WANTED = {
    "virt-time-agent.service": {
        "Type": "notify", "User": "virttime-agent", "Restart": "always", "RestartSec": "100ms",
        "StartLimitIntervalSec": "0", "RestartPreventExitStatus": "2 3",
        "AmbientCapabilities": "CAP_SYS_TIME CAP_SYS_NICE CAP_IPC_LOCK",
        "CapabilityBoundingSet": "CAP_SYS_TIME CAP_SYS_NICE CAP_IPC_LOCK",
        "NoNewPrivileges": "yes", "ProtectSystem": "strict", "LimitMEMLOCK": "infinity",
    },
    "virt-time-hostd.service": {
        "Type": "notify", "User": "virttime-host", "Restart": "always", "WatchdogSec": "60s",
        "RestartPreventExitStatus": "2 3", "StartLimitIntervalSec": "0",
        "Before": "libvirt-guests.service", "AmbientCapabilities": "CAP_NET_BIND_SERVICE",
        "CapabilityBoundingSet": "CAP_NET_BIND_SERVICE", "NoNewPrivileges": "yes",
        "ProtectSystem": "strict", "FileDescriptorStoreMax": "4096", "LimitRTPRIO": "1",
        "LimitMEMLOCK": "infinity",
    },
    "virt-time-opener.service": {
        "Type": "notify", "CapabilityBoundingSet": "CAP_DAC_OVERRIDE", "PrivateNetwork": "yes",
        "RestrictAddressFamilies": "AF_UNIX", "NoNewPrivileges": "yes", "ProtectSystem": "strict",
        "ProtectClock": "yes",
    },
    "virt-time-chrony-helper.service": {
        "Type": "notify", "User": "_chrony", "CapabilityBoundingSet": "",
        "PrivateNetwork": "yes", "RestrictAddressFamilies": "AF_UNIX", "ProtectSystem": "strict",
        "ReadWritePaths": "/run", "NoNewPrivileges": "yes", "ProtectClock": "yes",
    },
    "virt-time-chrony-helper.socket": {
        "SocketGroup": "virttime", "SocketMode": "0660",
    },
    "virt-time-chrony-feed.service": {
        "Type": "oneshot", "PartOf": "chrony.service", "After": "chrony.service",
        "ConditionPathExists": "/run/chrony.virt-time.sock", "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "CAP_CHOWN CAP_FOWNER", "PrivateNetwork": "yes",
    },
    "virt-time-wait-sync.service": {
        "Type": "oneshot", "RemainAfterExit": "yes", "Before": "time-sync.target",
        "Wants": "time-sync.target", "After": "virt-time-agent.service", "DynamicUser": "yes",
        "NoNewPrivileges": "yes", "ProtectClock": "yes",
    },
    "virt-time-opener.socket": {
        "SocketUser": "virttime-host", "SocketMode": "0600",
    },
}
NEEDED_CALLS = {
    "virt-time-agent.service": {"@system-service", "@clock"},
    "virt-time-hostd.service": {"@system-service", "adjtimex", "clock_adjtime"},
    "virt-time-opener.service": {"@system-service"},
    "virt-time-chrony-helper.service": {"@system-service"},
}
# Every system has them.
FOREIGN_PROGRAMS = {"/usr/bin/chgrp", "/usr/bin/chmod"}
# Made by the packages of others.
FOREIGN_USERS = {"_chrony"}


class Programs:
    def __init__(self, arguments: list[str]) -> None:
        self.built = {}
        for argument in arguments:
            built, installed = argument.split("=")
            self.built[installed] = built


def read_unit(path: Path) -> dict[str, list[str]]:
    settings: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line[:1] in ("#", "[", ""):
            continue
        key, value = line.split("=", 1)
        settings.setdefault(key, []).append(value)
    return settings


def list_options(program: str) -> set[str]:
    result = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)
    return set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", result.stdout))


def check_command(unit: dict[str, list[str]], programs: Programs) -> list[str]:
    complaints = []
    for command in unit.get("ExecStart", []):
        program, *arguments = command.split()
        if program in FOREIGN_PROGRAMS:
            continue
        if program not in programs.built:
            complaints.append(f"starts '{program}', which nothing installs")
            continue
        unknown = {word.split("=")[0] for word in arguments if word.startswith("-")} - list_options(
            programs.built[program])
        complaints += [f"gives {program} the option {word}" for word in sorted(unknown)]
    return complaints


def check_settings(name: str, unit: dict[str, list[str]]) -> list[str]:
    complaints = [f"has {key}=" for key in sorted(FORBIDDEN.get(name, set()) & unit.keys())]
    for key, value in WANTED[name].items():
        if unit.get(key) != [value]:
            complaints.append(f"has {key}={unit.get(key)}, not {value}")
    if "time-sync.target" in " ".join(unit.get("After", [])):
        complaints.append("waits for a clock that it is there to set")
    calls = set(" ".join(unit.get("SystemCallFilter", [])).split())
    complaints += [f"filters {call} out" for call in NEEDED_CALLS.get(name, set()) - calls]
    return complaints


def list_names(lines: list[str], kinds: str) -> set[str]:
    return {line.split()[1] for line in lines if line[:2] in {kind + " " for kind in kinds}}


def check_names(units: dict[str, dict[str, list[str]]], source: Path) -> list[str]:
    """Users and groups that are named anywhere are made everywhere."""
    lines = (source / "systemd/virt-time.sysusers").read_text(encoding="utf-8").splitlines()
    script = (source / "tools/install-users").read_text(encoding="utf-8")
    rules = (source / "systemd/virt-time.rules").read_text(encoding="utf-8")
    made = list_names(lines, "ug")
    used = set(re.findall(r'GROUP="([\w-]+)"', rules))
    for unit in units.values():
        for key in ("User", "SupplementaryGroups", "SocketUser", "SocketGroup"):
            used |= set(" ".join(unit.get(key, [])).split())
    complaints = [f"'{name}' is used and not made" for name in sorted(used - made - FOREIGN_USERS)]
    complaints += [f"install-users does not make '{name}'" for name in sorted(made)
                   if not re.search(rf"^add_(user|group) {name}\b", script, re.MULTILINE)]
    for line in lines:
        if line.startswith("m ") and f"add_member {' '.join(line.split()[1:])}\n" not in script:
            complaints.append(f"install-users does not do '{line}'")
    return complaints


def verify(folder: Path, programs: Programs) -> list[str]:
    """systemd's own opinion, with the programs where they were built."""
    with tempfile.TemporaryDirectory() as copy:
        for path in folder.glob("virt-time-*.s*"):
            text = path.read_text(encoding="utf-8")
            for installed, built in programs.built.items():
                for key in ("ExecStart", "ExecReload"):
                    text = text.replace(f"{key}={installed}", f"{key}={built}")
            Path(copy, path.name).write_text(text, encoding="utf-8")
        units = sorted(str(path) for path in Path(copy).iterdir())
        result = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units],
            capture_output=True, text=True, check=False,
            env=dict(os.environ, SYSTEMD_UNIT_PATH=f"{copy}:", LC_ALL="C.UTF-8"))
    # What it says of other units, and of a machine that was not booted by it, is no matter here.
    ours = [line for line in result.stderr.splitlines() if "virt-time" in line]
    return ours if result.returncode != 0 or ours else []


def check_install_users(source: Path) -> list[str]:
    """On an empty system: users, groups and folders are there, and stay as they are."""
    if os.geteuid() != 0:
        return []
    with tempfile.TemporaryDirectory() as root:
        etc = Path(root, "etc")
        etc.mkdir()
        (etc / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
        (etc / "group").write_text("root:x:0:\nvirttime:x:5:somebody\n")
        (etc / "shadow").write_text("root:*:::::::\n")
        outcomes = []
        for _ in range(2):
            subprocess.run([source / "tools/install-users", root], check=True)
            outcomes.append([(etc / name).read_text() for name in ("passwd", "group", "shadow")])
        passwd, group, shadow = outcomes[0]
        host = Path(root, "var/lib/virt-time/host").stat()
        complaints = []
        if outcomes[0] != outcomes[1]:
            complaints.append("a second run changes something")
        if "virttime:x:5:somebody,virttime-agent\n" not in group:
            complaints.append("virttime-agent is no member of a group that was there")
        if not re.search(r"^virttime-admin:x:\d+:virttime-host$", group, re.MULTILINE):
            complaints.append("virttime-host is no member of virttime-admin")
        if not re.search(r"^virttime-host:x:%d:%d:" % (host.st_uid, host.st_gid), passwd,
                         re.MULTILINE) or stat.S_IMODE(host.st_mode) != 0o750:
            complaints.append("the state folder of hostd is not its own")
        if "virttime-agent:!*:" not in shadow:
            complaints.append("a password could be given")
        return complaints


def check_list(source: Path, units: dict[str, dict[str, list[str]]]) -> list[str]:
    """What timedatectl may start and stop is installed."""
    lines = (source / "systemd/virt-time.list").read_text(encoding="utf-8").splitlines()
    named = [line for line in lines if not line.startswith("#")]
    return [] if named and set(named) <= units.keys() else [f"names {named}"]


def check_network(source: Path) -> list[str]:
    """The network's dispatchers call it; with tools that are played it says the right word."""
    script = source / "systemd/virt-time-network"
    with tempfile.TemporaryDirectory() as folder:
        for name, body in (("systemctl", "exit $RUNS"), ("virt-timectl", 'echo "$1"')):
            path = Path(folder, name)
            path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
            path.chmod(0o755)
        complaints = []
        for arguments, runs, wanted in (
                ((), "0", "onoffline"), (("eth0", "up"), "0", "onoffline"),
                (("eth0", "down"), "0", "onoffline"), (("eth0", "hostname"), "0", ""),
                (("eth0", "up"), "3", "")):
            result = subprocess.run(
                [script, *arguments], capture_output=True, text=True, check=False,
                env=dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}", RUNS=runs))
            if result.stdout.strip() != wanted or result.returncode != 0:
                complaints.append(f"{arguments}: {result.stdout!r}, not '{wanted}'")
    return complaints


def check_udev(source: Path) -> list[str]:
    """Each line is a list of KEY op \"value\"; the rules are few enough for that."""
    pattern = r'(ACTION|SUBSYSTEM|KERNEL|ATTR\{\w+\})(==|!=)"[^"]+"|' \
              r'(GROUP|MODE|GOTO|LABEL)="[^"]+"|RUN\{builtin\}\+="kmod load \w+"'
    complaints = []
    for number, line in enumerate((source / "systemd/virt-time.rules").read_text().splitlines(), 1):
        if line.startswith("#"):
            continue
        parts = re.split(r", (?=[A-Z])", line)
        if not all(re.fullmatch(pattern, part) for part in parts):
            complaints.append(f"line {number} is no rule")
        if "GROUP=" in line and not re.search(r'MODE="06[46]0"', line):
            complaints.append(f"line {number} gives a group without its mode")
    return complaints


def run_tool(*command: str) -> list[str]:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stderr.splitlines() if result.returncode != 0 else []


def collect(folder: Path, source: Path, programs: Programs) -> dict[str, list[str]]:
    units = {path.name: read_unit(path) for path in sorted(folder.glob("virt-time-*.s*"))
             if path.suffix in (".service", ".socket")}
    claims = {f"{name} starts what is installed": check_command(unit, programs)
              for name, unit in units.items() if "ExecStart" in unit}
    claims |= {f"{name} leaves what is needed": check_settings(name, unit)
               for name, unit in units.items()}
    claims["users and groups are made"] = check_names(units, source)
    claims["install-users can be repeated"] = check_install_users(source)
    claims["udev rules are rules"] = check_udev(source)
    if "virt-time-agent.service" in units:
        claims["timedatectl can start what is installed"] = check_list(source, units)
        claims["network dispatchers tell the agent"] = check_network(source)
    if shutil.which("systemd-analyze"):
        claims["systemd-analyze verify"] = verify(folder, programs)
    elif "CI" in os.environ:
        claims["systemd-analyze verify"] = ["no systemd-analyze"]
    if shutil.which("systemd-sysusers"):
        claims["systemd-sysusers"] = run_tool("systemd-sysusers", "--dry-run",
                                              str(source / "systemd/virt-time.sysusers"))
    return claims


def main() -> int:
    claims = collect(Path(sys.argv[1]), Path(sys.argv[2]), Programs(sys.argv[3:]))
    print("TAP version 13")
    print(f"1..{len(claims)}")
    for number, (name, complaints) in enumerate(claims.items(), 1):
        print(f"{'not ok' if complaints else 'ok'} {number} {name}")
        for complaint in complaints:
            print(f"# {complaint}")
    return 1 if any(claims.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
