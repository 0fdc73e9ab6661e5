/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel counts time by another counter than before: somebody switched it, or the kernel
 * found the old one to be unstable. The clock goes on, but the kernel has forgotten that it was
 * synchronised, and the rate may be another. A weak hint, noticed at the tick.
 */
#pragma once

#include "agent/hints/hint.h"

#define VT_CLOCKSOURCE_PATH "/sys/devices/system/clocksource/clocksource0/current_clocksource"

/* @path is copied. Cleared with vt_hint_source_clear. */
VtHintSource vt_hint_clocksource_new(const char *path, VtHintFunc on_hint, void *user_data);
