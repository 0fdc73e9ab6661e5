/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/recovery.h"

/* Two readings of one clock cannot differ faster than an oscillator is ever wrong. */
#define MOST_DRIFT_PPB 500000.0

/* Half of what a step may leave: a reading as good as this needs no second try. */
#define GOOD_ERROR_NS (250 * VT_NS_PER_US)

void
vt_recovery_begin(VtRecovery *recovery, VtMono raw_at, VtNs least_delay_ns)
{
    *recovery = (VtRecovery){
        .phase = VT_RECOVERY_MEASURING,
        .good_delay_ns = vt_ns_add(least_delay_ns, least_delay_ns / 2),
        .raw_first_hint_at = raw_at,
        .raw_corrected_at = raw_at,
    };
}

void
vt_recovery_restart(VtRecovery *recovery)
{
    recovery->phase = VT_RECOVERY_MEASURING;
    recovery->n_readings = 0;
    recovery->n_agreeing = 0;
}

/*
 * The intervals of all readings so far, cut with each other:
 *
 *     first    |---------------|
 *     second        |---------------|
 *     agreed        |==========|         widened by what the oscillator may have drifted
 */
static void
note_agreement(VtRecovery *recovery, const VtSample *sample)
{
    VtNs least_ns = vt_ns_sub(sample->raw_offset_ns, sample->error_ns);
    VtNs greatest_ns = vt_ns_add(sample->raw_offset_ns, sample->error_ns);
    if (recovery->n_agreeing > 0) {
        double span_sec = vt_ns_to_sec(vt_mono_diff(sample->raw_at, recovery->raw_agreed_at));
        VtNs drift_ns = vt_ns_from_double(MOST_DRIFT_PPB * span_sec);
        VtNs agreed_least_ns = vt_ns_sub(recovery->agreed_least_ns, drift_ns);
        VtNs agreed_greatest_ns = vt_ns_add(recovery->agreed_greatest_ns, drift_ns);
        bool agrees = least_ns <= agreed_greatest_ns && greatest_ns >= agreed_least_ns;
        if (agrees) {
            least_ns = vt_ns_max(least_ns, agreed_least_ns);
            greatest_ns = vt_ns_min(greatest_ns, agreed_greatest_ns);
        } else {
            recovery->n_agreeing = 0;
        }
    }
    recovery->n_agreeing++;
    recovery->raw_agreed_at = sample->raw_at;
    recovery->agreed_least_ns = least_ns;
    recovery->agreed_greatest_ns = greatest_ns;
}

bool
vt_recovery_may_step(const VtRecovery *recovery, const VtSample *sample)
{
    return recovery->n_agreeing >= sample->n_to_step;
}

void
vt_recovery_add(VtRecovery *recovery, const VtSample *sample)
{
    note_agreement(recovery, sample);
    if (recovery->n_readings == 0 || sample->delay_ns < recovery->best.delay_ns)
        recovery->best = *sample;
    recovery->n_readings++;
}

bool
vt_recovery_has_enough(const VtRecovery *recovery, unsigned n_least, unsigned n_burst)
{
    if (recovery->n_readings < n_least || recovery->n_readings == 0)
        return false;
    return recovery->n_readings >= n_burst || recovery->best.error_ns <= GOOD_ERROR_NS ||
           recovery->best.delay_ns <= recovery->good_delay_ns;
}

void
vt_recovery_note_least(VtRecovery *recovery, VtNs offset_ns)
{
    recovery->n_readings = 0;
    recovery->n_agreeing = 0;
    recovery->n_steps++;
    recovery->stepped_ns = vt_ns_add(recovery->stepped_ns, offset_ns);
    recovery->last_step_ns = offset_ns;
}

void
vt_recovery_note_step(VtRecovery *recovery, VtNs offset_ns, VtMono raw_at)
{
    vt_recovery_note_least(recovery, offset_ns);
    recovery->phase = VT_RECOVERY_VERIFYING;
    recovery->raw_corrected_at = raw_at;
}

void
vt_recovery_undo_step(VtRecovery *recovery)
{
    recovery->phase = VT_RECOVERY_WAITING;
    recovery->n_steps--;
    recovery->stepped_ns = vt_ns_sub(recovery->stepped_ns, recovery->last_step_ns);
    recovery->last_step_ns = 0;
    if (recovery->n_steps == 0)
        recovery->raw_corrected_at = recovery->raw_first_hint_at;
}

bool
vt_recovery_is_urgent(const VtRecovery *recovery)
{
    return recovery->phase == VT_RECOVERY_MEASURING || recovery->phase == VT_RECOVERY_VERIFYING;
}

VtOutcome
vt_recovery_describe(const VtRecovery *recovery, const VtAction *action, VtNs offset_ns)
{
    bool was_stepped = recovery->n_steps > 0;
    return (VtOutcome){
        .kind = was_stepped ? VT_ACTION_STEP : action->kind,
        .refusal = action->refusal,
        .was_announced = recovery->was_announced,
        .offset_ns = was_stepped ? recovery->stepped_ns : offset_ns,
        .residual_ns = offset_ns,
        .error_ns = recovery->best.error_ns,
        .raw_first_hint_at = recovery->raw_first_hint_at,
        .raw_corrected_at = recovery->raw_corrected_at,
        .n_steps = recovery->n_steps,
    };
}
