/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/agent/fake-vmclock.h"

#include <string.h>
#include <sys/eventfd.h>

#include <gio/gio.h>

/* A counter of 1 GHz: 2^64 / 10^9, rounded, and 8 bits more in the shift. */
#define PERIOD_SHIFT    8
#define PERIOD_FRAC_SEC UINT64_C(4722366482869)

static bool
map(void *instance, const char *path, VtVmclockMapping *ret_map, GError **error)
{
    FakeVmclock *vmclock = instance;
    if (vmclock->is_missing) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot map '%s'", path);
        return false;
    }
    *ret_map = (VtVmclockMapping){
        .bytes = (const uint8_t *)vmclock->words,
        .n_bytes = sizeof vmclock->words,
        .fd = vmclock->fd,
    };
    return true;
}

static bool
arm(void *instance, const VtVmclockMapping *mapping)
{
    FakeVmclock *vmclock = instance;
    eventfd_t n_changes;
    /* Nothing to take is as good. */
    (void)eventfd_read(mapping->fd, &n_changes);
    return vmclock->notifies;
}

static void
unmap(void *instance, VtVmclockMapping *mapping)
{
    (void)instance;
    mapping->fd = VT_FD_NONE;
}

const VtVmclockKernel fake_vmclock_kernel = { .map = map, .arm = arm, .unmap = unmap };

static uint64_t
read_counter(void *instance)
{
    FakeVmclock *vmclock = instance;
    if (vmclock->kernel == NULL)
        return vmclock->counter;
    return vmclock->counter + (uint64_t)(vmclock->kernel->raw.ns + vmclock->counter_ahead_ns);
}

static void
put(FakeVmclock *vmclock, size_t offset, size_t n_bytes, uint64_t value)
{
    uint8_t *bytes = (uint8_t *)vmclock->words;
    for (size_t i = 0; i < n_bytes; i++)
        bytes[offset + i] = (uint8_t)(value >> (8 * i));
}

static void
finish(FakeVmclock *vmclock)
{
    uint32_t *sequence = (uint32_t *)((uint8_t *)vmclock->words + VT_VMCLOCK_SEQUENCE_OFFSET);
    *sequence = GUINT32_TO_LE(GUINT32_FROM_LE(*sequence) + 2);
    if (vmclock->notifies)
        g_assert_cmpint(eventfd_write(vmclock->fd, 1), ==, 0);
}

void
fake_vmclock_init(FakeVmclock *vmclock, FakeKernel *kernel)
{
    *vmclock = (FakeVmclock){
        .kernel = kernel,
        .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
    };
    memcpy(vmclock->words, "VCLK", 4);
    put(vmclock, 0x04, 4, 0x1000);
    put(vmclock, 0x08, 2, 1);
    put(vmclock, 0x0a, 1, VT_VMCLOCK_COUNTER_NONE);
    put(vmclock, 0x10, 8, 1);
}

void
fake_vmclock_clear(FakeVmclock *vmclock)
{
    vt_fd_close(&vmclock->fd);
}

VtVmclockPlaces
fake_vmclock_get_places(FakeVmclock *vmclock)
{
    return (VtVmclockPlaces){
        .kernel = &fake_vmclock_kernel,
        .instance = vmclock,
        .counter = { .id = VT_VMCLOCK_COUNTER_X86_TSC,
                     .read = read_counter,
                     .instance = vmclock },
    };
}

void
fake_vmclock_set(FakeVmclock *vmclock, size_t offset, size_t n_bytes, uint64_t value)
{
    put(vmclock, offset, n_bytes, value);
    finish(vmclock);
}

void
fake_vmclock_set_time(FakeVmclock *vmclock, VtWall wall, VtNs error_ns)
{
    put(vmclock, 0x0a, 1, VT_VMCLOCK_COUNTER_X86_TSC);
    put(vmclock, 0x0b, 1, VT_VMCLOCK_TIME_UTC);
    put(vmclock, 0x18, 8, VT_VMCLOCK_TIME_MAXERROR_VALID | VT_VMCLOCK_PERIOD_MAXERROR_VALID);
    put(vmclock, 0x22, 1, VT_VMCLOCK_STATUS_SYNCHRONIZED);
    put(vmclock, 0x27, 1, PERIOD_SHIFT);
    put(vmclock, 0x28, 8, read_counter(vmclock));
    put(vmclock, 0x30, 8, PERIOD_FRAC_SEC);
    put(vmclock, 0x48, 8, (uint64_t)(wall.ns / VT_NS_PER_SEC));
    /* 2^64 / 10^9 of the nanoseconds, to some 10^-10 of them. */
    put(vmclock, 0x50, 8, (uint64_t)(wall.ns % VT_NS_PER_SEC) * UINT64_C(18446744073));
    put(vmclock, 0x60, 8, (uint64_t)error_ns);
    finish(vmclock);
}
