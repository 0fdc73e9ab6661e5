/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/disruption.h"

/*
 * libvirt tells of a resume up to 100 ms after it, and a busy host later; but two pauses within
 * this time are told apart.
 */
#define MOST_LATE_NS (2 * VT_NS_PER_SEC)

static uint8_t
action_of(const VtOutcome *outcome)
{
    if (outcome->refusal == VT_REFUSAL_OBSERVE)
        return VT_LINK_ACTION_OBSERVED;
    if (outcome->refusal != VT_REFUSAL_NONE)
        return VT_LINK_ACTION_REFUSED;
    switch (outcome->kind) {
    case VT_ACTION_STEP:
        return VT_LINK_ACTION_STEPPED;
    case VT_ACTION_SLEW:
        return VT_LINK_ACTION_SLEWED;
    case VT_ACTION_HOLD:
        return VT_LINK_ACTION_NONE;
    }
    g_assert_not_reached();
}

bool
vt_disruption_log_is_repeat(const VtDisruptionLog *log, const VtHint *hint)
{
    if (hint->notice == NULL || !log->has_notice)
        return false;
    return hint->notice->epoch == log->notice.epoch &&
           vt_link_event_id_equal(&hint->notice->event, &log->notice.event);
}

VtHint
vt_disruption_log_soften(VtDisruptionLog *log, const VtHint *hint, VtMono raw_now)
{
    const VtDisruptionRecord *last = &log->last;
    VtHint soft = *hint;
    bool is_late = hint->notice != NULL && hint->is_strong && last->exists &&
                   !last->has_event && log->first_hint_name == NULL &&
                   last->outcome.refusal == VT_REFUSAL_NONE &&
                   vt_mono_diff(raw_now, last->raw_closed_at) < MOST_LATE_NS &&
                   /* These say something that no reading by itself can. */
                   !hint->allows_backward && !hint->moves_host;

    if (hint->notice != NULL)
        log->is_late = is_late;
    if (is_late)
        soft.is_strong = false;
    return soft;
}

void
vt_disruption_log_on_hint(VtDisruptionLog *log, const VtHint *hint)
{
    if (log->first_hint_name == NULL)
        log->first_hint_name = hint->name;
    if (hint->notice == NULL)
        return;
    log->has_notice = true;
    log->notice = *hint->notice;
}

void
vt_disruption_log_on_cleared(VtDisruptionLog *log)
{
    log->first_hint_name = NULL;
}

void
vt_disruption_log_on_outcome(VtDisruptionLog *log, const VtOutcome *outcome, VtMono raw_now)
{
    bool was_noticed = outcome->was_announced && log->has_notice;
    bool was_hinted = outcome->was_announced && log->first_hint_name != NULL;

    log->last = (VtDisruptionRecord){
        .exists = true,
        .cause = was_noticed ? log->notice.cause : VT_LINK_CAUSE_UNKNOWN,
        .hint_name = was_hinted ? log->first_hint_name : "reading",
        .action = action_of(outcome),
        .has_event = was_noticed,
        .event = was_noticed ? log->notice.event : (VtLinkEventId){ 0 },
        .outcome = *outcome,
        .raw_closed_at = raw_now,
    };
    log->first_hint_name = NULL;
}

static VtLinkAck
begin_ack(VtDisruptionLog *log, const char *reference)
{
    VtLinkAck ack = { .event = log->notice.event };
    g_strlcpy(ack.reference, reference, sizeof ack.reference);
    log->has_notice = false;
    return ack;
}

/* How the last disruption ended. */
static VtLinkAck
make_ack(VtDisruptionLog *log, const char *reference)
{
    const VtOutcome *outcome = &log->last.outcome;
    VtLinkAck ack = begin_ack(log, reference);
    ack.action = log->last.action;
    ack.offset_ns = outcome->offset_ns;
    ack.residual_ns = outcome->residual_ns;
    ack.error_ns = outcome->error_ns;
    ack.first_hint_at = vt_mono_add(outcome->raw_first_hint_at, log->boot_of_raw_ns);
    ack.corrected_at = vt_mono_add(outcome->raw_corrected_at, log->boot_of_raw_ns);
    return ack;
}

bool
vt_disruption_log_take_ack(VtDisruptionLog *log,
                           const char *reference,
                           VtMono boot_now,
                           VtMono raw_now,
                           VtLinkAck *ret_ack)
{
    log->boot_of_raw_ns = vt_mono_diff(boot_now, raw_now);
    if (!log->has_notice)
        return false;
    *ret_ack = make_ack(log, reference);
    return true;
}

bool
vt_disruption_log_take_weak_ack(VtDisruptionLog *log,
                                const char *reference,
                                const VtPipelineStatus *status,
                                VtMono boot_now,
                                VtLinkAck *ret_ack)
{
    if (!log->has_notice)
        return false;
    if (log->is_late) {
        *ret_ack = make_ack(log, reference);
        return true;
    }
    if (vt_link_cause_is_strong(log->notice.cause))
        return false;

    VtLinkAck ack = begin_ack(log, reference);
    ack.action = VT_LINK_ACTION_NONE;
    ack.offset_ns = status->offset_ns;
    ack.residual_ns = status->offset_ns;
    ack.error_ns = status->host_error_ns;
    ack.first_hint_at = boot_now;
    ack.corrected_at = boot_now;
    *ret_ack = ack;
    return true;
}
