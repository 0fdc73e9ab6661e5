/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What hostd says to one guest: notices of what befell it, and in HELLO what it may do to its
 * clock. Says nothing to a guest that stands still but the early notice, and no notice at all
 * during an incident or to a guest that does not even measure.
 */
#pragma once

#include <stdbool.h>

#include "hostd/guest-link.h"
#include "hostd/guest-mode.h"
#include "hostd/guest-record.h"
#include "hostd/guest.h"

typedef struct {
    const VtGuestContext *context;
    VtGuestEvents *events;
    VtGuestRecord *record;
    VtGuestMode domain_mode; /* as its XML has it */
    uint8_t told_mode;       /* in the last HELLO */
} VtGuestVoice;

/* What holds now: as the domain has it, or as an incident has it. */
VtGuestMode vt_guest_voice_get_mode(const VtGuestVoice *voice);

/*
 * Everywhere below @link may be NULL: then nothing is said. What does not fit the link is said
 * again: a mode at the next call, a notice when its ACK is overdue.
 */

/* Sees to it that HELLO says the current mode and epoch; says it if the guest was told another. */
void vt_guest_voice_tell_mode(VtGuestVoice *voice, VtGuestLink *link);

/* The handshake is complete: by a HELLO that had the current mode. */
void vt_guest_voice_on_up(VtGuestVoice *voice);

/* Whether it is told of disruptions at all: not while frozen, and not in mode off. */
bool vt_guest_voice_may_notify(const VtGuestVoice *voice);

/* Tells the open event, if the guest may be told. */
void vt_guest_voice_send_notice(VtGuestVoice *voice, VtGuestLink *link, bool is_early);

/* The mode first, then the notice if @what is one. */
void vt_guest_voice_tell(VtGuestVoice *voice, VtGuestLink *link, VtTell what);
