/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/guest.h"

#include "base/error.h"
#include "hostd/guest-link.h"
#include "hostd/guest-record.h"
#include "hostd/link-limit.h"

/* An agent answers within milliseconds; a notice that is not acknowledged by then is lost. */
#define ACK_DEADLINE_NS (2 * VT_NS_PER_SEC)
#define MAX_TOLD        5

/* Stale exposure ends at 1 ms: more than this, seen by hostd itself, is no recovery. */
#define RECOVERED_LIMIT_NS VT_NS_PER_MS

/* A link that says nothing for so many ticks is looked at again in the XML. */
#define SILENT_TICKS 10

struct VtGuest {
    VtGuestContext *context;
    char *uuid;
    char *name;
    char *shown_name; /* escaped: it goes to logs */
    VtGuestEvents events;
    VtGuestRecord record;
    VtGuestLink *link; /* NULL: not connected */
    VtGuestLinkStatus link_status;
    bool is_active; /* there is a process that may have a socket */
    bool wants_xml;
    unsigned n_silent_ticks;
    VtNs cut_off_wait_ns; /* 0: never cut off, or well-behaved since */
    VtMono connect_after; /* not before, unless the guest has to be told something */
};

static VtMono
boot_now(const VtGuest *guest)
{
    return vt_clock_read_boot(guest->context->clock);
}

VtGuest *
vt_guest_new(VtGuestContext *context, const char *uuid, const char *name, bool is_running)
{
    VtGuest *guest = g_new0(VtGuest, 1);
    guest->context = context;
    guest->uuid = g_strdup(uuid);
    guest->name = g_strdup(name);
    guest->shown_name = g_strescape(name, NULL);
    guest->is_active = true;
    guest->wants_xml = true;
    vt_guest_events_init(&guest->events, is_running);
    return guest;
}

void
vt_guest_free(VtGuest *guest)
{
    if (guest == NULL)
        return;
    g_clear_pointer(&guest->link, vt_guest_link_free);
    g_free(guest->uuid);
    g_free(guest->name);
    g_free(guest->shown_name);
    g_free(guest);
}

static VtLinkEventId
next_id(const VtGuest *guest)
{
    return (VtLinkEventId){
        .instance = guest->context->instance,
        .counter = guest->context->n_events + 1,
    };
}

static void
send_notice(VtGuest *guest, bool is_early)
{
    if (guest->link == NULL)
        return;

    const VtGuestEvent *event = &guest->events.event;
    const VtHostClock *host = &guest->context->host_clock;
    VtLinkNotice notice = {
        .event = event->id,
        .epoch = guest->events.epoch,
        .cause = event->cause,
        .seen_at = vt_clock_read_wall(guest->context->clock),
        .host_error_ns = vt_host_clock_get_error(host),
    };
    if (host->is_synchronised)
        notice.flags |= VT_LINK_NOTICE_HOST_SYNCHRONISED;
    if (is_early)
        notice.flags |= VT_LINK_NOTICE_EARLY;
    if (!is_early && vt_guest_event_stand_still(event, &notice.stand_still_ns))
        notice.flags |= VT_LINK_NOTICE_STAND_STILL_KNOWN;

    if (!vt_guest_link_send_notice(guest->link, &notice))
        return;
    guest->record.n_notices += 1;
    if (!is_early && vt_guest_link_is_up(guest->link))
        vt_guest_events_on_told(&guest->events, boot_now(guest));
}

static void
tell(VtGuest *guest, VtTell what)
{
    if (guest->link != NULL)
        vt_guest_link_set_hello(guest->link, guest->events.epoch, VT_LINK_MODE_FULL);
    switch (what) {
    case VT_TELL_NOTHING:
        return;
    case VT_TELL_EARLY:
        send_notice(guest, true);
        return;
    case VT_TELL_NOTICE:
        send_notice(guest, false);
        return;
    }
    g_assert_not_reached();
}

static void
drop_link(VtGuest *guest)
{
    g_clear_pointer(&guest->link, vt_guest_link_free);
    guest->link_status = VT_GUEST_LINK_CLOSED;
    guest->n_silent_ticks = 0;
    guest->wants_xml = guest->is_active;
}

static bool
is_another_process(VtDomainChange change)
{
    switch (change) {
    case VT_DOMAIN_BOOTED:
    case VT_DOMAIN_RESTORED:
    case VT_DOMAIN_REVERTED:
    case VT_DOMAIN_MIGRATED_IN:
    case VT_DOMAIN_STOPPED:
        return true;
    case VT_DOMAIN_OTHER:
    case VT_DOMAIN_SUSPENDED:
    case VT_DOMAIN_RESUMED:
    case VT_DOMAIN_REVERTED_IN_PLACE:
        return false;
    }
    g_assert_not_reached();
}

void
vt_guest_on_change(VtGuest *guest, VtDomainChange change)
{
    bool used = false;
    VtTell what = vt_guest_events_on_change(&guest->events, change, next_id(guest),
                                            boot_now(guest), &used);
    if (used) {
        guest->context->n_events += 1;
        guest->connect_after = (VtMono){ 0 }; /* it has to be told, whatever it did before */
        guest->record.has_ack = false;
    }
    guest->is_active = change != VT_DOMAIN_STOPPED;
    /* A socket of an earlier process says nothing of this one; the new path is in the XML. */
    if (is_another_process(change))
        drop_link(guest);
    tell(guest, what);
}

static void
on_link_up(void *user_data)
{
    VtGuest *guest = user_data;

    guest->link_status = VT_GUEST_LINK_UP;
    guest->n_silent_ticks = 0;
    g_info("'%s': link is up", guest->shown_name);
    if (guest->events.is_running && guest->events.event.is_open)
        send_notice(guest, false);
}

/* A guest that floods is heard again later, and later still each time. */
static void
note_cut_off(VtGuest *guest)
{
    guest->cut_off_wait_ns = vt_link_limit_next_wait(guest->cut_off_wait_ns);
    guest->connect_after = vt_mono_add(boot_now(guest), guest->cut_off_wait_ns);
    g_autofree char *wait = vt_ns_format_span(guest->cut_off_wait_ns);
    g_warning("'%s' sends too much; its link is closed for %s", guest->shown_name, wait);
}

static void
on_link_closed(void *user_data)
{
    VtGuest *guest = user_data;

    g_info("'%s': link closed", guest->shown_name);
    if (vt_guest_link_get_counters(guest->link).is_cut_off)
        note_cut_off(guest);
    drop_link(guest);
}

static void
on_request(const VtLinkTime *request, VtWall received_at, void *user_data)
{
    VtGuest *guest = user_data;
    VtLinkTime reply = { .nonce = request->nonce };
    VtSeenOffset seen = vt_responder_see(&request->packet, received_at);

    if (seen.is_known)
        guest->record.seen = seen;
    if (!vt_guest_events_may_answer(&guest->events, request->epoch))
        return;
    if (!vt_responder_reply(&request->packet, &guest->context->host_clock, received_at,
                            &reply.packet))
        return;
    reply.epoch = guest->events.epoch;
    if (vt_guest_link_send_reply(guest->link, &reply))
        guest->record.n_exchanges += 1;
}

static void
log_recovery(const VtGuest *guest)
{
    const VtGuestRecord *record = &guest->record;
    const VtGuestEvent *event = &guest->events.event;
    VtNs stand_still_ns = 0;
    g_autofree char *offset = vt_ns_format_offset(record->ack.offset_ns);
    g_autofree char *residual = vt_ns_format_offset(record->ack.residual_ns);
    g_autofree char *seen = record->seen_at_ack.is_known
                                ? vt_ns_format_offset(record->seen_at_ack.offset_ns)
                                : g_strdup("unknown");
    g_autofree char *still = vt_guest_event_stand_still(event, &stand_still_ns)
                                 ? vt_ns_format_span(stand_still_ns)
                                 : g_strdup("an unknown time");

    g_log_structured(
        G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", "b3f0a6d8c2b94f3f9b4d63c1f7f0a921",
        "DOMAIN_UUID", guest->uuid, "CAUSE", vt_link_cause_name(event->cause), "MESSAGE",
        "'%s' %s: stood still for %s, offset %s, %s, residual %s as it says, %s as "
        "seen from here",
        guest->shown_name, vt_link_cause_name(event->cause), still, offset,
        vt_link_action_name(record->ack.action), residual, seen);
}

static bool
claims_recovery(const VtLinkAck *ack)
{
    return ack->action != VT_LINK_ACTION_REFUSED && ack->action != VT_LINK_ACTION_OBSERVED;
}

static void
retry_failed_recovery(VtGuest *guest)
{
    guest->record.n_failed_recoveries += 1;
    g_warning("'%s' says that its clock is right, and it is not; asking it to measure again",
              guest->shown_name);
    VtTell what = vt_guest_events_open(&guest->events, VT_LINK_CAUSE_UNKNOWN, next_id(guest),
                                       boot_now(guest));
    guest->context->n_events += 1;
    tell(guest, what);
}

static void
on_ack(const VtLinkAck *ack, void *user_data)
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
    record->ack_at = boot_now(guest);
    log_recovery(guest);
    if (claims_recovery(ack) && !was_retry &&
        !vt_guest_record_is_recovered(record, RECOVERED_LIMIT_NS))
        retry_failed_recovery(guest);
}

static void
on_report(const VtLinkReport *report, void *user_data)
{
    VtGuest *guest = user_data;
    guest->record.has_report = true;
    guest->record.report = *report;
}

static const VtGuestLinkListener link_listener = {
    .on_up = on_link_up,
    .on_closed = on_link_closed,
    .on_request = on_request,
    .on_ack = on_ack,
    .on_report = on_report,
};

static void
begin_link(VtGuest *guest)
{
    const VtGuestContext *context = guest->context;
    guest->link_status = VT_GUEST_LINK_CONNECTING;
    vt_guest_link_set_addresses(guest->link, context->ntp_addresses, context->n_ntp_addresses);
    vt_guest_link_set_hello(guest->link, guest->events.epoch, VT_LINK_MODE_FULL);
    vt_guest_link_send_hello(guest->link);
    /* Both are there when the guest's first instructions read the port. */
    if (!guest->events.is_running && guest->events.event.is_open)
        send_notice(guest, true);
}

static void
judge_silence(VtGuest *guest, const VtDomainXml *domain)
{
    if (guest->link_status == VT_GUEST_LINK_UP)
        return;
    guest->link_status =
        domain->is_guest_connected ? VT_GUEST_LINK_HELD : VT_GUEST_LINK_NO_AGENT;
}

void
vt_guest_on_xml(VtGuest *guest, const VtDomainXml *domain)
{
    g_autoptr(GError) error = NULL;

    if (domain == NULL || !guest->is_active)
        return;
    if (!domain->has_channel) {
        drop_link(guest);
        guest->link_status = VT_GUEST_LINK_NO_CHANNEL;
        guest->wants_xml = false;
        return;
    }
    if (guest->link != NULL) {
        judge_silence(guest, domain);
        return;
    }
    if (domain->channel_path == NULL)
        return;

    guest->link = vt_guest_link_connect(domain->channel_path, guest->context->clock,
                                        &link_listener, guest, &error);
    if (guest->link == NULL) {
        if (guest->link_status != VT_GUEST_LINK_HELD)
            g_warning("'%s': %s; trying again each second", guest->shown_name, error->message);
        guest->link_status = VT_GUEST_LINK_HELD;
        if (!g_error_matches(error, VT_ERROR, VT_ERROR_BUSY))
            guest->link_status = VT_GUEST_LINK_CLOSED;
        guest->wants_xml = true;
        return;
    }
    guest->wants_xml = false;
    begin_link(guest);
}

void
vt_guest_on_devices(VtGuest *guest)
{
    guest->wants_xml = true;
}

/* A link that stood for as long as it was closed starts again with the shortest wait. */
static void
forgive(VtGuest *guest)
{
    VtNs since_ns = vt_mono_diff(boot_now(guest), guest->connect_after);
    if (since_ns > vt_ns_max(guest->cut_off_wait_ns, VT_LINK_LIMIT_LAST_WAIT_NS))
        guest->cut_off_wait_ns = 0;
}

static void
count_silence(VtGuest *guest)
{
    if (guest->link == NULL)
        return;
    if (guest->link_status == VT_GUEST_LINK_UP) {
        forgive(guest);
        return;
    }
    guest->n_silent_ticks += 1;
    if (guest->n_silent_ticks % SILENT_TICKS == 3)
        guest->wants_xml = true;
}

static void
repeat_notice(VtGuest *guest)
{
    if (!vt_guest_events_is_overdue(&guest->events, boot_now(guest), ACK_DEADLINE_NS))
        return;
    if (guest->link == NULL || !vt_guest_link_is_up(guest->link))
        return;
    if (guest->events.event.n_told == 1) {
        guest->record.n_failed_recoveries += 1;
        g_warning("'%s' does not acknowledge that it was %s; telling it again",
                  guest->shown_name, vt_link_cause_name(guest->events.event.cause));
    }
    if (guest->events.event.n_told >= MAX_TOLD)
        vt_guest_events_close(&guest->events);
    else
        send_notice(guest, false);
}

void
vt_guest_on_tick(VtGuest *guest)
{
    count_silence(guest);
    repeat_notice(guest);
}

bool
vt_guest_wants_xml(VtGuest *guest)
{
    if (!guest->wants_xml || !guest->is_active)
        return false;
    if (vt_mono_diff(boot_now(guest), guest->connect_after) < 0)
        return false;
    guest->wants_xml = false;
    return true;
}

GVariant *
vt_guest_to_variant(const VtGuest *guest)
{
    g_auto(GVariantDict) dict;
    uint64_t n_rejected = 0;

    if (guest->link != NULL) {
        VtGuestLinkCounters counters = vt_guest_link_get_counters(guest->link);
        n_rejected = counters.n_malformed + counters.n_foreign_session +
                     counters.scanner.n_bad_crc + counters.scanner.n_bad_length +
                     counters.scanner.n_bad_version;
    }
    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "uuid", "s", guest->uuid);
    g_variant_dict_insert(&dict, "name", "s", guest->name);
    g_variant_dict_insert(&dict, "link", "s", vt_guest_link_status_name(guest->link_status));
    g_variant_dict_insert(&dict, "mode", "s", vt_link_mode_name(VT_LINK_MODE_FULL));
    g_variant_dict_insert(&dict, "rejected-frames", "t", n_rejected);
    vt_guest_record_insert(&guest->record, &guest->events, boot_now(guest), &dict);
    return g_variant_dict_end(&dict);
}
