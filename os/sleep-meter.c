/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "os/sleep-meter.h"

/* No sleep is shorter; what is read is never more than was slept. */
#define LEAST_SLEEP_NS VT_NS_PER_MS

/* A program that is held up between its two readings reads too little: hardly three times. */
#define N_READINGS 3

static VtNs
read_carefully(VtClock *clock)
{
    VtNs slept_ns = vt_clock_read_slept(clock);
    for (int i = 1; i < N_READINGS; i++)
        slept_ns = vt_ns_max(slept_ns, vt_clock_read_slept(clock));
    return slept_ns;
}

void
vt_sleep_meter_init(VtSleepMeter *meter, VtClock *clock)
{
    meter->slept_ns = read_carefully(clock);
}

VtNs
vt_sleep_meter_take(VtSleepMeter *meter, VtClock *clock)
{
    VtNs before_ns = meter->slept_ns;
    meter->slept_ns = vt_ns_max(before_ns, vt_clock_read_slept(clock));
    if (vt_ns_sub(meter->slept_ns, before_ns) < LEAST_SLEEP_NS)
        return 0;
    meter->slept_ns = vt_ns_max(meter->slept_ns, read_carefully(clock));
    return vt_ns_sub(meter->slept_ns, before_ns);
}
