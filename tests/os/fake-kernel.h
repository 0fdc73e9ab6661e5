/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel clock as Linux has it, as far as virt-time uses it: steps, single-shot slews that
 * begin at the next second, frequency and tick, status and maximum error. Time passes only
 * when the test says so.
 */
#pragma once

#include "os/clock.h"
#include "os/set-watch.h"

typedef struct {
    VtWall wall; /* REALTIME */
    VtMono raw;  /* MONOTONIC_RAW */
    VtMono boot;
    VtNs slept_ns; /* of boot; MONOTONIC has not counted it */
    long tick_us;
    long frequency_scaled;
    long slew_us;          /* single-shot offset not yet begun */
    long slewing_us;       /* being worked off during this second */
    VtNs slewing_until_ns; /* on raw, since the fake began */
    long maxerror_us;
    int status;
    int tai_offset_sec;
    int leap_state;  /* TIME_OK, or TIME_INS or TIME_DEL once the kernel saw it armed */
    bool leap_known; /* and when it comes */
    bool may_set;    /* false: EPERM on every change */
    unsigned n_steps;
    unsigned n_slews;
    unsigned n_settings; /* of rate, status or error */
    bool tells_sets;     /* fake_kernel_set_watch was armed */
    VtFd set_fd;         /* then: counts sets of the clock, until it is closed */
    VtNs read_cost_ns;   /* what one reading of a clock takes */
} FakeKernel;

extern const VtClockKernel fake_kernel;

/* Tells of steps by this program and by others; its instance is the FakeKernel. */
extern const VtSetWatchKernel fake_kernel_set_watch;

void fake_kernel_init(FakeKernel *kernel, VtWall wall);

/* Lets @span_ns of the raw oscillator's time pass; rate and slew carry REALTIME along. */
void fake_kernel_pass(FakeKernel *kernel, VtNs span_ns);

/*
 * What the kernel's second_overflow does once a second with a leap that is armed. True if it would
 * come at the end of this day.
 */
bool fake_kernel_look_for_leap(FakeKernel *kernel);

/* Somebody else moves REALTIME by @offset_ns. */
void fake_kernel_set_by_other(FakeKernel *kernel, VtNs offset_ns);

/* The machine sleeps for @span_ns and the kernel puts REALTIME right after it. */
void fake_kernel_sleep(FakeKernel *kernel, VtNs span_ns);
