/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An RTC on the host's clock: it shows the seconds of a clock that runs with a FakeKernel's raw
 * oscillator, and on through pauses. Its update interrupt comes when the test says so.
 */
#pragma once

#include "agent/devices/rtc.h"
#include "tests/os/fake-kernel.h"

typedef struct {
    FakeKernel *kernel;
    VtWall wall_at_start; /* what it shows, sub-second phase included */
    VtMono raw_at_start;
    VtNs paused_ns; /* of the host's time in which the guest stood still */
    VtNs set_ns;    /* what somebody wrote into it moved it by */
    VtFd fd;
    bool has_interrupt;
    bool is_armed;
    bool is_busy;
    unsigned n_opened;
} FakeRtc;

extern const VtRtcKernel fake_rtc_kernel;

void fake_rtc_init(FakeRtc *rtc, FakeKernel *kernel, VtWall shown);
VtRtcPlaces fake_rtc_get_places(FakeRtc *rtc);

/* Lets time pass until @late_ns after the next edge, and raises the interrupt if it is armed. */
void fake_rtc_pass_edge(FakeRtc *rtc, VtNs late_ns);

/* The guest stands still for @span_ns; the overdue interrupt waits for it. */
void fake_rtc_pause(FakeRtc *rtc, VtNs span_ns);
