/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/assist.h"

#include <math.h>

/* After a step: at once what the daemon was doing shows, later what it did about the step. */
#define FIRST_CHECK_NS  VT_NS_PER_SEC
#define SECOND_CHECK_NS (5 * VT_NS_PER_SEC)
#define N_CHECKS        2

/* How sure it has to be that the reference ran away, and the rate did not. */
#define SURE_SIGMAS 5

void
vt_assist_begin(VtAssist *assist, VtNs claimed_error_ns)
{
    *assist = (VtAssist){ .is_on = true, .claimed_error_ns = claimed_error_ns };
}

void
vt_assist_end(VtAssist *assist)
{
    *assist = (VtAssist){ 0 };
}

void
vt_assist_note_calm(VtAssist *assist, const VtEstimate *estimate, VtInstant now)
{
    /* Until the last step has proved itself, what was before it is what to go by. */
    if (assist->n_checks_to_do > 0)
        return;
    assist->is_repeating = false;
    assist->is_reference_moved = false;
    assist->has_before = true;
    assist->before = *estimate;
    assist->offset_before_ns = vt_estimate_get_offset(estimate, now);
}

void
vt_assist_note_moved(VtAssist *assist, bool is_other)
{
    assist->is_reference_moved = !is_other;
    if (!is_other)
        return;
    /* What was known of the old one says nothing; what the daemon claimed was of before, too. */
    assist->has_before = false;
    assist->claimed_error_ns = 0;
}

void
vt_assist_note_step(VtAssist *assist, VtMono raw_at)
{
    if (assist->is_repeating)
        return;
    assist->n_checks_to_do = N_CHECKS;
    assist->raw_next_check_at = vt_mono_add(raw_at, FIRST_CHECK_NS);
}

void
vt_assist_note_undone(VtAssist *assist)
{
    assist->is_repeating = true;
}

void
vt_assist_note_disruption(VtAssist *assist)
{
    assist->is_repeating = false;
}

bool
vt_assist_take_check(VtAssist *assist, VtMono raw_now)
{
    if (assist->n_checks_to_do == 0 || vt_mono_diff(raw_now, assist->raw_next_check_at) < 0)
        return false;
    assist->n_checks_to_do--;
    assist->raw_next_check_at =
        vt_mono_add(assist->raw_next_check_at, SECOND_CHECK_NS - FIRST_CHECK_NS);
    return true;
}

/* Whether the reference moved against the raw oscillator by more than rates explain. */
static bool
has_lost(const VtAssist *assist, const VtEstimate *estimate)
{
    const VtEstimate *before = &assist->before;
    double span_sec = vt_ns_to_sec(vt_mono_diff(estimate->raw_at, before->raw_at));
    VtNs expected_ns =
        vt_ns_add(before->raw_offset_ns, vt_ns_from_double(before->rate_ppb * span_sec));
    VtNs doubt_ns = vt_ns_from_double(SURE_SIGMAS * before->rate_sigma_ppb * fabs(span_sec));
    VtNs lost_ns = vt_ns_abs(vt_ns_sub(estimate->raw_offset_ns, expected_ns));
    return lost_ns >= vt_ns_add(VT_ASSIST_LEAST_NS, doubt_ns);
}

/* As it was before; all the way where the two had agreed anyway. */
static VtNs
choose_goal(const VtAssist *assist, bool is_synchronised)
{
    bool agreed = vt_ns_abs(assist->offset_before_ns) < VT_ASSIST_LEAST_NS;
    return agreed && is_synchronised ? 0 : assist->offset_before_ns;
}

/* A step is finished as well as it can be measured; else small things are the daemon's. */
static VtNs
get_least(const VtAssist *assist)
{
    return assist->n_checks_to_do == N_CHECKS ? 0 : VT_ASSIST_LEAST_NS;
}

VtNs
vt_assist_find_correction(const VtAssist *assist,
                          const VtEstimate *estimate,
                          VtInstant now,
                          bool is_synchronised)
{
    VtNs offset_ns = vt_estimate_get_offset(estimate, now);
    VtNs least_ns = get_least(assist);
    if (assist->is_reference_moved)
        return 0;
    if (assist->has_before) {
        if (!has_lost(assist, estimate))
            return 0;
        offset_ns = vt_ns_sub(offset_ns, choose_goal(assist, is_synchronised));
    } else {
        /* Nothing is known of before: only beyond what the daemon claims can it be wrong. */
        if (!is_synchronised)
            return 0;
        least_ns = vt_ns_add(least_ns, assist->claimed_error_ns);
    }
    return vt_ns_abs(offset_ns) >= least_ns ? offset_ns : 0;
}
