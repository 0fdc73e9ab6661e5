/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A Kalman filter of two states: the offset of the reference against MONOTONIC_RAW and its rate.
 * The rate is a random walk of a given strength. RAW is touched by no correction, so the filter
 * need not know of steps and slews. Offsets are kept as an integer and a small remainder: they
 * are about 1.8e18 ns, where a double has steps of 256 ns.
 */
#pragma once

#include <stdbool.h>

#include "core/delay.h"
#include "core/sample.h"

/*
 * Quartz is within 100 ppm of what it should be, a processor's counter within some hundreds of what
 * it was measured to be; the kernel can make up for this much. Samples that say more say it of
 * something else.
 */
#define VT_KALMAN_MOST_RATE_PPB 500000.0

typedef struct {
    bool has_phase; /* else only the rate means anything */
    VtMono raw_at;
    VtNs raw_offset_ns;     /* whole part, reference - MONOTONIC_RAW */
    double remainder_ns;    /* to be added */
    double rate_ppb;        /* reference against RAW; ppb are ns per s */
    double phase_variance;  /* ns^2 */
    double covariance;      /* ns ppb */
    double rate_variance;   /* ppb^2 */
    double wander_variance; /* of the random walk, ppb^2 per s */
} VtKalman;

/* What is added to the doubts: something has happened. */
typedef struct {
    double phase_variance; /* ns^2 */
    double covariance;     /* ns ppb */
    double rate_variance;  /* ppb^2 */
} VtKalmanDoubt;

void vt_kalman_advance(VtKalman *kalman, VtMono raw_at);

/*
 * Takes @sample in, which must not be older than the last one. Returns the logarithm of how
 * likely it was, short of a constant. The first one gives the phase, and 0. The rate stays within
 * VT_KALMAN_MOST_RATE_PPB, and the phase goes with it.
 */
double vt_kalman_update(VtKalman *kalman, const VtSample *sample, const VtDoubt *doubt);

/* Takes the phase from @sample alone and keeps the rate. */
void vt_kalman_reset_phase(VtKalman *kalman, const VtSample *sample, const VtDoubt *doubt);

void vt_kalman_reopen(VtKalman *kalman, const VtKalmanDoubt *doubt);

/* The scale of what is measured against was moved. */
void vt_kalman_shift(VtKalman *kalman, VtNs shift_ns);
