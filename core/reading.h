/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bracketed reading of a reference clock: what the local clocks showed before and after, and
 * what the reference showed in between. Providers make them; this file checks that one can be
 * believed at all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

typedef struct {
    VtInstant sent;               /* local clocks just before the reference was asked (T1) */
    VtInstant received;           /* and just after it had answered (T4) */
    VtWall reference_received_at; /* T2; a clock read in one instant has T2 = T3 */
    VtWall reference_sent_at;     /* T3 */
    VtNs precision_ns;            /* of the reference, at least 1 */
    VtNs root_delay_ns;           /* of the reference itself */
    VtNs root_dispersion_ns;
    bool reference_synchronised; /* false: a stopwatch, not a clock (leap 3) */
    uint8_t stratum;
    uint8_t leap; /* announced: 0 none, 1 insert, 2 delete */
    /* So many readings must agree before the clock is stepped; 0 and 1: each on its own. */
    unsigned n_to_step;
    VtNs lost_after_ns; /* without another for so long this reference is lost; 0: as before */
    bool is_least;      /* true time is at least that, and less than a second more */
} VtReading;

typedef enum {
    VT_READING_OK,
    VT_READING_DISORDER,    /* an end before its beginning, on any scale */
    VT_READING_CLOCK_SET,   /* REALTIME and RAW disagree on the bracket: set inside it */
    VT_READING_TOO_LONG,    /* bracket of 1 s and more says nothing worth having */
    VT_READING_STOOD_STILL, /* the reference took longer than the whole bracket */
    VT_READING_N_CHECKS,
} VtReadingCheck;

VtReadingCheck vt_reading_check(const VtReading *reading);
