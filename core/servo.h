/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Chooses what the kernel clock is to do: hold or slew the phase, set the rate. Remembers what
 * it asked for, so that no error is corrected twice and a clock set by somebody else is
 * noticed. Each request is taken as carried out unless vt_servo_forget is called.
 *
 * Offsets are trimmed away by the rate: exact to the nanosecond, from this instant on. An agent
 * that dies leaves the trim behind, so without somebody who then ends it a trim is limited to
 * what does little harm, and what would take too long goes to the kernel as a slew that ends by
 * itself.
 */
#pragma once

#include <stdbool.h>

#include "core/action.h"
#include "core/filter.h"

typedef struct {
    double most_trim_ppb;  /* 0: offsets are slewed alone */
    bool has_rate;         /* false: what the kernel runs at is not ours */
    double rate_ppb;       /* trim included */
    double trim_ppb;       /* that the rate set last has in it; 0: none */
    VtMono raw_trim_until; /* when a trim that somebody must end is to end */
    double sigma_ns;       /* of the offset, in the last while */
    VtMono raw_sigma_at;
    double span_sec; /* from the estimate before to the last one, at most a tick */
    bool is_slewing;
    VtMono raw_slewed_at; /* when the slew has surely ended */
    bool has_seen;        /* the two below are set */
    VtInstant seen;       /* the clocks when last looked at */
    VtNs stepped_ns;      /* asked for since then */
} VtServo;

void vt_servo_init(VtServo *servo, double most_trim_ppb);

/* @estimate must be of @now. */
VtAction vt_servo_track(VtServo *servo, const VtEstimate *estimate, VtInstant now);

/* A step by the whole offset, and the rate if it is known. */
VtAction vt_servo_step(VtServo *servo, const VtEstimate *estimate, VtInstant now);

/*
 * By how much somebody else has moved REALTIME since the last call: what neither our requests
 * nor the greatest thinkable rate explain. Small moves cannot be told from slews and give 0.
 */
VtNs vt_servo_find_foreign_step(VtServo *servo, VtInstant now);

/* Nobody will end a trim: the rate alone. */
VtAction vt_servo_leave(VtServo *servo, const VtEstimate *estimate);

/* The clock is not to be corrected for now: takes a trim back that should have ended. */
VtAction vt_servo_rest(VtServo *servo, VtInstant now);

/* How soon a trim has to end that somebody must end; 0 if there is none. */
VtNs vt_servo_get_trim_left(const VtServo *servo, VtInstant now);

/* The last request was not carried out. */
void vt_servo_forget(VtServo *servo);
