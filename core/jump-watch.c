/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/jump-watch.h"

#include <math.h>
#include <stddef.h>

/* A test younger than this has not had its chance yet. */
#define FRESH_SAMPLES 8

/* About as well: with so much of the best one's lead. */
#define GOOD_SHARE 0.5

/*
 * Of the first samples of all nobody knows how good they are, and a rate that was learnt from them
 * is soon another one: that is followed, but no jump.
 */
#define LEARNING_SAMPLES 256

/* A second name within this time is of the same jump. */
#define SAME_JUMP_NS (10 * VT_NS_PER_SEC)

static bool
is_idle(const VtJumpTest *test)
{
    return !test->is_running || vt_jump_test_is_refuted(test);
}

/* How readily @test gives way to a fresh one; 0: not at all. */
static unsigned
rate_readiness(const VtJumpTest *test)
{
    if (is_idle(test))
        return 1000;
    if (!test->is_suspicious && !test->is_won)
        return 500;
    return test->n_samples >= FRESH_SAMPLES ? test->n_samples : 0;
}

/* NULL: there is a fresh one already. */
static VtJumpTest *
find_place(VtJumpWatch *watch, bool is_excluded)
{
    VtJumpTest *place = NULL;
    for (int i = 0; i < VT_JUMP_WATCH_TESTS; i++) {
        VtJumpTest *test = &watch->tests[i];
        if (!is_idle(test) && (!is_excluded || rate_readiness(test) == 0))
            return NULL;
        if (place == NULL || rate_readiness(test) > rate_readiness(place))
            place = test;
    }
    return place;
}

static void
begin(VtJumpWatch *watch, const VtFilter *filter, const VtSample *sample, bool is_excluded)
{
    VtJumpTest *test = find_place(watch, is_excluded);
    if (test == NULL)
        return;
    vt_jump_test_begin(test, filter, sample, watch->prior);
    test->is_suspicious = is_excluded;
    watch->prior = 0;
}

static void
end_others(VtJumpWatch *watch, const VtJumpTest *winner)
{
    for (int i = 0; i < VT_JUMP_WATCH_TESTS; i++) {
        if (&watch->tests[i] != winner)
            vt_jump_test_end(&watch->tests[i]);
    }
}

static VtJump
name_once(VtJumpWatch *watch, VtJump jump, VtMono raw_at)
{
    /* A phase that jumped may turn out to have been the beginning of another rate. */
    if (jump != VT_JUMP_RATE)
        return jump;
    if (watch->n_taken < LEARNING_SAMPLES)
        return VT_JUMP_NONE;
    bool is_same = watch->has_named && vt_mono_diff(raw_at, watch->raw_named_at) < SAME_JUMP_NS;
    watch->has_named = true;
    watch->raw_named_at = raw_at;
    return is_same ? VT_JUMP_NONE : jump;
}

/*
 * Which of the tests has found a jump, if one has. One that began before the jump makes a state
 * of it that is too sure; the youngest that explains the samples about as well knows best.
 */
static VtJumpTest *
find_winner(VtJumpWatch *watch)
{
    double best_lead = 0;
    bool is_found = false;
    for (int i = 0; i < VT_JUMP_WATCH_TESTS; i++) {
        const VtJumpTest *test = &watch->tests[i];
        if (!test->is_running || test->is_won)
            continue;
        best_lead = fmax(best_lead, vt_jump_test_get_lead(test));
        is_found |= vt_jump_test_is_beyond_chance(test);
    }
    VtJumpTest *winner = NULL;
    for (int i = 0; is_found && i < VT_JUMP_WATCH_TESTS; i++) {
        VtJumpTest *test = &watch->tests[i];
        bool is_good = test->is_running && !test->is_won &&
                       vt_jump_test_get_lead(test) >= GOOD_SHARE * best_lead;
        if (is_good && (winner == NULL || test->n_samples < winner->n_samples))
            winner = test;
    }
    return winner;
}

static VtJump
follow_winner(VtJumpWatch *watch, VtFilter *filter)
{
    for (int i = 0; i < VT_JUMP_WATCH_TESTS; i++) {
        if (watch->tests[i].is_won)
            return vt_jump_test_follow(&watch->tests[i], filter);
    }
    return VT_JUMP_NONE;
}

static bool
is_suspected(const VtJumpWatch *watch)
{
    for (int i = 0; i < VT_JUMP_WATCH_TESTS; i++) {
        if (watch->tests[i].is_suspicious && !is_idle(&watch->tests[i]))
            return true;
    }
    return false;
}

VtJumpNews
vt_jump_watch_take(VtJumpWatch *watch,
                   VtFilter *filter,
                   const VtSample *sample,
                   const VtDoubt *doubt,
                   bool is_excluded)
{
    if (watch->n_taken < LEARNING_SAMPLES)
        watch->n_taken++;
    begin(watch, filter, sample, is_excluded);
    bool was_suspected = is_suspected(watch);
    double likelihood = vt_filter_update(filter, sample, doubt);
    for (int i = 0; i < VT_JUMP_WATCH_TESTS; i++) {
        if (watch->tests[i].is_running)
            vt_jump_test_update(&watch->tests[i], sample, doubt, likelihood);
        if (watch->tests[i].is_running && is_excluded)
            vt_jump_test_note_exclusion(&watch->tests[i]);
    }

    VtJumpTest *winner = find_winner(watch);
    if (winner != NULL) {
        winner->is_won = true;
        end_others(watch, winner);
    }
    VtJump jump = follow_winner(watch, filter);
    return (VtJumpNews){
        .jump = name_once(watch, jump, sample->raw_at),
        .has_won = winner != NULL,
        .is_refuted = was_suspected && !is_suspected(watch),
    };
}

void
vt_jump_watch_restart(VtJumpWatch *watch, double prior)
{
    end_others(watch, NULL);
    watch->prior = prior;
}

void
vt_jump_watch_shift(VtJumpWatch *watch, VtNs shift_ns)
{
    for (int i = 0; i < VT_JUMP_WATCH_TESTS; i++) {
        vt_kalman_shift(&watch->tests[i].rate, shift_ns);
        vt_kalman_shift(&watch->tests[i].phase, shift_ns);
    }
}

bool
vt_jump_watch_is_won(const VtJumpWatch *watch)
{
    for (int i = 0; i < VT_JUMP_WATCH_TESTS; i++) {
        if (watch->tests[i].is_won)
            return true;
    }
    return false;
}
