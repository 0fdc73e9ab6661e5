/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PTP clocks that umockdev puts before this process, answered by the test: each has its own way
 * to fail, and shows the time of a FakeKernel's raw oscillator. Must run under umockdev-wrapper.
 */
#pragma once

#include <umockdev.h>

#include "tests/os/fake-kernel.h"

typedef struct {
    UMockdevTestbed *testbed; /* borrowed */
    FakeKernel *kernel;
    char *name;    /* "ptp0" */
    char *syspath; /* in /sys */
    UMockdevIoctlBase *handler;
    VtWall wall_at_start; /* of the guest, when the fake began */
    VtMono raw_at_start;
    VtNs ahead_ns;   /* its clock minus what the guest's would show had nobody set it */
    VtNs bracket_ns; /* between two looks of the driver; 0: 2 us */
    bool lacks_raw;  /* a precise reading then is against REALTIME alone */
    int precise_errno;
    int extended_errno;
    int plain_errno;
    unsigned n_to_interrupt; /* of the calls that come */
    bool is_garbage;
    VtNs set_inside_ns; /* somebody sets the clock in the middle of a reading by so much */
    unsigned n_precise;
    unsigned n_extended;
    unsigned n_plain;
} FakePtp;

/* Plugs it in; udev tells. */
void fake_ptp_init(FakePtp *ptp,
                   UMockdevTestbed *testbed,
                   FakeKernel *kernel,
                   const char *name,
                   const char *clock_name);
void fake_ptp_clear(FakePtp *ptp);

/* What udev tells; the node stays, and what is read from it is as the errno fields say. */
void fake_ptp_unplug(FakePtp *ptp);
void fake_ptp_plug_again(FakePtp *ptp);

/* Every way to read it fails so. */
void fake_ptp_fail(FakePtp *ptp, int error_number);
