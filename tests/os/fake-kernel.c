/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/os/fake-kernel.h"

#include <errno.h>
#include <math.h>
#include <sys/eventfd.h>

void
fake_kernel_init(FakeKernel *kernel, VtWall wall)
{
    *kernel = (FakeKernel){
        .wall = wall,
        .raw = { .ns = VT_NS_PER_SEC },
        .boot = { .ns = VT_NS_PER_SEC },
        .tick_us = 10000,
        .maxerror_us = 16000000,
        .status = STA_UNSYNC,
        .may_set = true,
    };
}

static void
begin_second(FakeKernel *kernel)
{
    long part_us = CLAMP(kernel->slew_us, -500, 500);
    kernel->slewing_us = part_us;
    kernel->slew_us -= part_us;
}

static void
pass_within_second(FakeKernel *kernel, VtNs span_ns)
{
    double rate = (double)(kernel->tick_us - 10000) * 1e-4 +
                  (double)kernel->frequency_scaled / 65536.0 * 1e-6 +
                  (double)kernel->slewing_us * 1e-6;
    VtNs extra_ns = (VtNs)llround((double)span_ns * rate);

    kernel->wall = vt_wall_add(kernel->wall, span_ns + extra_ns);
    kernel->raw = vt_mono_add(kernel->raw, span_ns);
    kernel->boot = vt_mono_add(kernel->boot, span_ns + extra_ns);
}

void
fake_kernel_pass(FakeKernel *kernel, VtNs span_ns)
{
    while (span_ns > 0) {
        VtNs to_second_ns = VT_NS_PER_SEC - kernel->raw.ns % VT_NS_PER_SEC;
        VtNs part_ns = MIN(span_ns, to_second_ns);
        pass_within_second(kernel, part_ns);
        span_ns -= part_ns;
        if (part_ns == to_second_ns) {
            kernel->maxerror_us = MIN(kernel->maxerror_us + 500, 16000000);
            begin_second(kernel);
        }
    }
}

static void
get_time(void *instance, clockid_t clock_id, struct timespec *ret_at)
{
    FakeKernel *kernel = instance;
    if (kernel->read_cost_ns > 0)
        fake_kernel_pass(kernel, kernel->read_cost_ns);
    switch (clock_id) {
    case CLOCK_REALTIME:
        *ret_at = vt_ns_to_timespec(kernel->wall.ns);
        return;
    case CLOCK_MONOTONIC_RAW:
        *ret_at = vt_ns_to_timespec(kernel->raw.ns);
        return;
    case CLOCK_BOOTTIME:
        *ret_at = vt_ns_to_timespec(kernel->boot.ns);
        return;
    case CLOCK_MONOTONIC:
        *ret_at = vt_ns_to_timespec(kernel->boot.ns - kernel->slept_ns);
        return;
    default:
        g_assert_not_reached();
    }
}

static VtFd
arm_set_watch(void *instance, GError **error)
{
    FakeKernel *kernel = instance;
    (void)error;
    kernel->set_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    kernel->tells_sets = kernel->set_fd >= 0;
    return kernel->set_fd;
}

static bool
take_set(void *instance, VtFd fd)
{
    eventfd_t n_sets;
    (void)instance;
    return eventfd_read(fd, &n_sets) == 0;
}

const VtSetWatchKernel fake_kernel_set_watch = {
    .arm = arm_set_watch,
    .take = take_set,
};

bool
fake_kernel_look_for_leap(FakeKernel *kernel)
{
    int armed = kernel->status & (STA_INS | STA_DEL);
    if (armed == 0)
        kernel->leap_state = TIME_OK;
    else if (kernel->leap_state == TIME_OK) {
        kernel->leap_state = armed == STA_INS ? TIME_INS : TIME_DEL;
        kernel->leap_known = true;
    }
    return kernel->leap_state != TIME_OK && kernel->leap_known;
}

static void
note_set(FakeKernel *kernel)
{
    if (kernel->tells_sets)
        g_assert_cmpint(eventfd_write(kernel->set_fd, 1), ==, 0);
}

void
fake_kernel_set_by_other(FakeKernel *kernel, VtNs offset_ns)
{
    kernel->wall = vt_wall_add(kernel->wall, offset_ns);
    note_set(kernel);
}

void
fake_kernel_sleep(FakeKernel *kernel, VtNs span_ns)
{
    kernel->boot = vt_mono_add(kernel->boot, span_ns);
    kernel->slept_ns += span_ns;
    fake_kernel_set_by_other(kernel, span_ns);
}

static void
report(const FakeKernel *kernel, struct timex *timex)
{
    timex->freq = kernel->frequency_scaled;
    timex->tick = kernel->tick_us;
    timex->status = kernel->status;
    timex->maxerror = kernel->maxerror_us;
    timex->esterror = kernel->maxerror_us;
    timex->tai = kernel->tai_offset_sec;
}

static int
step(FakeKernel *kernel, const struct timex *timex)
{
    bool is_nano = (timex->modes & ADJ_NANO) != 0;
    long limit = is_nano ? 1000000000 : 1000000;
    if (timex->time.tv_usec < 0 || timex->time.tv_usec >= limit)
        return -EINVAL;

    VtNs offset_ns =
        timex->time.tv_sec * VT_NS_PER_SEC + timex->time.tv_usec * (is_nano ? 1 : 1000);
    kernel->wall = vt_wall_add(kernel->wall, offset_ns);
    kernel->slew_us = 0;
    kernel->slewing_us = 0;
    kernel->maxerror_us = 16000000;
    kernel->status |= STA_UNSYNC;
    kernel->leap_known = false; /* ntp_clear; the state stays */
    kernel->n_steps += 1;
    return 0;
}

static int
slew_or_read_it(FakeKernel *kernel, struct timex *timex)
{
    long before_us = kernel->slew_us;
    if (timex->modes == ADJ_OFFSET_SINGLESHOT) {
        if (!kernel->may_set)
            return -EPERM;
        kernel->slew_us = timex->offset;
        kernel->n_slews += 1;
    }
    timex->offset = before_us;
    return TIME_OK;
}

static int
adjust(void *instance, struct timex *timex)
{
    FakeKernel *kernel = instance;
    if (timex->modes == ADJ_OFFSET_SINGLESHOT || timex->modes == ADJ_OFFSET_SS_READ)
        return slew_or_read_it(kernel, timex);
    if (timex->modes != 0 && !kernel->may_set)
        return -EPERM;

    if ((timex->modes & ADJ_SETOFFSET) != 0) {
        int result = step(kernel, timex);
        if (result < 0)
            return result;
        note_set(kernel);
    }
    if ((timex->modes & ADJ_TAI) != 0)
        kernel->tai_offset_sec = (int)timex->constant;
    if ((timex->modes & (ADJ_STATUS | ADJ_MAXERROR | ADJ_FREQUENCY | ADJ_TICK)) != 0)
        kernel->n_settings += 1;
    if ((timex->modes & ADJ_NANO) != 0)
        kernel->status |= STA_NANO;
    if ((timex->modes & ADJ_MICRO) != 0)
        kernel->status &= ~STA_NANO;
    bool leaves_pll = (kernel->status & STA_PLL) != 0 && (timex->status & STA_PLL) == 0;
    if ((timex->modes & ADJ_STATUS) != 0 && leaves_pll) {
        kernel->leap_state = TIME_OK;
        kernel->leap_known = false;
    }
    if ((timex->modes & ADJ_STATUS) != 0)
        kernel->status = (kernel->status & STA_RONLY) | (timex->status & ~STA_RONLY);
    if ((timex->modes & ADJ_MAXERROR) != 0)
        kernel->maxerror_us = timex->maxerror;
    if ((timex->modes & ADJ_FREQUENCY) != 0)
        kernel->frequency_scaled = CLAMP(timex->freq, -32768000, 32768000);
    if ((timex->modes & ADJ_TICK) != 0) {
        if (timex->tick < 9000 || timex->tick > 11000)
            return -EINVAL;
        kernel->tick_us = timex->tick;
    }
    report(kernel, timex);
    return (kernel->status & STA_UNSYNC) != 0 ? TIME_ERROR : TIME_OK;
}

const VtClockKernel fake_kernel = {
    .get_time = get_time,
    .adjust = adjust,
};
