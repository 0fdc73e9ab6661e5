/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a path's samples lean with their delays. What a request waits for makes the reference look
 * ahead by half of it, what a reply waits for makes it look behind by as much. Where both happen
 * alike nothing can be told from that; a guest that has to be woken for each reply gets replies
 * late and requests never, so that what a delay has above the least one is known to lie on that
 * side. It is learnt from threes of samples, by what the middle of a straight line would have
 * been: neither the clock's offset nor its rate is in that.
 */
#pragma once

#include <stdbool.h>

/* Zeroed is fresh. Sums over the threes, of which older ones count less. */
typedef struct {
    double weight;
    double delay_squares;  /* ns^2 */
    double products;       /* of delay and offset, ns^2 */
    double offset_squares; /* ns^2 */
    bool is_known;         /* one side is nearly alone in waiting, beyond chance */
} VtLean;

/* What is known of it. */
typedef struct {
    double slope;    /* of offset over delay: -0.5, replies alone wait, to 0.5, requests do */
    double sigma;    /* of the slope */
    double noise_ns; /* of an offset once it is set upright, one sigma */
} VtLeanFit;

/*
 * The second differences of three samples, each over its own share: as if of one. @weight, up to 1:
 * what they are worth.
 */
void vt_lean_learn(VtLean *lean, double delay_ns, double offset_ns, double weight);

/* All zero unless it is known. */
VtLeanFit vt_lean_fit(const VtLean *lean);
