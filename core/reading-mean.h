/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Several readings of a clock that costs next to nothing to read, taken in one go, as one:
 * their noise is averaged out before anything else is done with them. Those that took more than
 * twice as long as the quickest were disturbed, and count for nothing. Nor do those that were
 * taken before a pause of this machine: it looks like a jump of the reference, and the mean of
 * both would be a time that never was.
 */
#pragma once

#include "core/reading.h"

#define VT_READING_MEAN_MOST 8

/* A zeroed one is empty. */
typedef struct {
    VtReading readings[VT_READING_MEAN_MOST];
    unsigned n_readings;
} VtReadingMean;

/* Of a reading that passes no check, and of one too many, nothing is kept. */
void vt_reading_mean_add(VtReadingMean *mean, const VtReading *reading);

/*
 * False if it is empty. The reading is that of the quickest, moved by the mean offset; its bracket
 * is as wide as theirs in the mean, so that half of it bounds the error as before.
 */
bool vt_reading_mean_get(const VtReadingMean *mean, VtReading *ret_reading);
