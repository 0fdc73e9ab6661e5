/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostd/guest-event.h"

#include <glib.h>

bool
vt_domain_change_is_another_process(VtDomainChange change)
{
    switch (change) {
    case VT_DOMAIN_BOOTED:
    case VT_DOMAIN_RESTORED:
    case VT_DOMAIN_REVERTED:
    case VT_DOMAIN_MIGRATED_IN:
    case VT_DOMAIN_STOPPED:
    case VT_DOMAIN_SAVED:
    case VT_DOMAIN_REVERTING:
        return true;
    case VT_DOMAIN_OTHER:
    case VT_DOMAIN_SUSPENDED:
    case VT_DOMAIN_RESUMED:
    case VT_DOMAIN_REVERTED_IN_PLACE:
        return false;
    }
    g_assert_not_reached();
}

VtDomainChange
vt_domain_change_expect(VtDomainChange change)
{
    if (change == VT_DOMAIN_SAVED)
        return VT_DOMAIN_RESTORED;
    return change == VT_DOMAIN_REVERTING ? VT_DOMAIN_REVERTED : VT_DOMAIN_OTHER;
}

void
vt_guest_events_init(VtGuestEvents *events, bool is_running)
{
    *events = (VtGuestEvents){ .epoch = 1, .is_running = is_running };
}

void
vt_guest_events_raise_epoch(VtGuestEvents *events)
{
    events->epoch += 1;
    events->is_proven = false;
}

static void
open_event(VtGuestEvents *events, uint8_t cause, VtLinkEventId id)
{
    events->event = (VtGuestEvent){
        .id = id,
        .cause = cause,
        .exists = true,
        .is_open = true,
    };
}

static VtTell
on_suspended(VtGuestEvents *events, VtLinkEventId id, VtMono now, bool *ret_used)
{
    /* A guest that is restored paused stays in the event that its start opened. */
    if (!events->is_running && events->event.is_open)
        return VT_TELL_NOTHING;

    events->is_running = false;
    vt_guest_events_raise_epoch(events);
    open_event(events, VT_LINK_CAUSE_RESUMED, id);
    events->event.stopped_at = now;
    events->event.has_stopped_at = true;
    *ret_used = true;
    return VT_TELL_EARLY;
}

static VtTell
on_resumed(VtGuestEvents *events, VtLinkEventId id, VtMono now, bool *ret_used)
{
    /* libvirt says this of a domain that just booted, too: nothing befell it. */
    if (events->is_running)
        return VT_TELL_NOTHING;

    events->is_running = true;
    VtGuestEvent *event = &events->event;
    /* Acknowledged before RESUMED came: the guest was faster than libvirt. */
    if (event->is_acknowledged && events->is_proven) {
        event->resumed_at = now;
        return VT_TELL_NOTHING;
    }
    if (!event->is_open) {
        open_event(events, VT_LINK_CAUSE_RESUMED, id);
        *ret_used = true;
    }
    event->resumed_at = now;
    if (event->runs_at.ns == 0)
        event->runs_at = now;
    /* A proven epoch was read by the running guest: raising it would drop good readings. */
    if (!events->is_proven)
        vt_guest_events_raise_epoch(events);
    return VT_TELL_NOTICE;
}

static VtTell
on_reverted_in_place(VtGuestEvents *events, VtLinkEventId id, VtMono now, bool *ret_used)
{
    /* libvirt says this of a restored domain, too; its start has told what was loaded. */
    bool was_started = events->event.is_open && events->event.cause != VT_LINK_CAUSE_RESUMED;
    if (!events->is_running && was_started)
        return on_resumed(events, id, now, ret_used);

    events->is_running = true;
    vt_guest_events_raise_epoch(events);
    open_event(events, VT_LINK_CAUSE_REVERTED, id);
    events->event.resumed_at = now;
    events->event.runs_at = now;
    *ret_used = true;
    return VT_TELL_NOTICE;
}

static VtTell
on_started(VtGuestEvents *events, uint8_t cause, VtLinkEventId id, bool *ret_used)
{
    events->is_running = false;
    vt_guest_events_raise_epoch(events);
    open_event(events, cause, id);
    *ret_used = true;
    return VT_TELL_EARLY;
}

static VtTell
on_booted(VtGuestEvents *events)
{
    events->is_running = true;
    vt_guest_events_raise_epoch(events);
    vt_guest_events_close(events);
    return VT_TELL_NOTHING;
}

static VtTell
on_stopped(VtGuestEvents *events)
{
    events->is_running = false;
    vt_guest_events_close(events);
    return VT_TELL_NOTHING;
}

VtTell
vt_guest_events_on_change(VtGuestEvents *events,
                          VtDomainChange change,
                          VtLinkEventId id,
                          VtMono now,
                          bool *ret_used)
{
    *ret_used = false;
    switch (change) {
    case VT_DOMAIN_OTHER:
        return VT_TELL_NOTHING;
    case VT_DOMAIN_SUSPENDED:
        return on_suspended(events, id, now, ret_used);
    case VT_DOMAIN_RESUMED:
        return on_resumed(events, id, now, ret_used);
    case VT_DOMAIN_BOOTED:
        return on_booted(events);
    case VT_DOMAIN_RESTORED:
        return on_started(events, VT_LINK_CAUSE_RESTORED, id, ret_used);
    case VT_DOMAIN_REVERTED:
        return on_started(events, VT_LINK_CAUSE_REVERTED, id, ret_used);
    case VT_DOMAIN_REVERTED_IN_PLACE:
        return on_reverted_in_place(events, id, now, ret_used);
    case VT_DOMAIN_MIGRATED_IN:
        return on_started(events, VT_LINK_CAUSE_MIGRATED_IN, id, ret_used);
    case VT_DOMAIN_STOPPED:
    case VT_DOMAIN_SAVED:
    case VT_DOMAIN_REVERTING:
        return on_stopped(events);
    }
    g_assert_not_reached();
}

/* A true time behind the guest's clock is only explained to it by the host's step. */
static void
note_host_step_meanwhile(VtGuestEvents *events, VtLinkEventId id)
{
    vt_guest_events_raise_epoch(events);
    if (!events->event.is_open)
        open_event(events, VT_LINK_CAUSE_HOST_CLOCK_STEPPED, id);
    else if (events->event.cause == VT_LINK_CAUSE_RESUMED)
        events->event.cause = VT_LINK_CAUSE_HOST_CLOCK_STEPPED;
}

VtTell
vt_guest_events_open(VtGuestEvents *events, uint8_t cause, VtLinkEventId id, VtMono now)
{
    const VtGuestEvent *event = &events->event;
    if (!events->is_running) {
        /* It will be told of the event that is open already. */
        if (cause == VT_LINK_CAUSE_HOST_CLOCK_STEPPED)
            note_host_step_meanwhile(events, id);
        return VT_TELL_NOTHING;
    }
    if (event->is_open && vt_link_cause_is_strong(event->cause) &&
        !vt_link_cause_is_strong(cause))
        return VT_TELL_NOTICE;
    vt_guest_events_raise_epoch(events);
    open_event(events, cause, id);
    events->event.resumed_at = now;
    events->event.runs_at = now;
    return VT_TELL_NOTICE;
}

bool
vt_guest_events_may_answer(VtGuestEvents *events, uint32_t epoch, VtMono now)
{
    if (events->is_running)
        return true;
    if (!events->event.is_open || epoch != events->epoch)
        return false;
    if (!events->is_proven)
        events->event.runs_at = now;
    events->is_proven = true;
    return true;
}

void
vt_guest_events_on_told(VtGuestEvents *events, VtMono now)
{
    events->event.told_at = now;
    events->event.n_told += 1;
}

bool
vt_guest_events_on_ack(VtGuestEvents *events, const VtLinkEventId *id)
{
    if (!events->event.is_open || !vt_link_event_id_equal(&events->event.id, id))
        return false;
    events->event.is_open = false;
    events->event.is_acknowledged = true;
    return true;
}

bool
vt_guest_events_is_overdue(const VtGuestEvents *events, VtMono now, VtNs deadline_ns)
{
    const VtGuestEvent *event = &events->event;
    if (!events->is_running || !event->is_open || event->n_told == 0)
        return false;
    return vt_mono_diff(now, event->told_at) >= deadline_ns;
}

void
vt_guest_events_close(VtGuestEvents *events)
{
    events->event.is_open = false;
}

bool
vt_guest_event_stand_still(const VtGuestEvent *event, VtNs *ret_span_ns)
{
    if (!event->has_stopped_at || event->resumed_at.ns == 0)
        return false;
    *ret_span_ns = vt_mono_diff(event->resumed_at, event->stopped_at);
    return true;
}

bool
vt_guest_event_recovery(const VtGuestEvent *event, VtMono ack_at, VtNs *ret_span_ns)
{
    VtNs span_ns = vt_mono_diff(ack_at, event->runs_at);
    if (event->runs_at.ns == 0 || span_ns < 0)
        return false;
    *ret_span_ns = span_ns;
    return true;
}
