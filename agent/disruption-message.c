/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/disruption-message.h"

void
vt_disruption_record_log(const VtDisruptionRecord *record,
                         const char *reference,
                         const char *signs)
{
    const VtOutcome *outcome = &record->outcome;
    g_autofree char *offset = vt_ns_format_offset(outcome->offset_ns);
    g_autofree char *residual = vt_ns_format_offset(outcome->residual_ns);
    g_autofree char *error = vt_ns_format_span(outcome->error_ns);
    VtNs duration_ns = vt_mono_diff(outcome->raw_corrected_at, outcome->raw_first_hint_at);
    g_autofree char *duration = vt_ns_format_span(duration_ns);

    g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID",
                     "6d1b7c0f4a6e4d0fa3a0e2f3c1b89d10", "CAUSE",
                     vt_link_cause_name(record->cause), "HINT", record->hint_name, "SIGNS",
                     signs, "PROVIDER", reference, "MESSAGE",
                     "disruption (%s, first seen by %s): offset %s, %s in %s%s%s, residual %s "
                     "(bound %s)%s%s",
                     vt_link_cause_name(record->cause), record->hint_name, offset,
                     vt_link_action_name(record->action), duration,
                     outcome->refusal != VT_REFUSAL_NONE ? ", refused: " : "",
                     vt_refusal_text(outcome->refusal), residual, error,
                     signs[0] != '\0' ? "; signs: " : "", signs);
}

void
vt_step_log(VtState state, const VtAction *action)
{
    g_autofree char *offset = vt_ns_format_offset(action->offset_ns);
    g_autofree char *error = vt_ns_format_span(action->error_ns);
    bool is_first = state == VT_STATE_START || state == VT_STATE_MEASURING;

    /* Of a disruption all is told at its end. */
    if (state == VT_STATE_DISRUPTED)
        return;
    g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID",
                     "3c0d3e1f5d0b4c4f9a0c6f6de0e7a5b2", "MESSAGE",
                     "stepped clock by %s%s (bound %s)", offset,
                     is_first ? " at the start" : "", error);
}

/* A disruption has a line of its own, and somebody who writes the rate is named elsewhere. */
static void
log_finding(const VtPipelineStatus *status)
{
    if (status->finding == VT_FINDING_RATE_JUMP)
        g_message("rate jump: the oscillator is off by %+.3f ppm now (sigma %.3f ppm)",
                  -status->rate_ppb / 1000, status->rate_sigma_ppb / 1000);
    else
        g_info("found: %s", vt_finding_name(status->finding));
}

void
vt_state_change_log(const VtPipelineStatus *before, const VtPipelineStatus *status)
{
    if (before->n_findings != status->n_findings)
        log_finding(status);
    if (before->state == status->state)
        return;
    g_autofree char *offset = vt_ns_format_offset(status->offset_ns);
    g_autofree char *error = vt_ns_format_span(status->host_error_ns);
    g_info("%s -> %s: offset %s (bound against the host %s)", vt_state_name(before->state),
           vt_state_name(status->state), offset, error);
}
