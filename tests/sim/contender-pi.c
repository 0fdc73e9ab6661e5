/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A proportional-integral servo as linuxptp describes its own, with the constants that phc2sys
 * comes with, of the readings of a wake-up the one with the shortest bracket. The one departure:
 * it steps again from 10 ms up, as it has to be told for machines that are paused; left alone it
 * would never step after its start and need days for a pause of a minute.
 */
#include <math.h>

#include "core/sample.h"
#include "tests/sim/contender.h"

#define PROPORTIONAL         0.7
#define INTEGRAL             0.3
#define FIRST_STEP_NS        (20 * VT_NS_PER_US)
#define STEP_NS              (10 * VT_NS_PER_MS)
#define LEAST_ESTIMATION_SEC (0.016 / INTEGRAL)
#define LEAST_ESTIMATION_NS  ((VtNs)(LEAST_ESTIMATION_SEC * 1e9))

/* Ten per cent, as Linux takes them with the length of its tick. */
#define MOST_FREQUENCY_PPB 100e6

typedef enum {
    STATE_INVALID,
    STATE_UNLOCKED,   /* has seen nothing that counts */
    STATE_ESTIMATING, /* has one offset, and waits for a second to tell the frequency */
    STATE_LOCKED,
} State;

typedef struct {
    State state;
    bool has_stepped; /* the first step is past */
    VtSample first;
    double drift_ppb;
} PiServo;

static void *
make(VtNs tick_ns)
{
    (void)tick_ns;
    PiServo *servo = g_new0(PiServo, 1);
    servo->state = STATE_UNLOCKED;
    return servo;
}

static double
clamp_frequency(double frequency_ppb)
{
    return fmax(fmin(frequency_ppb, MOST_FREQUENCY_PPB), -MOST_FREQUENCY_PPB);
}

static SimOrder
estimate(PiServo *servo, const VtSample *sample)
{
    VtNs span_ns = vt_mono_diff(sample->raw_at, servo->first.raw_at);
    if (span_ns < LEAST_ESTIMATION_NS)
        return (SimOrder){ 0 };
    VtNs moved_ns = vt_ns_sub(sample->offset_ns, servo->first.offset_ns);
    servo->drift_ppb =
        clamp_frequency(servo->drift_ppb + (double)moved_ns / vt_ns_to_sec(span_ns));
    VtNs threshold_ns = servo->has_stepped ? STEP_NS : FIRST_STEP_NS;
    SimOrder order = {
        .set_frequency = true,
        .frequency_ppb = servo->drift_ppb,
        .step = vt_ns_abs(sample->offset_ns) > threshold_ns,
        .step_ns = sample->offset_ns,
    };
    servo->has_stepped = true;
    servo->state = STATE_LOCKED;
    return order;
}

static SimOrder
steer(PiServo *servo, const VtSample *sample)
{
    if (vt_ns_abs(sample->offset_ns) > STEP_NS) {
        servo->state = STATE_UNLOCKED;
        return (SimOrder){ .set_frequency = true, .frequency_ppb = servo->drift_ppb };
    }
    double offset_ns = (double)sample->offset_ns;
    double wanted_ppb = (PROPORTIONAL + INTEGRAL) * offset_ns + servo->drift_ppb;
    double frequency_ppb = clamp_frequency(wanted_ppb);
    /* At its limit it stops integrating. */
    if (fabs(wanted_ppb) <= MOST_FREQUENCY_PPB)
        servo->drift_ppb += INTEGRAL * offset_ns;
    return (SimOrder){
        .set_frequency = true,
        .frequency_ppb = frequency_ppb,
        .trim_ppb = frequency_ppb - servo->drift_ppb,
    };
}

static SimOrder
take(PiServo *servo, const VtSample *sample)
{
    switch (servo->state) {
    case STATE_UNLOCKED:
        servo->first = *sample;
        servo->state = STATE_ESTIMATING;
        return (SimOrder){ 0 };
    case STATE_ESTIMATING:
        return estimate(servo, sample);
    case STATE_LOCKED:
        return steer(servo, sample);
    case STATE_INVALID:
        break;
    }
    g_assert_not_reached();
}

static SimOrder
on_readings(void *instance, const VtReading *readings, unsigned n_readings, VtInstant now)
{
    (void)now;
    bool has_best = false;
    VtSample best; /* of this wake-up */
    for (unsigned i = 0; i < n_readings; i++) {
        if (vt_reading_check(&readings[i]) != VT_READING_OK)
            continue;
        VtSample sample = vt_sample_from_reading(&readings[i]);
        if (!has_best || sample.delay_ns < best.delay_ns)
            best = sample;
        has_best = true;
    }
    return has_best ? take(instance, &best) : (SimOrder){ 0 };
}

static SimOrder
on_wake(void *instance, VtInstant now)
{
    (void)instance;
    (void)now;
    return (SimOrder){ 0 };
}

const SimContender sim_contender_pi = {
    .name = "pi",
    .make = make,
    .free = g_free,
    .on_readings = on_readings,
    .on_wake = on_wake,
};
