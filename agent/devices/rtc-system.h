/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The RTC as the kernel's driver gives it. An interrupt that the kernel only imitates by an HPET
 * counts as none.
 */
#pragma once

#include <stdbool.h>

#include "agent/devices/rtc.h"

/* Its instance is NULL. */
extern const VtRtcKernel vt_rtc_system;

/* @text is that of /proc/driver/rtc. */
bool vt_rtc_system_names_hpet(const char *text);
