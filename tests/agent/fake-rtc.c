/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/agent/fake-rtc.h"

#include <sys/eventfd.h>

#include "base/error.h"

static VtWall
get_shown(const FakeRtc *rtc)
{
    VtNs passed_ns = vt_mono_diff(rtc->kernel->raw, rtc->raw_at_start);
    return vt_wall_add(rtc->wall_at_start, passed_ns + rtc->paused_ns + rtc->set_ns);
}

static VtFd
open_rtc(void *instance, const char *path, GError **error)
{
    FakeRtc *rtc = instance;
    if (rtc->is_busy) {
        g_set_error(error, VT_ERROR, VT_ERROR_BUSY, "cannot open '%s': busy", path);
        return VT_FD_NONE;
    }
    rtc->n_opened += 1;
    rtc->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return rtc->fd;
}

static bool
read_time(void *instance, VtFd fd, VtWall *ret_second, GError **error)
{
    const FakeRtc *rtc = instance;
    (void)fd;
    (void)error;
    ret_second->ns = get_shown(rtc).ns / VT_NS_PER_SEC * VT_NS_PER_SEC;
    return true;
}

static bool
arm(void *instance, VtFd fd, bool is_on)
{
    FakeRtc *rtc = instance;
    (void)fd;
    rtc->is_armed = is_on && rtc->has_interrupt;
    return rtc->has_interrupt;
}

static bool
take(void *instance, VtFd fd)
{
    eventfd_t n_edges;
    (void)instance;
    return eventfd_read(fd, &n_edges) == 0;
}

const VtRtcKernel fake_rtc_kernel = {
    .open = open_rtc,
    .read_time = read_time,
    .arm = arm,
    .take = take,
};

void
fake_rtc_init(FakeRtc *rtc, FakeKernel *kernel, VtWall shown)
{
    *rtc = (FakeRtc){
        .kernel = kernel,
        .wall_at_start = shown,
        .raw_at_start = kernel->raw,
        .fd = VT_FD_NONE,
        .has_interrupt = true,
    };
}

VtRtcPlaces
fake_rtc_get_places(FakeRtc *rtc)
{
    return (VtRtcPlaces){ .kernel = &fake_rtc_kernel, .instance = rtc };
}

static void
interrupt(FakeRtc *rtc)
{
    if (rtc->is_armed)
        g_assert_cmpint(eventfd_write(rtc->fd, 1), ==, 0);
}

void
fake_rtc_pass_edge(FakeRtc *rtc, VtNs late_ns)
{
    VtNs to_edge_ns = VT_NS_PER_SEC - get_shown(rtc).ns % VT_NS_PER_SEC;
    fake_kernel_pass(rtc->kernel, to_edge_ns + late_ns);
    interrupt(rtc);
}

void
fake_rtc_pause(FakeRtc *rtc, VtNs span_ns)
{
    VtNs before_ns = get_shown(rtc).ns;
    rtc->paused_ns += span_ns;
    if (get_shown(rtc).ns / VT_NS_PER_SEC != before_ns / VT_NS_PER_SEC)
        interrupt(rtc);
}
