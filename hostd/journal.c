/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/journal.h"

#include <inttypes.h>

static void
insert_ack(GVariantDict *dict, const VtGuestRecovery *recovery)
{
    const VtGuestRecord *record = recovery->record;
    const VtLinkAck *ack = &record->ack;
    VtNs recovery_ns = 0;

    (void)vt_guest_event_recovery(recovery->event, record->ack_at, &recovery_ns); /* or 0 */
    g_variant_dict_insert(dict, "action", "s", vt_link_action_name(ack->action));
    g_variant_dict_insert(dict, "reference", "s", ack->reference);
    g_variant_dict_insert(dict, "offset-ns", "x", ack->offset_ns);
    g_variant_dict_insert(dict, "residual-ns", "x", ack->residual_ns);
    g_variant_dict_insert(dict, "error-ns", "x", ack->error_ns);
    g_variant_dict_insert(dict, "recovery-ns", "x", recovery_ns);
    if (!record->seen_at_ack.is_known)
        return;
    g_variant_dict_insert(dict, "seen-residual-ns", "x", record->seen_at_ack.offset_ns);
    g_variant_dict_insert(dict, "seen-error-ns", "x", record->seen_at_ack.error_ns);
}

GVariant *
vt_hostd_journal_compose(const VtGuestRecovery *recovery, bool failed)
{
    const VtGuestEvent *event = recovery->event;
    g_autofree char *id =
        g_strdup_printf("%016" PRIx64 "-%" PRIu64, event->id.instance, event->id.counter);
    g_autofree char *at = vt_wall_format(recovery->wall_now);
    VtNs stand_still_ns = 0;
    g_auto(GVariantDict) dict;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "at", "s", at);
    g_variant_dict_insert(&dict, "wall-ns", "x", recovery->wall_now.ns);
    g_variant_dict_insert(&dict, "uuid", "s", recovery->uuid);
    g_variant_dict_insert(&dict, "name", "s", recovery->name);
    g_variant_dict_insert(&dict, "event", "s", id);
    g_variant_dict_insert(&dict, "cause", "s", vt_link_cause_name(event->cause));
    g_variant_dict_insert(&dict, "failed", "b", failed);
    if (vt_guest_event_stand_still(event, &stand_still_ns))
        g_variant_dict_insert(&dict, "stand-still-ns", "x", stand_still_ns);
    if (event->is_acknowledged && recovery->record->has_ack)
        insert_ack(&dict, recovery);
    return g_variant_dict_end(&dict);
}

void
vt_hostd_journal_log(const VtGuestRecovery *recovery)
{
    const VtGuestRecord *record = recovery->record;
    const char *cause = vt_link_cause_name(recovery->event->cause);
    VtNs stand_still_ns = 0;
    g_autofree char *offset = vt_ns_format_offset(record->ack.offset_ns);
    g_autofree char *residual = vt_ns_format_offset(record->ack.residual_ns);
    g_autofree char *seen = record->seen_at_ack.is_known
                                ? vt_ns_format_offset(record->seen_at_ack.offset_ns)
                                : g_strdup("unknown");
    g_autofree char *still = vt_guest_event_stand_still(recovery->event, &stand_still_ns)
                                 ? vt_ns_format_span(stand_still_ns)
                                 : g_strdup("an unknown time");

    g_log_structured(
        G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", "b3f0a6d8c2b94f3f9b4d63c1f7f0a921",
        "DOMAIN_UUID", recovery->uuid, "CAUSE", cause, "MESSAGE",
        "'%s' %s: stood still for %s, offset %s, %s, residual %s as it says, %s as "
        "seen from here",
        recovery->name, cause, still, offset, vt_link_action_name(record->ack.action), residual,
        seen);
}

GVariant *
vt_hostd_journal_compose_host(const VtHostEvent *event, VtWall wall_now)
{
    g_autofree char *at = vt_wall_format(wall_now);
    bool has_slept = event->cause == VT_LINK_CAUSE_HOST_WOKE;
    g_auto(GVariantDict) dict;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "at", "s", at);
    g_variant_dict_insert(&dict, "wall-ns", "x", wall_now.ns);
    g_variant_dict_insert(&dict, "cause", "s", vt_link_cause_name(event->cause));
    g_variant_dict_insert(&dict, has_slept ? "stand-still-ns" : "offset-ns", "x",
                          event->span_ns);
    return g_variant_dict_end(&dict);
}
