/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hypervisor's vmclock page in memory, written as the specification wants it, and a processor
 * whose counter counts the nanoseconds of a FakeKernel's raw oscillator.
 */
#pragma once

#include "agent/devices/vmclock.h"
#include "tests/os/fake-kernel.h"

typedef struct {
    uint64_t words[VT_VMCLOCK_PAGE_BYTES / sizeof(uint64_t)];
    FakeKernel *kernel; /* NULL: the counter stands at counter */
    uint64_t counter;
    VtNs counter_ahead_ns; /* what the counter went on over pauses that RAW did not see */
    bool notifies;
    VtFd fd;         /* readable after a change, until armed again */
    bool is_missing; /* cannot be mapped */
} FakeVmclock;

extern const VtVmclockKernel fake_vmclock_kernel;

/* A page for its marker alone, as QEMU 10 has it; @kernel may be NULL. */
void fake_vmclock_init(FakeVmclock *vmclock, FakeKernel *kernel);
void fake_vmclock_clear(FakeVmclock *vmclock);
VtVmclockPlaces fake_vmclock_get_places(FakeVmclock *vmclock);

/* Writes @n_bytes of @value at @offset, little-endian, in one update; tells if it notifies. */
void fake_vmclock_set(FakeVmclock *vmclock, size_t offset, size_t n_bytes, uint64_t value);

/* From now on the page carries time: @wall at the counter's present value, good to @error_ns. */
void fake_vmclock_set_time(FakeVmclock *vmclock, VtWall wall, VtNs error_ns);
