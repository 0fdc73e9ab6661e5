/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How good the samples of one reference are, learnt from themselves. The asymmetry of an
 * exchange is at most what its delay has above the least one, so (delay - least) / 2 is how far
 * the sample can be off; a steady asymmetry of the least path itself shows nowhere and is in the
 * sample's own error bound. The least delay is forgotten slowly, so that a path that became
 * longer is believed after a few hundred samples. Samples that are late in a row are late on the
 * same side, as behind a queue: they tell less than so many that have nothing to do with each
 * other. What is left when the delay is at its least is
 * a noise floor: three samples in a row would lie on a straight line without it.
 */
#pragma once

#include <stdbool.h>

#include "core/lean.h"
#include "core/sample.h"

/* A sample as the next ones see it. */
typedef struct {
    VtMono raw_at;
    VtNs raw_offset_ns;
    VtNs delay_ns;
    bool is_high;          /* its delay is beyond what is usual */
    double delay_variance; /* of its offset, ns^2: what the delay alone explains */
} VtDelayPoint;

typedef struct {
    VtNs window_least_ns;   /* of the samples of the present window */
    VtNs previous_least_ns; /* of the window before */
    unsigned n_in_window;
    unsigned n_for_least; /* that the least of both windows is of */
    unsigned n_samples;   /* of all, up to a limit */
    double mean_excess_ns;
    unsigned n_high;        /* samples in a row that are far above it, or nearly in a row */
    unsigned n_low;         /* samples in a row that are far below it */
    unsigned n_points;      /* of the two below */
    VtDelayPoint points[2]; /* the last one first */
    VtLean lean;
    unsigned n_long;    /* samples since one with a delay near the least */
    bool has_new_lean;  /* with the last sample it was found, or lost */
    VtNs least_fell_ns; /* or it was known, and the least delay fell by this; negative: rose */
    double floor_evidence; /* weighted sums: what was seen of the floor's variance, */
    double floor_weight;   /* and how much that is worth */
} VtDelay;

/* How far one sample may be off, the steady asymmetry left out. */
typedef struct {
    VtNs half_width_ns; /* at most */
    VtNs lean_ns;    /* of that its delay is to blame for so much: to be taken off its offset */
    double sigma_ns; /* in the mean square, what is left then */
} VtDoubt;

/* A zeroed VtDelay is a fresh one. */
void vt_delay_learn(VtDelay *delay, const VtSample *sample);

/* The clock has jumped: the samples before say nothing of the noise of those after. */
void vt_delay_break(VtDelay *delay);

/*
 * Where one side alone waits, all is hung on the least delay, and a guest that sleeps between two
 * readings may never see it: whether one more is wanted, right behind the last, that finds it
 * awake. At most one of so many readings is.
 */
bool vt_delay_take_wish(VtDelay *delay);

/* Zero while too little is known to say what a good delay would be. */
VtNs vt_delay_get_least(const VtDelay *delay);

/* Of @sample, which must have been learnt from before. */
VtDoubt vt_delay_judge(const VtDelay *delay, const VtSample *sample);

/* The same, if nobody knew on which side it waited. */
VtDoubt vt_delay_judge_plain(const VtDelay *delay, const VtSample *sample);

/* @sample as it would be without its lean; its error bound is what it was. */
VtSample vt_delay_set_upright(const VtSample *sample, const VtDoubt *doubt);
