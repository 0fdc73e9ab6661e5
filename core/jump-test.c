/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/jump-test.h"

#include <math.h>

/* What a migration changes the rate by, and what is left of a phase below a step. */
#define RATE_SIGMA_PPB 100000.0
#define PHASE_SIGMA_NS 300e3

/* A phase that jumps by less than a step is a rare thing among rates that do. */
#define PHASE_LEAD (-3.0)

/* From here on there is no doubt which of the two it was. */
#define CLEAR_LEAD 6.0

/* A window: a jump that has not shown after so many samples is none, or is wander. */
#define MOST_SAMPLES 64

/* One sample is not enough, however far it is off: a second one, begun after it, agrees. */
#define LEAST_SAMPLES 2

/* Nor is one that contradicts the prediction: a suspicion is confirmed by a second one. */
#define LEAST_EXCLUDED 2

/* Worse than this, and a fresh test from here on has the better chance. */
#define REFUTED_LEAD (-3.0)

void
vt_jump_test_end(VtJumpTest *test)
{
    *test = (VtJumpTest){ .is_running = false };
}

/*
 * A jump of the rate by d at an instant that may be any since the last sample, a time t ago, puts
 * the phase off by d u, u being uniform on 0 to t: the mean of u is t / 2, of its square t^2 / 3.
 */
void
vt_jump_test_begin(VtJumpTest *test,
                   const VtFilter *filter,
                   const VtSample *sample,
                   double prior)
{
    const VtKalman *now = vt_filter_get_best(filter);
    double span_sec = vt_ns_to_sec(vt_mono_diff(sample->raw_at, now->raw_at));
    const double rate_variance = RATE_SIGMA_PPB * RATE_SIGMA_PPB;
    VtKalmanDoubt rate = {
        .phase_variance = rate_variance * span_sec * span_sec / 3,
        .covariance = rate_variance * span_sec / 2,
        .rate_variance = rate_variance,
    };
    VtKalmanDoubt phase = { .phase_variance = PHASE_SIGMA_NS * PHASE_SIGMA_NS };

    *test = (VtJumpTest){
        .is_running = true,
        .raw_begun_at = sample->raw_at,
        .rate = *now,
        .phase = *now,
        .rate_lead = prior,
        .phase_lead = PHASE_LEAD,
    };
    vt_kalman_advance(&test->rate, sample->raw_at);
    vt_kalman_advance(&test->phase, sample->raw_at);
    vt_kalman_reopen(&test->rate, &rate);
    vt_kalman_reopen(&test->phase, &phase);
}

double
vt_jump_test_get_lead(const VtJumpTest *test)
{
    return fmax(test->rate_lead, test->phase_lead);
}

bool
vt_jump_test_is_refuted(const VtJumpTest *test)
{
    return !test->is_won && vt_jump_test_get_lead(test) < REFUTED_LEAD;
}

bool
vt_jump_test_is_beyond_chance(const VtJumpTest *test)
{
    return test->n_samples >= LEAST_SAMPLES && test->n_excluded >= LEAST_EXCLUDED &&
           vt_jump_test_get_lead(test) >= -log(VT_JUMP_FALSE_ALARM);
}

bool
vt_jump_test_is_clear(const VtJumpTest *test)
{
    return test->is_won && fabs(test->rate_lead - test->phase_lead) >= CLEAR_LEAD;
}

void
vt_jump_test_update(VtJumpTest *test,
                    const VtSample *sample,
                    const VtDoubt *doubt,
                    double likelihood)
{
    test->n_samples++;
    double of_rate = vt_kalman_update(&test->rate, sample, doubt);
    double of_phase = vt_kalman_update(&test->phase, sample, doubt);
    /* After a jump has won the filter is one of the two: only their difference counts. */
    double of_none = test->is_won ? fmax(of_rate, of_phase) : likelihood;
    test->rate_lead += of_rate - of_none;
    test->phase_lead += of_phase - of_none;
    if (!test->is_won && test->n_samples >= MOST_SAMPLES)
        vt_jump_test_end(test);
}

void
vt_jump_test_note_exclusion(VtJumpTest *test)
{
    test->n_excluded++;
}

VtJump
vt_jump_test_follow(VtJumpTest *test, VtFilter *filter)
{
    bool is_rate = test->rate_lead >= test->phase_lead;
    VtJump jump = is_rate ? VT_JUMP_RATE : VT_JUMP_PHASE;

    vt_filter_adopt(filter, is_rate ? &test->rate : &test->phase);
    if (jump == test->named || !vt_jump_test_is_clear(test))
        jump = VT_JUMP_NONE;
    else
        test->named = jump;
    if (test->n_samples >= MOST_SAMPLES)
        vt_jump_test_end(test);
    return jump;
}
