/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the delays seen so far tell about one sample. The asymmetry of an exchange is at most
 * what its delay has above the least one, so (delay - least) / 2 is how far the sample can be
 * off; a steady asymmetry of the least path itself shows nowhere and is in the sample's own
 * error bound. The least delay is forgotten slowly, so that a path that became longer is
 * believed after a few hundred samples.
 */
#pragma once

#include <stdbool.h>

#include "core/sample.h"

typedef struct {
    VtNs window_least_ns;   /* of the samples of the present window */
    VtNs previous_least_ns; /* of the window before */
    unsigned n_in_window;
    unsigned n_samples; /* of all, up to a limit */
    double mean_excess_ns;
} VtDelay;

/* How far one sample may be off, the steady asymmetry left out. */
typedef struct {
    VtNs half_width_ns; /* at most */
    double sigma_ns;    /* in the mean square */
} VtDoubt;

/* A zeroed VtDelay is a fresh one. */
void vt_delay_learn(VtDelay *delay, const VtSample *sample);

/* Zero while too little is known to say what a good delay would be. */
VtNs vt_delay_get_least(const VtDelay *delay);

/* Of @sample, which must have been learnt from before. */
VtDoubt vt_delay_judge(const VtDelay *delay, const VtSample *sample);
