/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nobody at all: what the oscillator does when it is left alone. */

#include "tests/sim/contender.h"

static void *
make(VtNs tick_ns)
{
    (void)tick_ns;
    return NULL;
}

static void
dispose(void *instance)
{
    (void)instance;
}

static SimOrder
on_readings(void *instance, const VtReading *readings, unsigned n_readings, VtInstant now)
{
    (void)instance;
    (void)readings;
    (void)n_readings;
    (void)now;
    return (SimOrder){ .read_now = false };
}

static SimOrder
on_wake(void *instance, VtInstant now)
{
    (void)instance;
    (void)now;
    return (SimOrder){ .read_now = false };
}

const SimContender sim_contender_free = {
    .name = "free",
    .make = make,
    .free = dispose,
    .on_readings = on_readings,
    .on_wake = on_wake,
};
