/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A clock that does not know the time may still know how much of it has passed. While the local
 * clock is right, what the other one is ahead of true time is remembered; when the local clock
 * has stood still, a reading of the other one, less that, says at once where it ought to be.
 */
#pragma once

#include <stdbool.h>

#include "core/reading.h"
#include "core/sample.h"

typedef struct {
    bool is_known;
    VtNs ahead_ns;     /* stopwatch - true time */
    VtNs error_ns;     /* of that */
    VtWall learned_at; /* by the stopwatch: ours may stand still */
} VtStopwatch;

/*
 * @reading, of the stopwatch, was taken while the local clock was off true time by @offset_ns
 * (true time - REALTIME) +- @error_ns. What is known better is kept.
 */
void vt_stopwatch_learn(VtStopwatch *stopwatch,
                        const VtReading *reading,
                        VtNs offset_ns,
                        VtNs error_ns);

/* It was set, or is another one: nothing is known any more. */
void vt_stopwatch_forget(VtStopwatch *stopwatch);

/*
 * @reading as one of true time, whose doubt grows with what has passed since it was learned.
 * False if nothing is known.
 */
bool vt_stopwatch_correct(const VtStopwatch *stopwatch,
                          const VtReading *reading,
                          VtReading *ret_reading);
