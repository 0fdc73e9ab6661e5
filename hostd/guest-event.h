/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What befell one guest, and what it must be told: its epoch, whether its vCPUs run, and the one
 * disruption that is open until the guest acknowledges it. Pure; every instant is an argument
 * on the host's CLOCK_BOOTTIME. docs/protocol.md, "Epochs" and "Notices", has the rules.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"
#include "proto/link-message.h"

/* What the hypervisor says of a domain, reduced to what matters for its clock. */
typedef enum {
    VT_DOMAIN_OTHER,             /* nothing that touches the clock */
    VT_DOMAIN_SUSPENDED,         /* the vCPUs stand still */
    VT_DOMAIN_RESUMED,           /* they run */
    VT_DOMAIN_BOOTED,            /* a new guest; nothing befell it */
    VT_DOMAIN_RESTORED,          /* a socket exists; the guest runs at RESUMED */
    VT_DOMAIN_REVERTED,          /* the same, from a snapshot */
    VT_DOMAIN_REVERTED_IN_PLACE, /* it runs already, from a snapshot, in the same process */
    VT_DOMAIN_MIGRATED_IN,       /* the same, perhaps hours before */
    VT_DOMAIN_STOPPED,           /* gone, or handed over to another host */
    VT_DOMAIN_SAVED,             /* the same, and RESTORED is what comes next */
    VT_DOMAIN_REVERTING,         /* the same, and REVERTED is */
} VtDomainChange;

typedef struct {
    VtLinkEventId id;
    uint8_t cause; /* VtLinkCause */
    bool exists;   /* false: nothing befell this guest since hostd began */
    bool is_open;  /* not acknowledged yet */
    bool is_acknowledged;
    bool has_stopped_at;
    VtMono stopped_at; /* when the vCPUs stopped, as far as hostd saw it */
    VtMono resumed_at; /* when hostd learnt that they run */
    VtMono runs_at;    /* first sign that they run: RESUMED, or a request that proves it */
    VtMono told_at;    /* last notice to the running guest */
    unsigned n_told;
} VtGuestEvent;

typedef struct {
    uint32_t epoch;
    bool is_running;
    bool is_proven; /* the open event's epoch came back before RESUMED did */
    VtGuestEvent event;
} VtGuestEvents;

/* What the caller is to do now. */
typedef enum {
    VT_TELL_NOTHING,
    VT_TELL_EARLY,  /* one early notice, in one send; nothing else until the guest runs */
    VT_TELL_NOTICE, /* a notice to the running guest */
} VtTell;

/* RESTORED or REVERTED, when that is how the guest will come back; else VT_DOMAIN_OTHER. */
VtDomainChange vt_domain_change_expect(VtDomainChange change);

/* The domain has ended, or another QEMU runs it: what was connected to the old one is not. */
bool vt_domain_change_is_another_process(VtDomainChange change);

void vt_guest_events_init(VtGuestEvents *events, bool is_running);

/*
 * @id names the event should this change open one; it is then used up (*ret_used).
 */
VtTell vt_guest_events_on_change(VtGuestEvents *events,
                                 VtDomainChange change,
                                 VtLinkEventId id,
                                 VtMono now,
                                 bool *ret_used);

/*
 * Something other than the hypervisor asks this guest to be told (@cause, weak or strong), now.
 * A weak cause does not take the place of a strong one that is open: that is told again. A guest
 * that stands still is told at its resume; that the host was stepped meanwhile goes with it.
 */
VtTell vt_guest_events_open(VtGuestEvents *events, uint8_t cause, VtLinkEventId id, VtMono now);

/* What was stamped for this guest so far is void, whether or not it is told why. */
void vt_guest_events_raise_epoch(VtGuestEvents *events);

/*
 * A time request that names @epoch came in: may it be answered? While the guest stands still
 * only the open event's epoch, which the guest can know from the early notice alone, proves
 * that it runs in truth.
 */
bool vt_guest_events_may_answer(VtGuestEvents *events, uint32_t epoch, VtMono now);

/* The guest has been told now (not early). */
void vt_guest_events_on_told(VtGuestEvents *events, VtMono now);

/* False when @id is not the open event: foreign, or acknowledged before. */
bool vt_guest_events_on_ack(VtGuestEvents *events, const VtLinkEventId *id);

/* Whether the notice of the open event must be repeated: @deadline_ns since the last one. */
bool vt_guest_events_is_overdue(const VtGuestEvents *events, VtMono now, VtNs deadline_ns);

/* Gives up on the open event. */
void vt_guest_events_close(VtGuestEvents *events);

/*
 * How long it took from the first sign that the guest runs (libvirt's, or its own first request)
 * until @ack_at. False when neither was seen before.
 */
bool vt_guest_event_recovery(const VtGuestEvent *event, VtMono ack_at, VtNs *ret_span_ns);

/* How long the guest stood still; false when hostd did not see both ends. */
bool vt_guest_event_stand_still(const VtGuestEvent *event, VtNs *ret_span_ns);
