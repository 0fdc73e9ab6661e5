/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Has the oscillator changed? A windowed likelihood-ratio test: beside the filter, which takes it
 * that nothing has happened, two others run from the last sample that fitted. One takes it that
 * the rate jumped at some instant since, the other that the phase did. When one of them makes
 * the samples since then so much likelier that chance would do it less often than the false-alarm
 * rate, it has won; but only if the intervals of two of them at least excluded what the filter
 * predicted: samples that are late one after the other on the same side, as behind a queue that
 * builds up, look like another rate, but stay within their intervals. Noise that is bounded, as
 * that of an exchange is by its delay, triggers less often than the normal noise this is computed
 * for; but what the least delay has above the true minimum is common to all samples, and makes one
 * odd that is as quick as the least.
 */
#pragma once

#include "core/filter.h"

/*
 * Of how many samples of steady noise one would be taken for a jump, were it normal noise. It
 * is not quite, see above: to have less than one false alarm in a year of ticks it takes some
 * powers of ten more than the one in 3e7 that a year has, and a jump is hardly seen later for
 * that.
 */
#define VT_JUMP_FALSE_ALARM 1e-12

typedef enum {
    VT_JUMP_NONE,
    VT_JUMP_PHASE,
    VT_JUMP_RATE,
} VtJump;

typedef struct {
    bool is_running;
    bool is_won;        /* the filter follows the better of the two from sample to sample */
    VtJump named;       /* and it was told which of them it is */
    bool is_suspicious; /* its first sample was excluded by its interval */
    unsigned n_samples;
    unsigned n_excluded; /* of them: what the filter predicted lay outside of their intervals */
    VtMono raw_begun_at;
    VtKalman rate;
    VtKalman phase;
    double rate_lead; /* logarithm of the likelihood ratio against the filter */
    double phase_lead;
} VtJumpTest;

/* A zeroed VtJumpTest is a fresh one. */

/*
 * Begins at @sample, which the filter has not taken in yet and, if @is_suspicious, does not fit.
 * @prior is added to the lead of a rate jump, when something else makes it likely.
 */
void vt_jump_test_begin(VtJumpTest *test,
                        const VtFilter *filter,
                        const VtSample *sample,
                        double prior);

/* @sample, which the filter has just taken in and found @likelihood. */
void vt_jump_test_update(VtJumpTest *test,
                         const VtSample *sample,
                         const VtDoubt *doubt,
                         double likelihood);

/* The sample taken last was excluded. */
void vt_jump_test_note_exclusion(VtJumpTest *test);

/* How much likelier a jump makes the samples: the logarithm, of the better of the two. */
double vt_jump_test_get_lead(const VtJumpTest *test);

/* Whether that is beyond chance, and not by a single sample. */
bool vt_jump_test_is_beyond_chance(const VtJumpTest *test);

/*
 * Of a test that has won: @filter goes on from the likelier one. Which it was is returned once,
 * when there is no doubt, and once more if it was the other. The test ends with its window.
 */
VtJump vt_jump_test_follow(VtJumpTest *test, VtFilter *filter);

/* The odds have turned against a jump, or never were for one. */
bool vt_jump_test_is_refuted(const VtJumpTest *test);

/* A jump has won, and it is clear which of the two it was. */
bool vt_jump_test_is_clear(const VtJumpTest *test);

void vt_jump_test_end(VtJumpTest *test);
