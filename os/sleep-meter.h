/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long this machine slept between two looks: CLOCK_BOOTTIME counts a sleep, CLOCK_MONOTONIC
 * does not. A pause by the hypervisor is none: both stand still.
 */
#pragma once

#include "os/clock.h"

typedef struct {
    VtNs slept_ns; /* since boot, as far as it is known */
} VtSleepMeter;

void vt_sleep_meter_init(VtSleepMeter *meter, VtClock *clock);

/* How long it slept since the last look; 0 if it did not, for all that can be told. */
VtNs vt_sleep_meter_take(VtSleepMeter *meter, VtClock *clock);
