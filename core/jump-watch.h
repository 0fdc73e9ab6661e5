/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Always has a test for a jump under way, begins a fresh one when a sample does not fit, and
 * lets two of them run beside each other: one that began at a doubtful sample a while ago must
 * not keep the true jump from being seen, and one that has won may have been mistaken.
 */
#pragma once

#include "core/jump-test.h"

#define VT_JUMP_WATCH_TESTS 2

typedef struct {
    VtJumpTest tests[VT_JUMP_WATCH_TESTS];
    double prior;     /* of the next test to begin */
    unsigned n_taken; /* samples, up to a limit */
    bool has_named;
    VtMono raw_named_at; /* if so */
} VtJumpWatch;

typedef struct {
    VtJump jump;     /* named with this sample; what follows within seconds is the same one */
    bool has_won;    /* a test has, with this sample: the filter goes on from another state */
    bool is_refuted; /* what was suspected has come to nothing */
} VtJumpNews;

/* A zeroed VtJumpWatch is a fresh one. */

/* Takes @sample into @filter and into the tests; @is_excluded: its interval is off. */
VtJumpNews vt_jump_watch_take(VtJumpWatch *watch,
                              VtFilter *filter,
                              const VtSample *sample,
                              const VtDoubt *doubt,
                              bool is_excluded);

/* Ends what is under way; @prior is added to the lead of a rate jump in the next test. */
void vt_jump_watch_restart(VtJumpWatch *watch, double prior);

/* The reference's scale was moved, as in vt_filter_shift. */
void vt_jump_watch_shift(VtJumpWatch *watch, VtNs shift_ns);

/* Whether a jump has won and is still being learnt. */
bool vt_jump_watch_is_won(const VtJumpWatch *watch);
