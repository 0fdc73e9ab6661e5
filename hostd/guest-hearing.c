/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/guest-private.h"
#include "hostd/journal.h"

/* Stale exposure ends at 1 ms: more than this, seen by hostd itself, is no recovery. */
#define RECOVERED_LIMIT_NS VT_NS_PER_MS

void
vt_guest_on_request(const VtLinkTime *request, VtWall received_at, void *user_data)
{
    VtGuest *guest = user_data;
    VtLinkTime reply = { .nonce = request->nonce };
    VtSeenOffset seen = vt_responder_see(&request->packet, received_at);

    if (seen.is_known)
        guest->record.seen = seen;
    if (!vt_guest_events_may_answer(&guest->events, request->epoch, vt_guest_boot_now(guest)))
        return;
    if (!vt_responder_reply(&request->packet, &guest->context->host_clock, received_at,
                            &reply.packet))
        return;
    reply.epoch = guest->events.epoch;
    if (vt_guest_link_send_reply(guest->link, &reply))
        guest->record.n_exchanges += 1;
}

void
vt_guest_keep_recovery(const VtGuest *guest, bool failed)
{
    VtGuestRecovery recovery = {
        .uuid = guest->uuid,
        .name = guest->shown_name,
        .event = &guest->events.event,
        .record = &guest->record,
        .wall_now = vt_clock_read_wall(guest->context->clock),
    };
    if (recovery.event->is_acknowledged)
        vt_hostd_journal_log(&recovery);
    recovery.name = guest->name;
    if (guest->context->journal != NULL)
        vt_journal_add(guest->context->journal, vt_hostd_journal_compose(&recovery, failed));
}

static void
retry_failed_recovery(VtGuest *guest)
{
    guest->record.n_failed_recoveries += 1;
    g_warning("'%s' says that its clock is right, and it is not; asking it to measure again",
              guest->shown_name);
    vt_guest_voice_tell(&guest->voice, guest->link,
                        vt_guest_open_event(guest, VT_LINK_CAUSE_UNKNOWN));
}

void
vt_guest_on_ack(const VtLinkAck *ack, void *user_data)
{
    VtGuest *guest = user_data;
    VtGuestRecord *record = &guest->record;
    bool was_retry = guest->events.event.cause == VT_LINK_CAUSE_UNKNOWN;

    if (!vt_guest_events_on_ack(&guest->events, &ack->event)) {
        record->n_foreign_acks += 1;
        return;
    }
    record->n_acks += 1;
    record->has_ack = true;
    record->ack = *ack;
    record->seen_at_ack = record->seen;
    record->ack_at = vt_guest_boot_now(guest);
    bool failed = ack->action != VT_LINK_ACTION_OBSERVED &&
                  !vt_guest_record_is_recovered(record, RECOVERED_LIMIT_NS);
    vt_guest_keep_recovery(guest, failed);
    /* One that was refused would be refused again. */
    if (failed && !was_retry && ack->action != VT_LINK_ACTION_REFUSED)
        retry_failed_recovery(guest);
}

void
vt_guest_on_report(const VtLinkReport *report, void *user_data)
{
    VtGuest *guest = user_data;
    guest->record.has_report = true;
    guest->record.report = *report;
}
