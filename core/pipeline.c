/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pipeline.h"

#include "core/pipeline-private.h"
#include "core/sample.h"

/* After so many steps for one disruption the rest is slewed: measuring does not help. */
#define MOST_STEPS 3

/* "Untouched" and "verified" take the word of two readings. */
#define LEAST_READINGS 2

/* References that differ by more are not both right: the clock was wrong, or is to be. */
#define MOST_ADOPTED_NS (100 * VT_NS_PER_MS)

VtPipeline *
vt_pipeline_new(const VtPipelineParams *params)
{
    VtPipeline *pipeline = g_new0(VtPipeline, 1);
    pipeline->params = *params;
    pipeline->state = VT_STATE_START;
    pipeline->may_correct = true;
    pipeline->holdover_after_ns = params->holdover_after_ns;
    vt_filter_init(&pipeline->filter, params->initial_rate_ppb, params->initial_rate_sigma_ppb);
    vt_detector_init(&pipeline->detector, params->step_threshold_ns);
    vt_servo_init(&pipeline->servo, params->most_trim_ppb);
    vt_bound_init(&pipeline->bound, params->drift_ppb, params->disrupted_drift_ppb);
    return pipeline;
}

void
vt_pipeline_free(VtPipeline *pipeline)
{
    g_free(pipeline);
}

void
vt_pipeline_advance_state(VtPipeline *pipeline, VtEvent event)
{
    pipeline->state = vt_state_next(pipeline->state, event);
}

/* Every action leaves through here: what is common to all of them. */
VtAction
vt_pipeline_finish(VtPipeline *pipeline, VtAction action, VtInstant now)
{
    VtEstimate estimate = vt_filter_predict(&pipeline->filter, now.raw);
    action.error_ns = vt_bound_get(&pipeline->bound, &estimate, now);
    /* A trim under way has to end, whatever else is going on. */
    if (!action.set_rate && action.wake_after_ns == 0)
        action.wake_after_ns = vt_servo_get_trim_left(&pipeline->servo, now);
    if (action.measure_now)
        action.measure_now = vt_ask_limit_take(&pipeline->ask_limit, now.raw);
    return action;
}

/* The same of a reading: another one may be wanted before the tick. */
static VtAction
finish_reading(VtPipeline *pipeline, VtAction action, VtInstant now)
{
    bool may_hurry = vt_pipeline_is_settled(pipeline) && pipeline->may_correct;
    if (may_hurry && !action.measure_now) {
        VtNs wait_ns = vt_hurry_get_wait(&pipeline->hurry, now.raw);
        action.measure_now =
            wait_ns == 0 || (wait_ns == VT_NS_MAX && vt_delay_take_wish(&pipeline->delay));
        action.measure_after_ns = wait_ns < VT_NS_MAX ? wait_ns : 0;
    }
    return vt_pipeline_finish(pipeline, action, now);
}

/* The law: from @now on only readings begun later count. */
void
vt_pipeline_forget_older_readings(VtPipeline *pipeline, VtInstant now)
{
    pipeline->raw_not_before = now.raw;
}

void
vt_pipeline_begin_recovery(VtPipeline *pipeline, VtMono raw_at)
{
    vt_recovery_begin(&pipeline->recovery, raw_at, vt_delay_get_least(&pipeline->delay));
    vt_detector_reset(&pipeline->detector);
    vt_jump_watch_restart(&pipeline->jump_watch, 0);
    vt_hurry_end(&pipeline->hurry);
    vt_delay_break(&pipeline->delay);
    vt_bound_forget(&pipeline->bound);
}

void
vt_pipeline_begin_disruption(VtPipeline *pipeline, VtMono raw_at, bool was_announced)
{
    vt_pipeline_begin_recovery(pipeline, raw_at);
    pipeline->recovery.is_disruption = true;
    pipeline->recovery.was_announced = was_announced;
    vt_assist_note_disruption(&pipeline->assist);
    pipeline->n_disruptions++;
}

/* A phase step that nobody announced, seen at @raw_at. */
static void
note_step_seen(VtPipeline *pipeline, VtMono raw_at)
{
    vt_pipeline_advance_state(pipeline, VT_EVENT_STEP_SEEN);
    if (pipeline->state == VT_STATE_DISRUPTED)
        vt_pipeline_begin_disruption(pipeline, raw_at, false);
    else
        vt_pipeline_begin_recovery(pipeline, raw_at);
}

/*
 * Somebody else has set the clock. It is put back where it belongs in whatever direction: the
 * kernel's own clocks are the witness.
 */
static void
watch_clock(VtPipeline *pipeline, VtInstant now)
{
    VtNs foreign_ns = vt_pipeline_find_foreign_step(pipeline, now);
    if (vt_pipeline_take_leap(pipeline, foreign_ns, now))
        return;
    if (foreign_ns == 0 || !vt_pipeline_is_settled(pipeline) ||
        pipeline->recovery.phase != VT_RECOVERY_IDLE)
        return;
    note_step_seen(pipeline, now.raw);
    pipeline->recovery.allows_backward = true;
    pipeline->recovery.is_written = true;
    vt_pipeline_forget_older_readings(pipeline, now);
}

/* The first of several doubts counts: none of them was answered. */
void
vt_pipeline_note_doubt(VtPipeline *pipeline, VtInstant now)
{
    if (!pipeline->is_doubtful)
        pipeline->raw_doubtful_at = now.raw;
    pipeline->is_doubtful = true;
}

static void
age_state(VtPipeline *pipeline, VtInstant now)
{
    VtNs age_ns = vt_mono_diff(now.raw, pipeline->last.raw_at);
    if (age_ns > pipeline->holdover_after_ns || vt_pipeline_is_doubt_overdue(pipeline, now))
        vt_pipeline_advance_state(pipeline, VT_EVENT_REFERENCE_LOST);
}

VtRuling
vt_pipeline_rule(const VtPipeline *pipeline,
                 const VtEstimate *estimate,
                 VtInstant now,
                 VtNs least_step_ns)
{
    const VtRecovery *recovery = &pipeline->recovery;
    VtPolicyCase policy_case = {
        .offset_ns = vt_pipeline_find_correction(pipeline, estimate, now),
        .least_step_ns = least_step_ns,
        .stepped_ns = recovery->stepped_ns,
        .wall_at = now.wall,
        .least_wall = pipeline->params.least_wall,
        .may_correct = pipeline->may_correct,
        .was_right = pipeline->was_right,
        .allows_backward = recovery->allows_backward,
        .is_declared = recovery->is_declared,
        .reference_synchronised = pipeline->last.reference_synchronised,
    };
    return vt_policy_rule(&policy_case);
}

/* Tells how the disruption ended; there is nothing to tell of a first synchronisation. */
static void
report(VtPipeline *pipeline, VtNs offset_ns, VtAction *action)
{
    const VtRecovery *recovery = &pipeline->recovery;
    if (!recovery->is_disruption)
        return;
    VtEvidence evidence = {
        .is_step = recovery->n_steps > 0,
        .is_written = recovery->is_written,
        .is_reference_moved = recovery->is_reference_moved,
    };
    vt_pipeline_find(pipeline, &evidence);
    pipeline->outcome = vt_recovery_describe(recovery, action, offset_ns);
    action->recovered = true;
}

static VtAction
close_recovery(VtPipeline *pipeline, const VtEstimate *estimate, VtInstant now)
{
    vt_pipeline_advance_state(pipeline, VT_EVENT_CORRECTED);
    if (pipeline->assist.is_on)
        vt_pipeline_advance_state(pipeline, VT_EVENT_YIELDED);
    pipeline->was_right = true;
    pipeline->is_doubtful = false;
    if (pipeline->recovery.is_disruption) {
        const VtKalman *best = vt_filter_get_best(&pipeline->filter);
        vt_drift_budget_reopen(&pipeline->bound.budget, best, best->rate_ppb);
        vt_pipeline_expect_jump(pipeline, now.raw);
    }

    VtAction action = vt_pipeline_track(pipeline, estimate, now);
    report(pipeline, vt_estimate_get_offset(estimate, now), &action);
    pipeline->recovery.phase = VT_RECOVERY_IDLE;
    return action;
}

static VtAction
step(VtPipeline *pipeline, const VtEstimate *estimate, VtInstant now)
{
    VtAction action = vt_pipeline_make_step(pipeline, estimate, now);
    vt_recovery_note_step(&pipeline->recovery, action.offset_ns, now.raw);
    vt_pipeline_forget_older_readings(pipeline, now);
    action.measure_now = true;
    return action;
}

static VtAction
refuse(VtPipeline *pipeline, const VtEstimate *estimate, VtInstant now, VtRefusal refusal)
{
    VtAction action = {
        .kind = VT_ACTION_HOLD,
        .offset_ns = vt_estimate_get_offset(estimate, now),
        .refusal = refusal,
    };
    pipeline->recovery.phase = VT_RECOVERY_WAITING;
    pipeline->is_doubtful = false;
    if (!pipeline->recovery.was_reported)
        report(pipeline, action.offset_ns, &action);
    pipeline->recovery.was_reported = true;
    return action;
}

static VtAction
apply(VtPipeline *pipeline, VtRuling ruling, const VtEstimate *estimate, VtInstant now)
{
    switch (ruling.kind) {
    case VT_ACTION_STEP:
        if (!vt_recovery_may_step(&pipeline->recovery, &pipeline->last))
            return (VtAction){ .kind = VT_ACTION_HOLD, .measure_now = true };
        return step(pipeline, estimate, now);
    case VT_ACTION_HOLD:
        return refuse(pipeline, estimate, now, ruling.refusal);
    case VT_ACTION_SLEW:
        break;
    }
    return close_recovery(pipeline, estimate, now);
}

/* Steps at the first good reading; all else takes two. */
static VtAction
settle(VtPipeline *pipeline, VtInstant now)
{
    VtEstimate estimate = vt_filter_predict(&pipeline->filter, now.raw);
    VtRuling ruling =
        vt_pipeline_rule(pipeline, &estimate, now, pipeline->params.step_threshold_ns);
    if (ruling.kind != VT_ACTION_STEP && pipeline->recovery.n_readings < LEAST_READINGS)
        return (VtAction){ .kind = VT_ACTION_HOLD, .measure_now = true };
    return apply(pipeline, ruling, &estimate, now);
}

static VtAction
verify(VtPipeline *pipeline, VtInstant now)
{
    VtEstimate estimate = vt_filter_predict(&pipeline->filter, now.raw);
    if (pipeline->recovery.n_steps >= MOST_STEPS)
        return close_recovery(pipeline, &estimate, now);
    VtNs limit_ns =
        vt_ns_max(pipeline->params.verify_limit_ns, pipeline->recovery.best.error_ns);
    VtRuling ruling = vt_pipeline_rule(pipeline, &estimate, now, limit_ns + 1);
    return apply(pipeline, ruling, &estimate, now);
}

/* Goes on with a burst; the phase comes from its best reading alone. */
static VtAction
recover(VtPipeline *pipeline, const VtSample *sample, VtInstant now)
{
    VtRecovery *recovery = &pipeline->recovery;
    bool is_verifying = recovery->phase == VT_RECOVERY_VERIFYING;
    vt_pipeline_advance_state(pipeline, VT_EVENT_READING);
    vt_recovery_add(recovery, sample);
    pipeline->last = *sample;
    if (!vt_recovery_has_enough(recovery, is_verifying ? LEAST_READINGS : 1,
                                pipeline->params.n_burst))
        return (VtAction){ .kind = VT_ACTION_HOLD, .measure_now = true };

    VtDoubt doubt = vt_delay_judge(&pipeline->delay, &recovery->best);
    VtSample upright = vt_delay_set_upright(&recovery->best, &doubt);
    vt_filter_reset_phase(&pipeline->filter, &upright, &doubt);
    vt_bound_forget(&pipeline->bound);
    VtEstimate estimate = vt_filter_predict(&pipeline->filter, recovery->best.raw_at);
    vt_bound_take(&pipeline->bound, &recovery->best, &estimate);
    return is_verifying ? verify(pipeline, now) : settle(pipeline, now);
}

/* The first reading of another reference; of what it differs by the paths alone may be guilty. */
static VtAction
adopt(VtPipeline *pipeline, const VtSample *sample, VtInstant now)
{
    VtDoubt doubt = vt_delay_judge(&pipeline->delay, sample);
    VtEstimate prediction = vt_filter_predict(&pipeline->filter, sample->raw_at);
    VtNs residual_ns = vt_ns_abs(vt_ns_sub(sample->raw_offset_ns, prediction.raw_offset_ns));
    if (residual_ns >= vt_ns_add(MOST_ADOPTED_NS, sample->error_ns)) {
        note_step_seen(pipeline, now.raw);
        return recover(pipeline, sample, now);
    }
    /* The one before was odd, and this one says that all is as it was. */
    if (pipeline->was_odd && residual_ns <= sample->error_ns)
        vt_pipeline_find(pipeline, &(VtEvidence){ .is_odd = true, .is_contradicted = true });
    vt_filter_reopen(&pipeline->filter, (double)vt_ns_max(residual_ns, sample->error_ns), 0);
    vt_filter_update(&pipeline->filter, sample, &doubt);
    vt_bound_forget(&pipeline->bound);
    vt_bound_take(&pipeline->bound, sample, &prediction);
    pipeline->last = *sample;
    pipeline->is_doubtful = false;
    vt_pipeline_advance_state(pipeline, VT_EVENT_READING);
    VtEstimate estimate = vt_filter_predict(&pipeline->filter, now.raw);
    return vt_pipeline_track(pipeline, &estimate, now);
}

/* The common case: a tick's reading of a clock that is right, or may not be corrected. */
static VtAction
follow(VtPipeline *pipeline, const VtSample *sample, VtInstant now)
{
    VtDoubt doubt = vt_delay_judge(&pipeline->delay, sample);
    VtEstimate prediction = vt_filter_predict(&pipeline->filter, sample->raw_at);
    VtVerdict verdict = vt_detector_judge(&pipeline->detector, sample, &doubt, &prediction);

    if (verdict.kind == VT_VERDICT_SUSPECT) {
        vt_pipeline_note_doubt(pipeline, now);
        return (VtAction){ .kind = VT_ACTION_HOLD, .measure_now = true };
    }
    if (verdict.kind == VT_VERDICT_STEP) {
        note_step_seen(pipeline, verdict.raw_seen_at);
        /* A leap second that nobody announced: the reference has had it, this clock has not. */
        pipeline->recovery.allows_backward |=
            vt_leap_is_near(now.wall) && vt_leap_is_size(verdict.distance_ns);
        return recover(pipeline, sample, now);
    }
    if (verdict.kind == VT_VERDICT_SPIKE) {
        pipeline->n_spikes++;
        vt_pipeline_find(pipeline, &(VtEvidence){ .is_odd = true });
    }
    if (verdict.distance_ns != 0 || pipeline->delay.lean.is_known)
        vt_bound_forget(&pipeline->bound);

    vt_pipeline_take_upright(pipeline, sample, &doubt, &prediction, verdict.distance_ns != 0);
    vt_bound_take(&pipeline->bound, sample, &prediction);
    pipeline->last = *sample;
    pipeline->is_doubtful = false;
    vt_pipeline_advance_state(pipeline, VT_EVENT_READING);
    if (pipeline->recovery.phase == VT_RECOVERY_WAITING) {
        vt_recovery_add(&pipeline->recovery, sample);
        return settle(pipeline, now);
    }
    VtEstimate estimate = vt_filter_predict(&pipeline->filter, now.raw);
    if (vt_pipeline_needs_another_step(pipeline, &estimate, now)) {
        vt_pipeline_begin_recovery(pipeline, now.raw);
        return recover(pipeline, sample, now);
    }
    return vt_pipeline_track(pipeline, &estimate, now);
}

static bool
is_acceptable(const VtPipeline *pipeline, const VtReading *reading)
{
    if (vt_reading_check(reading) != VT_READING_OK)
        return false;
    if (vt_mono_diff(reading->sent.raw, pipeline->raw_not_before) < 0)
        return false;
    if (vt_pipeline_is_in_leap(pipeline, reading->received.wall))
        return false;
    /*
     * The filter takes samples in order; of one instant may be several, by a clock that is
     * coarse.
     */
    VtMono raw_at = vt_mono_middle(reading->sent.raw, reading->received.raw);
    return vt_mono_diff(raw_at, pipeline->last.raw_at) >= 0;
}

VtAction
vt_pipeline_on_reading(VtPipeline *pipeline, const VtReading *reading, VtInstant now)
{
    watch_clock(pipeline, now);
    if (!is_acceptable(pipeline, reading)) {
        pipeline->n_rejected++;
        age_state(pipeline, now);
        bool is_wanted = pipeline->is_doubtful || vt_recovery_is_urgent(&pipeline->recovery);
        return finish_reading(pipeline, (VtAction){ .measure_now = is_wanted }, now);
    }

    VtSample sample = vt_sample_from_reading(reading);
    if (sample.is_least)
        return vt_pipeline_finish(pipeline, vt_pipeline_take_least(pipeline, &sample, now),
                                  now);
    pipeline->n_readings++;
    if (reading->lost_after_ns > 0)
        pipeline->holdover_after_ns = reading->lost_after_ns;
    if (pipeline->state == VT_STATE_START)
        vt_pipeline_begin_recovery(pipeline, now.raw);
    vt_pipeline_learn_delay(pipeline, &sample);

    bool is_first = pipeline->has_new_reference;
    pipeline->has_new_reference = false;
    if (vt_recovery_is_urgent(&pipeline->recovery))
        return finish_reading(pipeline, recover(pipeline, &sample, now), now);
    if (is_first && pipeline->recovery.phase == VT_RECOVERY_IDLE)
        return finish_reading(pipeline, adopt(pipeline, &sample, now), now);
    return finish_reading(pipeline, follow(pipeline, &sample, now), now);
}

VtAction
vt_pipeline_on_reference_change(VtPipeline *pipeline,
                                const VtPipelineReference *reference,
                                VtInstant now)
{
    bool is_first_truth = pipeline->was_right && !pipeline->last.reference_synchronised &&
                          reference->is_synchronised;
    pipeline->holdover_after_ns = reference->holdover_after_ns;
    pipeline->has_new_reference = true;
    pipeline->was_odd = pipeline->detector.is_suspicious;
    /* Neither delays nor a suspicion mean anything on another path. */
    pipeline->delay = (VtDelay){ 0 };
    vt_detector_reset(&pipeline->detector);
    vt_jump_watch_restart(&pipeline->jump_watch, 0);
    if (vt_recovery_is_urgent(&pipeline->recovery))
        vt_recovery_restart(&pipeline->recovery);
    if (is_first_truth) {
        pipeline->was_right = false;
        vt_pipeline_advance_state(pipeline, VT_EVENT_FIRST_TRUTH);
        if (pipeline->state == VT_STATE_MEASURING)
            vt_pipeline_begin_recovery(pipeline, now.raw);
    }
    return vt_pipeline_finish(pipeline, (VtAction){ .measure_now = true }, now);
}

VtAction
vt_pipeline_on_silence(VtPipeline *pipeline, VtInstant now)
{
    watch_clock(pipeline, now);
    age_state(pipeline, now);
    if (!vt_pipeline_is_settled(pipeline) || pipeline->is_doubtful ||
        pipeline->recovery.phase != VT_RECOVERY_IDLE)
        return vt_pipeline_finish(pipeline, vt_servo_rest(&pipeline->servo, now), now);
    VtEstimate estimate = vt_filter_predict(&pipeline->filter, now.raw);
    VtAction action = vt_pipeline_track(pipeline, &estimate, now);
    /* A request that got no answer ends no hurry: the next one is not left to the tick. */
    if (pipeline->may_correct && vt_hurry_is_on(&pipeline->hurry, now.raw))
        action.measure_after_ns = VT_HURRY_INTERVAL_NS;
    return vt_pipeline_finish(pipeline, action, now);
}

VtAction
vt_pipeline_leave(VtPipeline *pipeline, VtInstant now)
{
    VtEstimate estimate = vt_filter_predict(&pipeline->filter, now.raw);
    return vt_servo_leave(&pipeline->servo, &estimate);
}

void
vt_pipeline_on_failed_action(VtPipeline *pipeline)
{
    vt_servo_forget(&pipeline->servo);
    VtRecovery *recovery = &pipeline->recovery;
    pipeline->assist.n_checks_to_do = 0;
    if (vt_recovery_is_urgent(recovery) && recovery->n_steps > 0 && recovery->n_readings == 0)
        vt_recovery_undo_step(recovery);
}

void
vt_pipeline_set_may_correct(VtPipeline *pipeline, bool may_correct)
{
    bool is_idle = pipeline->recovery.phase == VT_RECOVERY_IDLE;
    /* What has drifted while nothing could be done about it is settled as at a start. */
    if (may_correct && !pipeline->may_correct && is_idle && pipeline->was_right)
        vt_pipeline_begin_recovery(pipeline, pipeline->last.raw_at);
    pipeline->may_correct = may_correct;
}
