# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two guests, one with virt-time and one without, stand still together; then see their clocks."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .analysis import Probe, Recovery, analyse
from .curve import Series, draw_curve
from .guest import Guest
from .hostd import Hostd
from .layout import Layout, RigError
from .rig import Rig
from .scenarios import EVENT_SEC, IN_STEP_SEC

BEFORE_SEC = 2.0
AFTER_SEC = 11.0

# Host's time line, from the moment the guest runs again.
MOMENTS = ((0.005, "+5 ms"), (0.01, "+10 ms"), (0.02, "+20 ms"), (0.1, "+100 ms"),
           (1.0, "+1 s"), (5.0, "+5 s"), (10.0, "+10 s"))
NEAR_SEC = 0.5


def say(words: str = "") -> None:
    print(words, flush=True)


def format_span(ns: float) -> str:
    size = abs(ns)
    if size < 1e6:
        return f"{size / 1e3:.0f} us"
    if size < 1e9:
        return f"{size / 1e6:.2f} ms"
    return f"{size / 1e9:.3f} s"


def format_late(probe: Probe | None) -> str:
    if probe is None:
        return "-"
    if abs(probe.offset_ns) <= probe.error_ns:
        return f"right within {format_span(abs(probe.offset_ns) + probe.error_ns)}"
    word = "late" if probe.offset_ns > 0 else "early"
    return f"{format_span(probe.offset_ns)} {word} (+- {format_span(probe.error_ns)})"


class Subject:
    """One guest of the two, and what was seen of it."""

    def __init__(self, label: str, guest: Guest) -> None:
        self.label = label
        self.guest = guest
        self.stopped_ns = 0
        self.resumed_ns = 0
        self.probes: list[Probe] = []

    @property
    def recovery(self) -> Recovery:
        return analyse(self.probes, self.resumed_ns)

    def suspend(self) -> None:
        since = self.guest.qmp.count()
        self.guest.domain.suspend()
        self.stopped_ns = self.guest.qmp.wait_for("STOP", since, EVENT_SEC).wall_ns

    def resume(self) -> None:
        since = self.guest.qmp.count()
        self.guest.domain.resume()
        self.resumed_ns = self.guest.qmp.wait_for("RESUME", since, EVENT_SEC).wall_ns

    def show_before(self) -> str:
        before = [p for p in self.probes if p.read_ns < self.stopped_ns]
        return format_late(before[-1] if before else None)

    def show_first(self) -> str:
        """The first reading begun after the guest ran again, and when it was there."""
        later = [p for p in self.probes if p.sent_ns >= self.resumed_ns]
        if not later:
            return "-"
        return f"{format_late(later[0])} at +{format_span(later[0].read_ns - self.resumed_ns)}"

    def show_right(self) -> str:
        exposure_ns = self.recovery.exposure_ns
        return "never" if exposure_ns is None else f"+{format_span(exposure_ns)}"

    def show_at(self, moment_sec: float) -> str:
        """The first reading begun after the moment."""
        wall_ns = self.resumed_ns + int(moment_sec * 1e9)
        later = [p for p in self.probes if p.sent_ns >= wall_ns]
        if not later or later[0].sent_ns - wall_ns > NEAR_SEC * 1e9:
            return "-"
        return format_late(later[0])


def watch_pause(subjects: list[Subject], pause_sec: float, output_dir: Path) -> None:
    samplers = [s.guest.start_sampler(output_dir / f"{s.label.replace(' ', '-')}.csv")
                for s in subjects]
    try:
        time.sleep(BEFORE_SEC)
        for subject in subjects:
            subject.suspend()
        say(f"both guests stand still for {pause_sec:.0f} s ...")
        time.sleep(pause_sec)
        for subject in subjects:
            subject.resume()
        say("both guests run again")
        time.sleep(AFTER_SEC)
    finally:
        for subject, sampler in zip(subjects, samplers):
            subject.probes = sampler.stop()


def print_time_line(subjects: list[Subject]) -> None:
    def say_row(name: str, show: Callable[[Subject], str]) -> None:
        say(f"{name:20}" + "".join(f"{show(subject):42}" for subject in subjects).rstrip())

    say_row("", lambda subject: subject.label)
    say_row("before the pause", Subject.show_before)
    say_row("first reading", Subject.show_first)
    for moment_sec, label in MOMENTS:
        say_row(label, lambda subject, at_sec=moment_sec: subject.show_at(at_sec))
    say_row("first shown right", Subject.show_right)


def print_both_sides(guest: Guest, hostd: Hostd) -> None:
    say("\n$ virt-timectl tracking          (in the guest)")
    say(guest.shell.check("virt-timectl tracking").rstrip())
    say("\n$ virt-timectl guests            (on the host)")
    say(hostd.print_guests().rstrip())


def draw(subjects: list[Subject], kind: str, pause_sec: float, target: Path) -> None:
    colours = ("#0969da", "#cf222e")
    series = [Series(s.label, colour, s.resumed_ns, s.probes)
              for s, colour in zip(subjects, colours)]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(draw_curve(f"A guest's clock after a pause of {pause_sec:.0f} s",
                                 f"measured from the host, 500 readings a second, {kind}",
                                 series), encoding="utf-8")
    say(f"\nrecovery curve: {target}")


def run(rig: Rig, pause_sec: float, picture: Path) -> int:
    hostd = rig.start_hostd()
    say("booting a guest with virt-time and one without ...")
    without = Subject("without virt-time", rig.boot_guest("plain", has_link=False))
    subject = Subject("with virt-time", rig.boot_guest("agent", has_link=True))
    subject.guest.start_agent()
    subject.guest.wait_in_step(IN_STEP_SEC)
    # Fair play: the other one starts with a right clock, as from an RTC read to the microsecond.
    without.guest.set_right()
    both = [subject, without]
    for one in both:
        probes = one.guest.sample(0.3)
        say(f"{one.label:20} {format_late(probes[-1] if probes else None)}")
    say()
    watch_pause(both, pause_sec, rig.output_dir)
    say()
    print_time_line(both)
    print_both_sides(subject.guest, hostd)
    draw(both, "KVM" if rig.has_kvm else "QEMU's emulation", pause_sec, picture)
    recovery = subject.recovery
    if recovery.exposure_ns is None or recovery.residual is None:
        say("\nThe guest with virt-time was NOT put right.")
        return 1
    say(f"\nWith virt-time the clock was right again {format_span(recovery.exposure_ns)} after "
        f"the guest ran\n({format_span(recovery.residual.size_ns)} +- "
        f"{format_span(recovery.residual.error_ns)} left; a program that only waits in the "
        f"guest answered after {format_span(recovery.echo_ns or 0)}).")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools/demo", description=__doc__)
    parser.add_argument("--pause", type=float, default=30, metavar="SECONDS")
    parser.add_argument("--picture", type=Path, metavar="FILE",
                        help="where the recovery curve goes (default: the build folder)")
    options = parser.parse_args()
    layout = Layout.from_environment()
    output_dir = layout.build_dir / "demo"
    try:
        with Rig(layout, output_dir) as rig:
            return run(rig, options.pause, options.picture or output_dir / "recovery.svg")
    except (RigError, TimeoutError) as error:
        print(f"tools/demo: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("tools/demo: interrupted", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
