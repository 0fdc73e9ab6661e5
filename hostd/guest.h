/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One guest: what the hypervisor says of it, its link, what it was told and what it answered.
 * Nothing a guest says decides anything about another guest or the host.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "hostd/channels.h"
#include "hostd/domain-xml.h"
#include "hostd/guest-event.h"
#include "hostd/host-watch.h"
#include "os/clock.h"
#include "os/journal.h"
#include "proto/link-message.h"

/* What all guests of one hostd share; owned by hostd.c. */
typedef struct {
    VtClock *clock;
    VtChannels *channels;
    VtHostClock host_clock; /* refreshed each tick */
    uint64_t instance;      /* random, of this run */
    uint64_t n_events;
    bool is_frozen;          /* an incident: no guest is told to step */
    VtJournal *journal;      /* NULL: none is kept */
    uint8_t n_ntp_addresses; /* where guests may ask, as HELLO tells them */
    VtLinkAddress ntp_addresses[VT_LINK_MAX_ADDRESSES];
} VtGuestContext;

typedef struct VtGuest VtGuest;

/* @context must outlive the guest. Transfer full. */
VtGuest *
vt_guest_new(VtGuestContext *context, const char *uuid, const char *name, bool is_running);
void vt_guest_free(VtGuest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VtGuest, vt_guest_free)

/* The hypervisor told of a change; the guest is told at once where its link allows. */
void vt_guest_on_change(VtGuest *guest, VtDomainChange change);

/*
 * Whether it is over with this guest: it ended, and is not expected back. One that was saved or
 * is being reverted is, where there is an opener to wait for its socket: a link that stands
 * before the guest runs costs it no reconnection.
 */
bool vt_guest_is_gone(const VtGuest *guest);

/* The live XML as just read (NULL: there is none): connects to the channel if it can. */
void vt_guest_on_xml(VtGuest *guest, const VtDomainXml *domain);

/* Devices changed: the XML is to be read again whatever it said last. */
void vt_guest_on_devices(VtGuest *guest);

/* is_frozen of the context has changed. */
void vt_guest_on_freeze(VtGuest *guest);

/* The host's clock was stepped, or is good now, or the host slept. */
void vt_guest_on_host_event(VtGuest *guest, const VtHostEvent *event);

/*
 * An operator wants this guest to measure now. VT_ERROR_BUSY: not while it stands still or is
 * frozen; VT_ERROR_NOT_FOUND: there is no link.
 */
bool vt_guest_resync(VtGuest *guest, GError **error);

/* As libvirt has it. Transfer none. */
const char *vt_guest_get_name(const VtGuest *guest);

/* Repeats notices that were not acknowledged; counts the recoveries that failed. */
void vt_guest_on_tick(VtGuest *guest);

/*
 * Whether the live XML is wanted, now: the link is to be made, or stays silent. At most once
 * for each tick.
 */
bool vt_guest_wants_xml(VtGuest *guest);

/* One dictionary of org.virttime.Host1.GetGuests. Floating reference. */
GVariant *vt_guest_to_variant(const VtGuest *guest);
