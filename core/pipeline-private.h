/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the pipeline knows, for the files that make it: pipeline.c and pipeline-*.c. */
#pragma once

#include "core/ask-limit.h"
#include "core/assist.h"
#include "core/bound.h"
#include "core/delay.h"
#include "core/detector.h"
#include "core/filter.h"
#include "core/hurry.h"
#include "core/jump-watch.h"
#include "core/pipeline.h"
#include "core/policy.h"
#include "core/recovery.h"
#include "core/servo.h"

struct VtPipeline {
    VtPipelineParams params;
    VtState state;
    bool may_correct;
    bool was_right;         /* has been TRACKING */
    bool is_doubtful;       /* a weak hint or a suspicion is not yet answered */
    VtMono raw_doubtful_at; /* since when, if it is */
    bool has_new_reference; /* and no reading of it yet */
    bool was_odd;           /* what the one before showed last */
    VtNs holdover_after_ns;
    VtDelay delay;
    bool was_other_side;   /* the last sample had waited where they usually do not */
    bool hurries_for_side; /* because of that alone */
    VtFilter filter;
    VtDetector detector;
    VtJumpWatch jump_watch;
    VtHurry hurry;
    VtServo servo;
    VtRecovery recovery;
    VtAssist assist;
    VtBound bound;
    VtSample last; /* used last; raw_at 0 before the first */
    VtOutcome outcome;
    VtMono raw_not_before; /* of the last hint or step: older readings prove nothing */
    VtAskLimit ask_limit;
    uint64_t n_readings;
    uint64_t n_rejected;
    uint64_t n_spikes;
    uint64_t n_disruptions;
    uint64_t n_rate_jumps;
    uint64_t n_foreign_rates;
    uint64_t n_findings;
    VtFinding finding;
};

/* In step, whether or not there is a reference just now. */
bool vt_pipeline_is_settled(const VtPipeline *pipeline);

/* What is to be stepped by or slewed away; @estimate must be of @now. */
VtNs vt_pipeline_find_correction(const VtPipeline *pipeline,
                                 const VtEstimate *estimate,
                                 VtInstant now);

/* What is done about an offset while nothing is being mended: trim, slew, or hold. */
VtAction vt_pipeline_track(VtPipeline *pipeline, const VtEstimate *estimate, VtInstant now);

/* The step, and the rate if that is ours. */
VtAction vt_pipeline_make_step(VtPipeline *pipeline, const VtEstimate *estimate, VtInstant now);

/* Whether the owner of an assisted clock undid the last step; notes how the clock is, if not. */
bool
vt_pipeline_needs_another_step(VtPipeline *pipeline, const VtEstimate *estimate, VtInstant now);

/* Every action leaves through here: what is common to all of them. */
VtAction vt_pipeline_finish(VtPipeline *pipeline, VtAction action, VtInstant now);

void vt_pipeline_advance_state(VtPipeline *pipeline, VtEvent event);

/* Something was more than noise; what, is for the detector to name. */
void vt_pipeline_find(VtPipeline *pipeline, const VtEvidence *evidence);

/* The law: from @now on only readings begun later count. */
void vt_pipeline_forget_older_readings(VtPipeline *pipeline, VtInstant now);

/* The first of several doubts counts: none of them was answered. */
void vt_pipeline_note_doubt(VtPipeline *pipeline, VtInstant now);

void vt_pipeline_begin_disruption(VtPipeline *pipeline, VtMono raw_at, bool was_announced);

/* What leap second the kernel is to have armed at @wall, a moment of REALTIME. */
VtLeap vt_pipeline_get_leap(const VtPipeline *pipeline, VtWall wall);

/* Whether REALTIME was moved by the kernel, for a leap second; then everything moves with it. */
bool vt_pipeline_take_leap(VtPipeline *pipeline, VtNs moved_ns, VtInstant now);

/* Around a leap second some have had it already and some have not: readings say nothing. */
bool vt_pipeline_is_in_leap(const VtPipeline *pipeline, VtWall wall_at);

/* Measures until the clock is put right, as after a start. */
void vt_pipeline_begin_recovery(VtPipeline *pipeline, VtMono raw_at);

/* What REALTIME was moved by; 0 where others may move it as they like. */
VtNs vt_pipeline_find_foreign_step(VtPipeline *pipeline, VtInstant now);

/* What the policy says to @estimate now. */
VtRuling vt_pipeline_rule(const VtPipeline *pipeline,
                          const VtEstimate *estimate,
                          VtInstant now,
                          VtNs least_step_ns);

/*
 * True time is at least what @sample says: once in a disruption the clock is set to that, so that
 * it is less than a second late until a better reading comes.
 */
VtAction vt_pipeline_take_least(VtPipeline *pipeline, const VtSample *sample, VtInstant now);

/* What @sample tells of the path, and of how the earlier ones were taken. */
void vt_pipeline_learn_delay(VtPipeline *pipeline, const VtSample *sample);

/* Takes a sample in that may be one of another rate; wants more of them while that is open. */
void vt_pipeline_take_sample(VtPipeline *pipeline,
                             const VtSample *sample,
                             const VtDoubt *doubt,
                             bool is_excluded);

/* The same of one that may lean with its delay, as @doubt says; @prediction must be of its instant. */
void vt_pipeline_take_upright(VtPipeline *pipeline,
                              const VtSample *sample,
                              const VtDoubt *doubt,
                              const VtEstimate *prediction,
                              bool is_excluded);

/* The rate is likely to be another one from here on. */
void vt_pipeline_expect_jump(VtPipeline *pipeline, VtMono raw_now);

/* A doubt was not answered in time: it counts from now on. */
bool vt_pipeline_is_doubt_overdue(const VtPipeline *pipeline, VtInstant now);
