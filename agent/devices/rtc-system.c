/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/devices/rtc-system.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <glib.h>

#include "base/error.h"

static VtFd
system_open(void *instance, const char *path, GError **error)
{
    (void)instance;
    VtFd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        (void)vt_error_set_errno(error, errno, "cannot open '%s'", path);
    return fd;
}

static bool
system_read_time(void *instance, VtFd fd, VtWall *ret_second, GError **error)
{
    struct rtc_time time = { 0 };
    (void)instance;
    if (ioctl(fd, RTC_RD_TIME, &time) < 0)
        return vt_error_set_errno(error, errno, "cannot read the RTC");
    struct tm date = {
        .tm_sec = time.tm_sec,
        .tm_min = time.tm_min,
        .tm_hour = time.tm_hour,
        .tm_mday = time.tm_mday,
        .tm_mon = time.tm_mon,
        .tm_year = time.tm_year,
    };
    *ret_second = (VtWall){ .ns = vt_ns_mul(timegm(&date), VT_NS_PER_SEC) };
    return true;
}

bool
vt_rtc_system_names_hpet(const char *text)
{
    const char *line = strstr(text, "HPET_emulated");
    return line != NULL && g_str_has_prefix(line + strcspn(line, ":\n"), ": yes");
}

/*
 * The kernel then looks at the RTC 64 times a second to find out whether there was an edge: its
 * interrupt comes up to 16 ms late, by something else after each pause, for the HPET stands
 * still in it. Where the driver's word is hidden, as in a container, any HPET that counts is
 * taken for it.
 */
static bool
is_made_by_hpet(void)
{
    g_autofree char *text = NULL;
    g_autofree char *clocksources = NULL;
    if (g_file_get_contents("/proc/driver/rtc", &text, NULL, NULL))
        return vt_rtc_system_names_hpet(text);
    return g_file_get_contents(
               "/sys/devices/system/clocksource/clocksource0/available_clocksource",
               &clocksources, NULL, NULL) &&
           strstr(clocksources, "hpet") != NULL;
}

static bool
system_arm(void *instance, VtFd fd, bool is_on)
{
    (void)instance;
    if (is_on && is_made_by_hpet())
        return false;
    return ioctl(fd, is_on ? RTC_UIE_ON : RTC_UIE_OFF, 0) >= 0;
}

static bool
system_take(void *instance, VtFd fd)
{
    unsigned long interrupts;
    (void)instance;
    return read(fd, &interrupts, sizeof interrupts) == sizeof interrupts &&
           (interrupts & RTC_UF) != 0;
}

const VtRtcKernel vt_rtc_system = {
    .open = system_open,
    .read_time = system_read_time,
    .arm = system_arm,
    .take = system_take,
};
