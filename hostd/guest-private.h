/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two halves of one guest share: guest.c acts, guest-hearing.c takes what it says. */
#pragma once

#include "hostd/guest-channel.h"
#include "hostd/guest-link.h"
#include "hostd/guest-record.h"
#include "hostd/guest-voice.h"
#include "hostd/guest.h"

struct VtGuest {
    VtGuestContext *context;
    char *uuid;
    char *name;
    char *shown_name; /* escaped: it goes to logs */
    VtGuestEvents events;
    VtGuestRecord record;
    VtGuestChannel *channel;
    VtGuestLink *link; /* NULL: not connected */
    VtGuestLinkStatus link_status;
    VtGuestVoice voice;
    bool is_active;          /* there is a process that may have a socket */
    VtDomainChange expected; /* as what it will come back; VT_DOMAIN_OTHER: it will not */
    bool is_early;           /* its socket was there before the event that it is back */
    unsigned n_waits;
    bool wants_xml;
    unsigned n_silent_ticks;
    GSource *silence; /* NULL unless an answer to our HELLO is waited for */
    guint silence_ms;
};

/* Of the host's CLOCK_BOOTTIME. */
VtMono vt_guest_boot_now(const VtGuest *guest);

/* Something other than the hypervisor asks this guest to be told. */
VtTell vt_guest_open_event(VtGuest *guest, uint8_t cause);

/* Of VtGuestLinkListener. */
void vt_guest_on_request(const VtLinkTime *request, VtWall received_at, void *user_data);
void vt_guest_on_ack(const VtLinkAck *ack, void *user_data);
void vt_guest_on_report(const VtLinkReport *report, void *user_data);

/* The last event is over, well or not: into the journal. */
void vt_guest_keep_recovery(const VtGuest *guest, bool failed);
