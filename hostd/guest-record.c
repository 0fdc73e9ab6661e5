/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/guest-record.h"

const char *
vt_guest_link_status_name(VtGuestLinkStatus status)
{
    switch (status) {
    case VT_GUEST_LINK_CLOSED:
        return "closed";
    case VT_GUEST_LINK_NO_CHANNEL:
        return "no-channel";
    case VT_GUEST_LINK_CONNECTING:
        return "connecting";
    case VT_GUEST_LINK_NO_AGENT:
        return "no-agent";
    case VT_GUEST_LINK_DENIED:
        return "denied";
    case VT_GUEST_LINK_HELD:
        return "held";
    case VT_GUEST_LINK_AWAITED:
        return "awaited";
    case VT_GUEST_LINK_UP:
        return "up";
    }
    g_assert_not_reached();
}

bool
vt_guest_record_is_recovered(const VtGuestRecord *record, VtNs limit_ns)
{
    const VtSeenOffset *seen = &record->seen_at_ack;
    if (!seen->is_known)
        return true;
    VtNs least_ns = vt_ns_sub(vt_ns_abs(seen->offset_ns), seen->error_ns);
    return least_ns <= limit_ns;
}

/* As the guest numbers its states in core/state.h; a number, shown as a name. */
static const char *
state_name(const VtGuestRecord *record)
{
    static const char *const names[] = {
        "", "start", "measuring", "tracking", "holdover", "disrupted", "assist",
    };
    if (!record->has_report || record->report.state >= G_N_ELEMENTS(names))
        return "";
    return names[record->report.state];
}

static GVariant *
event_to_variant(const VtGuestRecord *record, const VtGuestEvent *event, VtMono now)
{
    g_auto(GVariantDict) dict;
    VtNs stand_still_ns = -1;

    g_variant_dict_init(&dict, NULL);
    if (!event->exists)
        return g_variant_dict_end(&dict);
    (void)vt_guest_event_stand_still(event, &stand_still_ns); /* unknown stays -1 */
    VtMono seen_at = event->resumed_at.ns != 0 ? event->resumed_at : event->stopped_at;
    g_variant_dict_insert(&dict, "cause", "s", vt_link_cause_name(event->cause));
    g_variant_dict_insert(&dict, "open", "b", event->is_open);
    g_variant_dict_insert(&dict, "acknowledged", "b", event->is_acknowledged);
    g_variant_dict_insert(&dict, "stand-still-ns", "x", stand_still_ns);
    g_variant_dict_insert(&dict, "age-ns", "x", vt_mono_diff(now, seen_at));
    if (!event->is_acknowledged || !record->has_ack)
        return g_variant_dict_end(&dict);

    const VtLinkAck *ack = &record->ack;
    VtNs recovery_ns = 0;
    (void)vt_guest_event_recovery(event, record->ack_at, &recovery_ns); /* unknown stays 0 */
    g_variant_dict_insert(&dict, "action", "s", vt_link_action_name(ack->action));
    g_variant_dict_insert(&dict, "offset-ns", "x", ack->offset_ns);
    g_variant_dict_insert(&dict, "residual-ns", "x", ack->residual_ns);
    g_variant_dict_insert(&dict, "error-ns", "x", ack->error_ns);
    g_variant_dict_insert(&dict, "recovery-ns", "x", recovery_ns);
    if (record->seen_at_ack.is_known)
        g_variant_dict_insert(&dict, "seen-residual-ns", "x", record->seen_at_ack.offset_ns);
    return g_variant_dict_end(&dict);
}

void
vt_guest_record_insert(const VtGuestRecord *record,
                       const VtGuestEvents *events,
                       VtMono now,
                       GVariantDict *dict)
{
    const VtLinkReport *report = &record->report;
    bool synchronised = (report->flags & VT_LINK_REPORT_SYNCHRONISED) != 0;

    g_variant_dict_insert(dict, "running", "b", events->is_running);
    g_variant_dict_insert(dict, "epoch", "u", events->epoch);
    g_variant_dict_insert(dict, "state", "s", state_name(record));
    g_variant_dict_insert(dict, "synchronised", "b", synchronised);
    g_variant_dict_insert(dict, "claimed-offset-ns", "x", report->offset_ns);
    g_variant_dict_insert(dict, "claimed-error-ns", "x", report->error_ns);
    g_variant_dict_insert(dict, "rate-ppb", "x", report->rate_ppb);
    g_variant_dict_insert(dict, "reference", "s", report->reference);
    g_variant_dict_insert(dict, "seen", "b", record->seen.is_known);
    g_variant_dict_insert(dict, "seen-offset-ns", "x", record->seen.offset_ns);
    g_variant_dict_insert(dict, "seen-error-ns", "x", record->seen.error_ns);
    g_variant_dict_insert(dict, "exchanges", "t", record->n_exchanges);
    g_variant_dict_insert(dict, "notices", "t", record->n_notices);
    g_variant_dict_insert(dict, "acks", "t", record->n_acks);
    g_variant_dict_insert(dict, "foreign-acks", "t", record->n_foreign_acks);
    g_variant_dict_insert(dict, "failed-recoveries", "t", record->n_failed_recoveries);
    g_variant_dict_insert_value(dict, "last-event",
                                event_to_variant(record, &events->event, now));
}
