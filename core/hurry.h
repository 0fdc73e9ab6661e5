/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How soon the next reading is wanted. At rest the tick is soon enough. A suspicion is worth four
 * readings at once, and as long as it is open, or a new rate is being learnt, eight a second for
 * six seconds: no reference that is asked that seldom minds, and no oscillator needs longer.
 */
#pragma once

#include <stdbool.h>

#include "base/units.h"

#define VT_HURRY_INTERVAL_NS (125 * VT_NS_PER_MS)

typedef struct {
    bool is_on;
    VtMono raw_until;
    VtMono raw_rest_until; /* a suspicion before this gets nothing new */
    unsigned n_at_once;    /* still to be asked for */
} VtHurry;

/* A zeroed VtHurry is a fresh one: at rest. */

/* Something may have happened: a few readings at once. A second suspicion soon after is none. */
void vt_hurry_suspect(VtHurry *hurry, VtMono raw_now);

/* The rate is being learnt for @span_ns from @raw_now on. */
void vt_hurry_learn(VtHurry *hurry, VtNs span_ns, VtMono raw_now);

/* All is known that was to be found out. */
void vt_hurry_end(VtHurry *hurry);

/* The same at once, after a reading or two: the next suspicion gets as much as a first one. */
void vt_hurry_cancel(VtHurry *hurry, VtMono raw_now);

/* It ends by itself. */
bool vt_hurry_is_on(VtHurry *hurry, VtMono raw_now);

/* How long from @raw_now; 0: at once; VT_NS_MAX: the tick will do. Counts what it grants. */
VtNs vt_hurry_get_wait(VtHurry *hurry, VtMono raw_now);
