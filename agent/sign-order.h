/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which signs of a disruption came, in which order and by how much: for the journal and the log.
 * Noting one costs next to nothing; words are made when there is time for them. Pure: instants
 * are arguments.
 */
#pragma once

#include "base/units.h"

#define VT_SIGN_ORDER_MOST 8

typedef struct {
    const char *name; /* a literal */
    VtNs since_ns;    /* the first sign of the event */
} VtSign;

/* Zero-initialised. */
typedef struct {
    VtSign signs[VT_SIGN_ORDER_MOST]; /* since the last end; of one name the first alone */
    unsigned n_signs;
    unsigned n_logged;      /* of these */
    const char *first_name; /* of the event, which may have ended; NULL: none yet */
    VtMono raw_first_at;
} VtSignOrder;

/* Notes the sign @name, seen at @raw_now. Ten seconds after the first begins another event. */
void vt_sign_order_add(VtSignOrder *order, const char *name, VtMono raw_now);

/*
 * What came since the last end, "notice, clock-set +1.2 ms", and ends it. Empty for nothing.
 * Transfer full.
 */
char *vt_sign_order_take(VtSignOrder *order);

/* Writes what was not written or taken yet to the log. */
void vt_sign_order_log(VtSignOrder *order);

/* What came turned out to be nothing; it is logged. */
void vt_sign_order_end(VtSignOrder *order);
