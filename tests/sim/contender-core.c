/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-time's own core, driven as the agent drives it, without hints. The agent has its guard:
 * an offset may be trimmed away as fast as a slew may be.
 */

#include "core/pipeline.h"
#include "core/reading-mean.h"
#include "tests/sim/contender.h"

#define MOST_TRIM_PPB 500000.0

static void *
make(VtNs tick_ns)
{
    (void)tick_ns;
    VtPipelineParams params = vt_pipeline_params_default();
    params.most_trim_ppb = MOST_TRIM_PPB;
    return vt_pipeline_new(&params);
}

static void
dispose(void *instance)
{
    vt_pipeline_free(instance);
}

static SimOrder
order_from_action(const VtAction *action)
{
    return (SimOrder){
        .set_frequency = action->set_rate,
        .frequency_ppb = action->rate_ppb,
        .trim_ppb = action->trim_ppb,
        .step = action->kind == VT_ACTION_STEP,
        .step_ns = action->offset_ns,
        .slew = action->kind == VT_ACTION_SLEW,
        .slew_ns = action->offset_ns,
        .read_now = action->measure_now,
        .read_after_ns = action->measure_after_ns,
        .wake_after_ns = action->wake_after_ns,
    };
}

static SimOrder
on_readings(void *instance, const VtReading *readings, unsigned n_readings, VtInstant now)
{
    VtReadingMean mean = { .n_readings = 0 };
    VtReading reading;
    for (unsigned i = 0; i < n_readings; i++)
        vt_reading_mean_add(&mean, &readings[i]);
    VtAction action = vt_reading_mean_get(&mean, &reading)
                          ? vt_pipeline_on_reading(instance, &reading, now)
                          : vt_pipeline_on_silence(instance, now);
    return order_from_action(&action);
}

static SimOrder
on_wake(void *instance, VtInstant now)
{
    VtAction action = vt_pipeline_on_silence(instance, now);
    return order_from_action(&action);
}

static SimAlarms
get_alarms(void *instance, VtInstant now)
{
    VtPipelineStatus status = vt_pipeline_get_status(instance, now);
    return (SimAlarms){
        .n_disruptions = status.n_disruptions,
        .n_rate_jumps = status.n_rate_jumps,
    };
}

const SimContender sim_contender_core = {
    .name = "virt-time",
    .make = make,
    .free = dispose,
    .on_readings = on_readings,
    .on_wake = on_wake,
    .get_alarms = get_alarms,
};
