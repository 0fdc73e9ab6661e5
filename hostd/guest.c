/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/guest.h"

#include "base/error.h"
#include "hostd/guest-mode.h"
#include "hostd/guest-private.h"

/* An agent answers within milliseconds; a notice that is not acknowledged by then is lost. */
#define ACK_DEADLINE_NS (2 * VT_NS_PER_SEC)
#define MAX_TOLD        5

/*
 * A guest that runs answers a HELLO within milliseconds. One that does not has no agent, or its
 * port is stuck: see vt_guest_channel_reconnect. Twice as long each time, up to the last.
 */
#define FIRST_SILENCE_MS 150
#define LAST_SILENCE_MS  64000

/* After a day nobody waits any more for a guest that was saved; each wait is an hour. */
#define MAX_WAITS 24

/* A link that says nothing for so many ticks is looked at again in the XML. */
#define SILENT_TICKS 10

VtMono
vt_guest_boot_now(const VtGuest *guest)
{
    return vt_clock_read_boot(guest->context->clock);
}

static void
end_silence(VtGuest *guest)
{
    if (guest->silence == NULL)
        return;
    g_source_destroy(guest->silence);
    g_clear_pointer(&guest->silence, g_source_unref);
}

void
vt_guest_free(VtGuest *guest)
{
    if (guest == NULL)
        return;
    end_silence(guest);
    g_clear_pointer(&guest->link, vt_guest_link_free);
    vt_guest_channel_free(guest->channel);
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

VtTell
vt_guest_open_event(VtGuest *guest, uint8_t cause)
{
    VtTell what =
        vt_guest_events_open(&guest->events, cause, next_id(guest), vt_guest_boot_now(guest));
    guest->context->n_events += 1;
    return what;
}

static void
drop_link(VtGuest *guest)
{
    /* The copy that is kept for hostd's next start would hold the guest's end open. */
    if (guest->link != NULL)
        vt_guest_link_hang_up(guest->link);
    end_silence(guest);
    vt_guest_channel_close(guest->channel);
    g_clear_pointer(&guest->link, vt_guest_link_free);
    guest->link_status = VT_GUEST_LINK_CLOSED;
    guest->n_silent_ticks = 0;
    guest->wants_xml = guest->is_active;
}

static gboolean
on_silence(gpointer user_data)
{
    VtGuest *guest = user_data;

    VtGuestLinkStatus status = guest->link_status;
    unsigned n_silent_ticks = guest->n_silent_ticks;

    guest->silence_ms = MIN(guest->silence_ms * 2, LAST_SILENCE_MS);
    drop_link(guest);
    guest->wants_xml = false;
    /* It is still the same silence, whatever the XML said of its reason. */
    guest->link_status = status;
    guest->n_silent_ticks = n_silent_ticks;
    vt_guest_channel_reconnect(guest->channel);
    return G_SOURCE_REMOVE;
}

static void
await_answer(VtGuest *guest)
{
    end_silence(guest);
    if (guest->link == NULL || vt_guest_link_is_up(guest->link) || !guest->events.is_running)
        return;
    guest->silence = g_timeout_source_new(guest->silence_ms);
    g_source_set_callback(guest->silence, on_silence, guest, NULL);
    g_source_attach(guest->silence, g_main_context_get_thread_default());
}

/* Its process has ended. Perhaps another one will go on with it. */
static void
await_return(VtGuest *guest)
{
    guest->is_early = false;
    guest->link_status = VT_GUEST_LINK_AWAITED;
    guest->n_waits += 1;
    if (guest->n_waits > MAX_WAITS || !vt_guest_channel_await(guest->channel))
        guest->expected = VT_DOMAIN_OTHER;
}

static void
take_change(VtGuest *guest, VtDomainChange change)
{
    bool used = false;
    VtTell what = vt_guest_events_on_change(&guest->events, change, next_id(guest),
                                            vt_guest_boot_now(guest), &used);
    if (used) {
        guest->context->n_events += 1;
        vt_guest_channel_pardon(guest->channel);
        guest->record.has_ack = false;
    }
    vt_guest_voice_tell(&guest->voice, guest->link, what);
    await_answer(guest);
}

void
vt_guest_on_change(VtGuest *guest, VtDomainChange change)
{
    bool is_told = guest->is_early && change == guest->expected;

    guest->is_active =
        change != VT_DOMAIN_STOPPED && vt_domain_change_expect(change) == VT_DOMAIN_OTHER;
    if (is_told) {
        guest->is_early = false;
        guest->wants_xml = true; /* the mode may be another */
        return;
    }
    /* A socket of an earlier process says nothing of this one; the new path is in the XML. */
    if (vt_domain_change_is_another_process(change)) {
        guest->is_early = false;
        drop_link(guest);
    }
    take_change(guest, change);
    if (!guest->is_active) {
        guest->expected = vt_domain_change_expect(change);
        guest->n_waits = 0;
        if (guest->expected != VT_DOMAIN_OTHER)
            await_return(guest);
    }
}

bool
vt_guest_is_gone(const VtGuest *guest)
{
    return !guest->is_active && guest->expected == VT_DOMAIN_OTHER;
}

static void
on_link_up(void *user_data)
{
    VtGuest *guest = user_data;

    end_silence(guest);
    guest->silence_ms = FIRST_SILENCE_MS;
    guest->link_status = VT_GUEST_LINK_UP;
    guest->n_silent_ticks = 0;
    vt_guest_voice_on_up(&guest->voice);
    g_info("'%s': link is up", guest->shown_name);
    if (guest->events.is_running && guest->events.event.is_open)
        vt_guest_voice_send_notice(&guest->voice, guest->link, false);
}

static void
on_link_closed(void *user_data)
{
    VtGuest *guest = user_data;

    g_info("'%s': link closed", guest->shown_name);
    if (vt_guest_link_get_counters(guest->link).is_cut_off)
        vt_guest_channel_cut_off(guest->channel, vt_guest_boot_now(guest));
    drop_link(guest);
    if (!guest->is_early)
        return;
    /* That process did not live to be told of: its state could not be loaded. */
    guest->is_active = false;
    vt_guest_events_close(&guest->events);
    await_return(guest);
}

static const VtGuestLinkListener link_listener = {
    .on_up = on_link_up,
    .on_closed = on_link_closed,
    .on_request = vt_guest_on_request,
    .on_ack = vt_guest_on_ack,
    .on_report = vt_guest_on_report,
};

static void
begin_link(VtGuest *guest, VtFd fd)
{
    const VtGuestContext *context = guest->context;
    guest->link = vt_guest_link_new(fd, context->clock, &link_listener, guest);
    if (guest->n_silent_ticks == 0)
        guest->link_status = VT_GUEST_LINK_CONNECTING;
    vt_guest_link_set_addresses(guest->link, context->ntp_addresses, context->n_ntp_addresses);
    vt_guest_link_set_hello(guest->link, guest->events.epoch,
                            vt_guest_voice_get_mode(&guest->voice).mode);
    (void)vt_guest_link_send_hello(guest->link); /* counted; the guest says HELLO, too */
    /* Both are there when the guest's first instructions read the port. */
    if (!guest->events.is_running && guest->events.event.is_open)
        vt_guest_voice_send_notice(&guest->voice, guest->link, true);
    await_answer(guest);
}

static void
on_connected(VtFd fd, bool was_kept, void *user_data)
{
    VtGuest *guest = user_data;
    /* What happened while there was no hostd, nobody knows. */
    if (was_kept)
        (void)vt_guest_open_event(guest, VT_LINK_CAUSE_UNKNOWN); /* told when the link is up */
    if (!guest->is_active) {
        guest->is_active = true;
        guest->is_early = true;
        take_change(guest, guest->expected);
    }
    guest->wants_xml = false;
    begin_link(guest, fd);
}

static void
on_failed(const GError *error, void *user_data)
{
    VtGuest *guest = user_data;
    if (!guest->is_active) {
        if (g_error_matches(error, VT_ERROR, VT_ERROR_NOT_FOUND))
            await_return(guest);
        else
            guest->expected = VT_DOMAIN_OTHER;
        return;
    }
    guest->wants_xml = true;
    guest->link_status = VT_GUEST_LINK_CLOSED;
    if (g_error_matches(error, VT_ERROR, VT_ERROR_BUSY))
        guest->link_status = VT_GUEST_LINK_HELD;
    if (g_error_matches(error, VT_ERROR, VT_ERROR_DENIED))
        guest->link_status = VT_GUEST_LINK_DENIED;
}

static const VtGuestChannelListener channel_listener = {
    .on_connected = on_connected,
    .on_failed = on_failed,
};

VtGuest *
vt_guest_new(VtGuestContext *context, const char *uuid, const char *name, bool is_running)
{
    VtGuest *guest = g_new0(VtGuest, 1);
    guest->context = context;
    guest->uuid = g_strdup(uuid);
    guest->name = g_strdup(name);
    guest->shown_name = g_strescape(name, NULL);
    guest->channel = vt_guest_channel_new(context->channels, guest->uuid, guest->shown_name,
                                          &channel_listener, guest);
    guest->is_active = true;
    guest->wants_xml = true;
    guest->silence_ms = FIRST_SILENCE_MS;
    guest->voice = (VtGuestVoice){
        .context = context,
        .events = &guest->events,
        .record = &guest->record,
    };
    vt_guest_events_init(&guest->events, is_running);
    return guest;
}

static void
judge_silence(VtGuest *guest, const VtDomainXml *domain)
{
    if (guest->link_status == VT_GUEST_LINK_UP || guest->n_silent_ticks == 0)
        return;
    guest->link_status =
        domain->is_guest_connected ? VT_GUEST_LINK_HELD : VT_GUEST_LINK_NO_AGENT;
}

static void
take_mode(VtGuest *guest, VtGuestMode mode)
{
    bool is_new = mode.mode != guest->voice.domain_mode.mode;
    bool is_first = guest->voice.domain_mode.mode == VT_LINK_MODE_INVALID;

    guest->voice.domain_mode = mode;
    if (is_new && *mode.reason != '\0')
        g_message("'%s': mode '%s', since %s", guest->shown_name, vt_link_mode_name(mode.mode),
                  mode.reason);
    else if (is_new && !is_first)
        g_message("'%s': mode '%s'", guest->shown_name, vt_link_mode_name(mode.mode));
    vt_guest_voice_tell_mode(&guest->voice, guest->link);
}

void
vt_guest_on_freeze(VtGuest *guest)
{
    vt_guest_voice_tell_mode(&guest->voice, guest->link);
    /* What befell it meanwhile it has yet to be told. */
    if (!guest->context->is_frozen && guest->events.is_running && guest->events.event.is_open)
        vt_guest_voice_send_notice(&guest->voice, guest->link, false);
}

void
vt_guest_on_host_event(VtGuest *guest, const VtHostEvent *event)
{
    VtTell what = VT_TELL_NOTHING;
    if (event->is_held)
        vt_guest_events_raise_epoch(&guest->events);
    else
        what = vt_guest_open_event(guest, event->cause);
    vt_guest_voice_tell(&guest->voice, guest->link, what);
}

bool
vt_guest_resync(VtGuest *guest, GError **error)
{
    if (guest->context->is_frozen)
        g_set_error_literal(error, VT_ERROR, VT_ERROR_BUSY,
                            "no guest is told anything now: first 'virt-timectl freeze off'");
    else if (!guest->events.is_running)
        g_set_error(error, VT_ERROR, VT_ERROR_BUSY,
                    "'%s' does not run; it is told when it does", guest->shown_name);
    else if (guest->link == NULL || !vt_guest_link_is_up(guest->link))
        g_set_error(error, VT_ERROR, VT_ERROR_NOT_FOUND,
                    "no link to '%s' (%s): see 'virt-timectl guests'", guest->shown_name,
                    vt_guest_link_status_name(guest->link_status));
    else {
        vt_guest_voice_tell(&guest->voice, guest->link,
                            vt_guest_open_event(guest, VT_LINK_CAUSE_OPERATOR));
        return true;
    }
    return false;
}

const char *
vt_guest_get_name(const VtGuest *guest)
{
    return guest->name;
}

void
vt_guest_on_xml(VtGuest *guest, const VtDomainXml *domain)
{
    if (domain == NULL || !guest->is_active)
        return;
    take_mode(guest, vt_guest_mode_choose(domain));
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
    if (domain->channel_path != NULL)
        vt_guest_channel_connect(guest->channel, domain->channel_path);
}

void
vt_guest_on_devices(VtGuest *guest)
{
    guest->wants_xml = true;
}

static void
count_silence(VtGuest *guest)
{
    if (guest->link == NULL)
        return;
    if (guest->link_status == VT_GUEST_LINK_UP) {
        vt_guest_channel_note_up(guest->channel, vt_guest_boot_now(guest));
        return;
    }
    guest->n_silent_ticks += 1;
    if (guest->n_silent_ticks % SILENT_TICKS == 3)
        guest->wants_xml = true;
}

static void
repeat_notice(VtGuest *guest)
{
    if (!vt_guest_events_is_overdue(&guest->events, vt_guest_boot_now(guest), ACK_DEADLINE_NS))
        return;
    if (guest->link == NULL || !vt_guest_link_is_up(guest->link) ||
        !vt_guest_voice_may_notify(&guest->voice))
        return;
    if (guest->events.event.n_told == 1) {
        guest->record.n_failed_recoveries += 1;
        g_warning("'%s' does not acknowledge that it was %s; telling it again",
                  guest->shown_name, vt_link_cause_name(guest->events.event.cause));
    }
    if (guest->events.event.n_told < MAX_TOLD) {
        vt_guest_voice_send_notice(&guest->voice, guest->link, false);
        return;
    }
    vt_guest_events_close(&guest->events);
    vt_guest_keep_recovery(guest, true);
}

void
vt_guest_on_tick(VtGuest *guest)
{
    count_silence(guest);
    vt_guest_voice_tell_mode(&guest->voice, guest->link); /* unless it fitted at once */
    repeat_notice(guest);
}

bool
vt_guest_wants_xml(VtGuest *guest)
{
    if (!guest->wants_xml || !guest->is_active)
        return false;
    if (!vt_guest_channel_may_connect(guest->channel, vt_guest_boot_now(guest)))
        return false;
    guest->wants_xml = false;
    return true;
}

GVariant *
vt_guest_to_variant(const VtGuest *guest)
{
    g_auto(GVariantDict) dict;
    uint64_t n_rejected = guest->link != NULL ? vt_guest_link_count_rejected(guest->link) : 0;

    g_variant_dict_init(&dict, NULL);
    g_variant_dict_insert(&dict, "uuid", "s", guest->uuid);
    g_variant_dict_insert(&dict, "name", "s", guest->name);
    g_variant_dict_insert(&dict, "link", "s", vt_guest_link_status_name(guest->link_status));
    vt_guest_mode_insert(vt_guest_voice_get_mode(&guest->voice), &dict);
    g_variant_dict_insert(&dict, "rejected-frames", "t", n_rejected);
    vt_guest_record_insert(&guest->record, &guest->events, vt_guest_boot_now(guest), &dict);
    return g_variant_dict_end(&dict);
}
