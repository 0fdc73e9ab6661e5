/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/lean.h"

#include <math.h>

/* The path may become another one. */
#define MOST_THREES 64.0

/* Fewer lie on a line by chance. */
#define LEAST_THREES 12.0

/*
 * Less steep, and the other side waits, too. Where both wait alike the slope is 0 and its sigma
 * more than 0.05 for as many threes as are remembered: to look like this it would have to be off
 * by eight of them.
 */
#define LEAST_SLOPE 0.43
#define MOST_SLOPE  0.5
#define MOST_SIGMA  0.07

/* What was known is doubted only then. */
#define DOUBTED_SLOPE 0.35
#define DOUBTED_SIGMA 0.12

/* Threes that follow each other share two samples. */
#define OVERLAP 2.0

static VtLeanFit
fit(const VtLean *lean)
{
    if (lean->weight < LEAST_THREES || lean->delay_squares <= 0)
        return (VtLeanFit){ .sigma = MOST_SLOPE };
    double slope = lean->products / lean->delay_squares;
    double unexplained = fmax(lean->offset_squares - slope * lean->products, 0);
    double noise_variance = unexplained / lean->weight;
    return (VtLeanFit){
        .slope = fmax(-MOST_SLOPE, fmin(slope, MOST_SLOPE)),
        .sigma = sqrt(OVERLAP * noise_variance / lean->delay_squares),
        .noise_ns = sqrt(noise_variance),
    };
}

void
vt_lean_learn(VtLean *lean, double delay_ns, double offset_ns, double weight)
{
    double kept = 1 - 1 / MOST_THREES;
    lean->weight = kept * lean->weight + weight;
    lean->delay_squares = kept * lean->delay_squares + weight * delay_ns * delay_ns;
    lean->products = kept * lean->products + weight * delay_ns * offset_ns;
    lean->offset_squares = kept * lean->offset_squares + weight * offset_ns * offset_ns;

    VtLeanFit now = fit(lean);
    if (lean->is_known)
        lean->is_known = fabs(now.slope) >= DOUBTED_SLOPE && now.sigma <= DOUBTED_SIGMA;
    else
        lean->is_known = fabs(now.slope) >= LEAST_SLOPE && now.sigma <= MOST_SIGMA;
}

VtLeanFit
vt_lean_fit(const VtLean *lean)
{
    return lean->is_known ? fit(lean) : (VtLeanFit){ 0 };
}
